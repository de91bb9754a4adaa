"""Signing in to Airflow's API from the command line: the Airflow that the variables name, or the local stack."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.airflow_client.api import AirflowApi
from sluice.devstack.use_running_stack import checkout, running
from sluice.errors import SpecError
from sluice.settings import settings

_URL, _USER, _PASSWORD = "SLUICE_AIRFLOW_URL", "SLUICE_AIRFLOW_USER", "SLUICE_AIRFLOW_PASSWORD"


@contextmanager
def signed_in() -> Iterator[AirflowApi]:
    """Yield a client of Airflow's API, closed afterwards.

    `SLUICE_AIRFLOW_URL`, `_USER` and `_PASSWORD` name an Airflow; without a URL, the stack of `make up` that runs under
    build/ is meant, and its user `admin` unless `SLUICE_AIRFLOW_USER` says otherwise.

    Raises:
        SpecError: no Airflow is named and none runs here.
    """
    user, url = os.environ.get(_USER) or "admin", os.environ.get(_URL)
    password = os.environ.get(_PASSWORD)
    if not url:
        url, password = _running_stack(settings().root, user)
    if not password:
        raise SpecError("no password to sign in with", where=_PASSWORD, good=f"export {_PASSWORD}=…")
    api = AirflowApi(url, user, password)
    try:
        yield api
    finally:
        api.close()


def _running_stack(root: Path, user: str) -> tuple[str, str]:
    home = running(root)
    if home is None:
        named = f"export {_URL}=https://airflow.example, {_USER} and {_PASSWORD}"
        raise SpecError(
            "no Airflow is named, and none runs here",
            where=_URL,
            good=f"{named}\n  or start a stack on this machine: make up" if checkout(root) else named,
            untouched="everything",
        )
    passwords = json.loads((home / "airflow" / "passwords.json").read_text())
    if user not in passwords:
        raise SpecError("Airflow knows no such user", where=_USER, value=user, good=", ".join(passwords))
    return str(json.loads((home / "stack.json").read_text())["url"]), str(passwords[user])
