"""A plugin for pytest: the fixtures that fakesnow's tests ask for, on a served account."""

from __future__ import annotations

import json
import sys
import textwrap
import types
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import snowflake.connector

from snowdome.pytest_plugin import Snowdome

_connect = snowflake.connector.connect


def _laid_out(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    return json.dumps(json.loads(value), indent=2)


def indent(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows, documents written on several lines."""
    return [tuple(_laid_out(value) for value in row) for row in rows]


def dindent(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same of rows with names."""
    return [{name: _laid_out(value) for name, value in row.items()} for row in rows]


def strip(text: str) -> str:
    """The text on one line, as transforms write it."""
    return " ".join(textwrap.dedent(text).split())


def pytest_configure() -> None:
    """The tests import these from a file that fakesnow's package leaves out."""
    module = types.ModuleType("tests.utils")
    vars(module).update(indent=indent, dindent=dindent, strip=strip)
    sys.modules["tests.utils"] = module


def _reroute(account: Snowdome, patch: pytest.MonkeyPatch, *, making: bool) -> None:
    def connect(**named: Any) -> Any:
        settings = {**account.settings, "warehouse": "WH"}
        if making and (database := named.get("database")):
            with _connect(**settings) as first, first.cursor() as cursor:
                cursor.execute(f"create database if not exists {database}")
                if schema := named.get("schema"):
                    cursor.execute(f"create schema if not exists {database}.{schema}")
        return _connect(**{**settings, **named})

    with account.connect().cursor() as cursor:
        cursor.execute("create warehouse wh")
    patch.setattr(snowflake.connector, "connect", connect)


@pytest.fixture(name="_fakesnow")
def _making(snowdome: Snowdome, monkeypatch: pytest.MonkeyPatch) -> None:
    """`snowflake.connector.connect` reaches a fresh account and makes the database and schema it is given."""
    _reroute(snowdome, monkeypatch, making=True)


@pytest.fixture(name="_fakesnow_no_auto_create")
def _not_making(snowdome: Snowdome, monkeypatch: pytest.MonkeyPatch) -> None:
    """`snowflake.connector.connect` reaches a fresh account."""
    _reroute(snowdome, monkeypatch, making=False)


@pytest.fixture
def conn(_fakesnow: None) -> Iterator[Any]:
    """A connection to an empty schema."""
    with snowflake.connector.connect(database="db1", schema="schema1") as connection:
        yield connection


@pytest.fixture
def cur(conn: Any) -> Any:
    """Its cursor."""
    return conn.cursor()


@pytest.fixture
def dcur(conn: Any) -> Any:
    """Its cursor, for rows with names."""
    return conn.cursor(snowflake.connector.DictCursor)


@pytest.fixture
def sconn(conn: Any) -> Any:
    """What they call the connection where a server is meant."""
    return conn


@pytest.fixture
def scur(cur: Any) -> Any:
    """Its cursor."""
    return cur


@pytest.fixture
def server(snowdome: Snowdome) -> dict[str, Any]:
    """What a client needs to reach the server."""
    return snowdome.settings
