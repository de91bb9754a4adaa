"""Every statement of the project's own corpus, over the wire: what it does, or the error it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

CORPUS = Path(__file__).parent / "corpus"


def cases() -> Iterator[Any]:
    """Each case of each file, named by its file and its statement."""
    for file in sorted(CORPUS.glob("*.yml")):
        for number, case in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))):
            words = " ".join(case["sql"].split())
            yield pytest.param(case, id=f"{file.stem}-{number}-{words[:60]}")


def as_list(value: Any) -> list[str]:
    """One statement or several, as several."""
    return [value] if isinstance(value, str) else list(value or [])


@pytest.fixture
def connection(snowdome_module: Snowdome, ask: Any) -> Any:
    """A session as administrator on an account that holds nothing of an earlier case, and a warehouse that sleeps."""

    def make() -> None:
        ask(snowdome_module.connect(), "create warehouse compute initially_suspended = true")

    snowdome_module.prepare("compute", make)
    return snowdome_module.connect(warehouse="COMPUTE")


@pytest.mark.parametrize("case", cases())
def test_statement(connection: Any, ask: Any, case: dict[str, Any]) -> None:
    """The statement is understood and has its effect, or is refused with its number."""
    for statement in as_list(case.get("prepare")):
        ask(connection, statement)
    if "error" in case:
        with pytest.raises(ProgrammingError) as refused:
            ask(connection, case["sql"])
        assert refused.value.errno == case["error"], refused.value.msg
        return
    found = ask(connection, case["sql"])
    if "ask" in case:
        if " from " in case["ask"]:
            ask(connection, "use warehouse compute")
        found = ask(connection, case["ask"])
    expected = case.get("rows")
    if expected == "none":
        assert found == []
    elif expected is not None and not case.get("skip_rows"):
        assert found, "no row"
        assert {name: found[0][name] for name in expected} == expected
