"""What a log-in leaves in a log."""

from __future__ import annotations

import logging

import pytest

from sluice.snowflake.connect import ConnectionSettings, connect
from snowdome.pytest_plugin import Snowdome


@pytest.mark.parametrize(("own", "heard"), [(logging.NOTSET, False), (logging.INFO, True)])
def test_the_connector_is_heard_only_by_who_asks(
    snowdome_module: Snowdome,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    own: int,
    heard: bool,
) -> None:
    """At INFO a log-in says nothing, as in a task's log; a level of its own, set by somebody, is left alone."""
    connector = logging.getLogger("snowflake.connector")
    monkeypatch.setattr(connector, "propagate", True)  # dbt, in the same process, cuts it off
    monkeypatch.setattr(connector, "disabled", False)
    before = connector.level
    connector.setLevel(own)
    settings = ConnectionSettings(
        "snowdome", "ADMIN", password="snowdome", host="127.0.0.1", port=snowdome_module.port, protocol="http"
    )
    try:
        with caplog.at_level(logging.INFO), connect(settings):
            pass
    finally:
        connector.setLevel(before)
    assert any(record.name.startswith("snowflake.connector") for record in caplog.records) is heard
