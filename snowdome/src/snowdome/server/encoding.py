"""Results and bindings in the form of Snowflake's protocol."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fakesnow.converter import from_binding
from fakesnow.statement_type import DML_TYPE_IDS

from snowdome import types
from snowdome.result import Result
from snowdome.server import arrow

if TYPE_CHECKING:
    from snowdome.errors import SqlError
    from snowdome.state.session import Session
    from snowdome.types import Parameters

ASYNC_RUNNING = "333334"


def bound(bindings: dict[str, Any] | None) -> Parameters:
    """The values bound to a statement: by position, by name, or rows of them."""
    if not bindings:
        return None
    if not all(key.isdigit() for key in bindings):
        return {name: _value(binding) for name, binding in bindings.items()}
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if any(isinstance(binding["value"], list) for binding in ordered):
        columns = [[_value({**binding, "value": value}) for value in binding["value"]] for binding in ordered]
        return [list(row) for row in zip(*columns, strict=True)]
    return [_value(binding) for binding in ordered]


def _value(binding: dict[str, Any]) -> Any:
    if binding.get("value") is None:
        return None
    if binding["type"] == "REAL":
        return float(binding["value"])
    if binding["type"] == "FIXED" and not binding["value"].lstrip("+-").isdigit():
        return Decimal(binding["value"])
    if binding["type"] == "TIMESTAMP_NTZ":
        moment = from_binding(binding)
        return moment.replace(tzinfo=None) if isinstance(moment, datetime) else moment
    return from_binding(binding)


def answered(session: Session, result: Result, query_id: str) -> dict[str, Any]:
    """The answer to a statement that succeeded."""
    rowtype = [types.wire(name, kind) for name, kind in result.columns]
    data: dict[str, Any] = {
        "parameters": [
            {"name": "TIMEZONE", "value": session.timezone},
            {"name": "AUTOCOMMIT", "value": session.autocommit},
        ],
        "rowtype": rowtype,
        "total": result.count,
        "returned": result.count,
        "queryId": query_id,
        "sqlState": None,
        "statementTypeId": result.type_id,
        "version": 1,
        **state(session),
    }
    if result.type_id in DML_TYPE_IDS:
        data |= {"queryResultFormat": "json", "rowset": [[_text(v) for v in row] for row in result.rows]}
    else:
        data |= {"queryResultFormat": "arrow", "rowsetBase64": _arrow(result, rowtype)}
    return {"data": data, "code": None, "message": None, "success": True}


def described(session: Session, result: Result, query_id: str, binds: int) -> dict[str, Any]:
    """The columns a statement would answer with."""
    found = answered(session, result, query_id)
    found["data"] |= {"numberOfBinds": binds, "arrayBindSupported": result.type_id in DML_TYPE_IDS, "total": 0}
    return found


def state(session: Session) -> dict[str, Any]:
    """What the client remembers about its session."""
    return {
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
    }


def failed(problem: SqlError, query_id: str | None = None) -> dict[str, Any]:
    """The answer to a statement that was refused or failed."""
    code = f"{problem.errno:06d}"
    return {
        "data": {"errorCode": code, "sqlState": problem.sqlstate, "queryId": query_id, "internalError": False},
        "code": code,
        "message": problem.message,
        "success": False,
    }


def in_progress(query_id: str) -> dict[str, Any]:
    """The answer to an asynchronous statement that has been taken."""
    return {
        "data": {
            "queryId": query_id,
            "getResultUrl": f"/queries/{query_id}/result",
            "queryAbortsAfterSecs": 300,
            "progressDesc": None,
        },
        "code": ASYNC_RUNNING,
        "message": "Asynchronous execution in progress. Use provided query id to perform query monitoring.",
        "success": True,
    }


def _arrow(result: Result, rowtype: list[dict[str, Any]]) -> str:
    """No rows are no stream at all: clients make the empty table from the types of the columns."""
    table = result.arrow()
    return b64encode(arrow.stream(table, rowtype)).decode() if table.num_columns and table.num_rows else ""


def _text(value: object) -> str | None:
    return None if value is None else str(value)
