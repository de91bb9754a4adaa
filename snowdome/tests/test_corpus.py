"""Every statement of the project's own corpus, over the wire: what it does, or the error it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snowflake.connector.errors import ProgrammingError

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


KEPT = frozenset({"SNOWFLAKE", "ADMIN", "ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN", "PUBLIC", "COMPUTE"})


@pytest.fixture(scope="module")
def sweeper(snowdome_module: Any) -> Any:
    """The session that clears the account after each case."""
    return snowdome_module.connect()


@pytest.fixture
def connection(snowdome_module: Any, sweeper: Any, ask: Any) -> Iterator[Any]:
    """A session as administrator on an account that holds nothing of an earlier case."""
    ask(sweeper, "create warehouse if not exists compute initially_suspended = true")
    connection = snowdome_module.connect(warehouse="COMPUTE")
    yield connection
    connection.close(retry=False)
    _drop_users_and_policies(ask, sweeper)
    for kind in ("database", "warehouse", "role"):
        for row in ask(sweeper, f"show {kind}s"):
            if row["name"] in KEPT:
                continue
            name = '"' + row["name"].replace('"', '""') + '"'
            if row["owner"] not in ("ACCOUNTADMIN", ""):
                ask(sweeper, f"grant ownership on {kind} {name} to role accountadmin revoke current grants")
            ask(sweeper, f"drop {kind} {name}")
    for row in ask(sweeper, "show resource monitors"):
        ask(sweeper, "alter account unset resource_monitor", f'drop resource monitor "{row["name"]}"')


def _drop_users_and_policies(ask: Any, sweeper: Any) -> None:
    """What keeps a database from being dropped is gone: users and network policies that use policies in it."""
    for row in ask(sweeper, "show users"):
        if row["name"] not in KEPT:
            ask(sweeper, f'drop user "{row["name"]}"')
    for row in ask(sweeper, "show network policies"):
        ask(sweeper, "alter account unset network_policy", f'drop network policy "{row["name"]}"')


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
