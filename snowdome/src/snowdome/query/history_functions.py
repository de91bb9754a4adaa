"""The information schema's table functions of history: no latency, a short past, and who may see what.

sql-reference/functions/query_history, …/warehouse_metering_history, …/warehouse_load_history. Their arguments are
applied before any WHERE of the statement around: RESULT_LIMIT (100) above all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from snowdome.errors import invalid
from snowdome.query import arguments
from snowdome.query.arguments import NUMBER, TEXT, TIME, TRUTH
from snowdome.result import Result
from snowdome.security import access
from snowdome.security.resolve import Context
from snowdome.state.records import Role, User, Warehouse
from snowdome.usage import load, metering_views
from snowdome.usage.columns import QUERY_HISTORY, TYPES, WAREHOUSE_METERING_HISTORY, columns
from snowdome.usage.reading import Reading, at
from snowdome.usage.running import running_rows
from snowdome.usage.store import USAGE

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.binding import Binding

WEEK, HALF_YEAR = timedelta(days=7), timedelta(days=183)
MOST = 10_000
_RANGE = {"END_TIME_RANGE_START": TIME, "END_TIME_RANGE_END": TIME, "RESULT_LIMIT": NUMBER,
          "INCLUDE_CLIENT_GENERATED_STATEMENT": TRUTH}  # fmt: skip
OUTPUT = columns(
    "text: QUERY_ID QUERY_TEXT DATABASE_NAME SCHEMA_NAME QUERY_TYPE; number: SESSION_ID AUTHN_EVENT_ID; "
    "text: USER_NAME USER_TYPE USER_DATABASE_NAME USER_SCHEMA_NAME ROLE_NAME WAREHOUSE_NAME WAREHOUSE_SIZE "
    "WAREHOUSE_TYPE; number: CLUSTER_NUMBER; text: QUERY_TAG EXECUTION_STATUS; number: ERROR_CODE; "
    "text: ERROR_MESSAGE; time: START_TIME END_TIME; number: TOTAL_ELAPSED_TIME BYTES_SCANNED ROWS_PRODUCED "
    "COMPILATION_TIME EXECUTION_TIME QUEUED_PROVISIONING_TIME QUEUED_REPAIR_TIME QUEUED_OVERLOAD_TIME "
    "TRANSACTION_BLOCKED_TIME; text: OUTBOUND_DATA_TRANSFER_CLOUD OUTBOUND_DATA_TRANSFER_REGION; "
    "number: OUTBOUND_DATA_TRANSFER_BYTES; text: INBOUND_DATA_TRANSFER_CLOUD INBOUND_DATA_TRANSFER_REGION; "
    "number: INBOUND_DATA_TRANSFER_BYTES LIST_EXTERNAL_FILE_TIME; credits: CREDITS_USED_CLOUD_SERVICES; "
    "text: RELEASE_VERSION; number: EXTERNAL_FUNCTION_TOTAL_INVOCATIONS EXTERNAL_FUNCTION_TOTAL_SENT_ROWS "
    "EXTERNAL_FUNCTION_TOTAL_RECEIVED_ROWS EXTERNAL_FUNCTION_TOTAL_SENT_BYTES "
    "EXTERNAL_FUNCTION_TOTAL_RECEIVED_BYTES; bool: IS_CLIENT_GENERATED_STATEMENT; text: QUERY_HASH; "
    "number: QUERY_HASH_VERSION; text: QUERY_PARAMETERIZED_HASH; number: QUERY_PARAMETERIZED_HASH_VERSION "
    "TRANSACTION_ID QUERY_ACCELERATION_BYTES_SCANNED QUERY_ACCELERATION_PARTITIONS_SCANNED "
    "QUERY_ACCELERATION_UPPER_LIMIT_SCALE_FACTOR BYTES_WRITTEN_TO_RESULT ROWS_WRITTEN_TO_RESULT ROWS_INSERTED "
    "QUERY_RETRY_TIME; text: QUERY_RETRY_CAUSE; number: FAULT_HANDLING_TIME; array: BIND_VALUES; text: AGENT_TYPE"
)
METERED = columns(
    "time: START_TIME END_TIME; text: WAREHOUSE_NAME; "
    "credits: CREDITS_USED CREDITS_USED_COMPUTE CREDITS_USED_CLOUD_SERVICES"
)
Function = Callable[["Binding", exp.Anonymous], Result]


def _answer(reading: Reading, sql: str, described: dict[str, str]) -> Result:
    """The rows of the query; what it needed is no longer registered."""
    try:
        table = reading.session.duck.execute(sql).to_arrow_table()
    finally:
        reading.session.unregister(reading.registered)
    return Result(columns=tuple((name, TYPES[kind]) for name, kind in described.items()), table=table)


def _reading(account: Account, context: Context) -> Reading:
    account.usage.history.flush()
    return Reading(account, context.session, account.clock.now())


# -- QUERY_HISTORY ------------------------------------------------------------------------------------------------
def query_history(binder: Binding, call: exp.Anonymous) -> Result:
    """QUERY_HISTORY(…): the latest statements that the one who asks may see."""
    return _history(binder.account, binder.context, arguments.read(binder, call, _RANGE), "true")


def by_session(binder: Binding, call: exp.Anonymous) -> Result:
    """QUERY_HISTORY_BY_SESSION(…): those of a session, by default of this one."""
    account, context = binder.account, binder.context
    given = arguments.read(binder, call, {"SESSION_ID": NUMBER, **_RANGE})
    return _history(account, context, given, f"SESSION_ID = {given.get('SESSION_ID', context.session.id)}")


def by_user(binder: Binding, call: exp.Anonymous) -> Result:
    """QUERY_HISTORY_BY_USER(…): those of a user, by default of the one who asks."""
    account, context = binder.account, binder.context
    given = arguments.read(binder, call, {"USER_NAME": TEXT, **_RANGE})
    own = account.catalog.get(User, context.session.user).name
    return _history(account, context, given, f"USER_NAME = {_text(arguments.identifier(given.get('USER_NAME', own)))}")


def by_warehouse(binder: Binding, call: exp.Anonymous) -> Result:
    """QUERY_HISTORY_BY_WAREHOUSE(…): those that ran on a warehouse, by default on the session's."""
    account, context = binder.account, binder.context
    given = arguments.read(binder, call, {"WAREHOUSE_NAME": TEXT, **_RANGE})
    name = given.get("WAREHOUSE_NAME")
    wanted = arguments.identifier(name) if name is not None else context.session.warehouse
    return _history(account, context, given, f"WAREHOUSE_NAME = {_text(wanted or '')}")


def _history(account: Account, context: Context, given: Mapping[str, Any], which: str) -> Result:
    limit = given.get("RESULT_LIMIT", 100)
    if not 1 <= limit <= MOST:
        raise invalid(f"invalid value [{limit}] for parameter 'RESULT_LIMIT': must be between 1 and {MOST}")
    reading = _reading(account, context)
    start, end = given.get("END_TIME_RANGE_START"), given.get("END_TIME_RANGE_END")
    _within(reading.now, WEEK, END_TIME_RANGE_START=start, END_TIME_RANGE_END=end)
    ended = f"END_TIME > {at(max(start or reading.now - WEEK, reading.now - WEEK))}"
    if end is not None:
        ended += f" AND END_TIME <= {at(end)}"
    client = (
        "true"
        if given.get("INCLUDE_CLIENT_GENERATED_STATEMENT")
        else "NOT coalesce(IS_CLIENT_GENERATED_STATEMENT, false)"
    )
    kept = f"SELECT *, false AS running FROM {USAGE}.main.{QUERY_HISTORY.kept} WHERE {ended}"
    source = f"({kept})"
    if end is None:
        names, rows = running_rows(account)
        source = f'({kept} UNION ALL BY NAME SELECT *, true AS running FROM "{reading.rows(names, rows)}")'
    shown = ", ".join(_shown(name) for name in OUTPUT)
    sql = (
        f"SELECT {shown} FROM {source} WHERE {which} AND {client} AND {_visible(account, context)} "
        f"ORDER BY running DESC, END_TIME DESC, START_TIME DESC LIMIT {limit}"
    )
    return _answer(reading, sql, OUTPUT)


def _shown(name: str) -> str:
    if name == "EXECUTION_STATUS":
        return (
            "CASE EXECUTION_STATUS WHEN 'FAIL' THEN 'FAILED_WITH_ERROR' WHEN 'INCIDENT' THEN 'FAILED_WITH_INCIDENT' "
            "ELSE EXECUTION_STATUS END AS EXECUTION_STATUS"
        )
    kept = "LIST_EXTERNAL_FILES_TIME" if name == "LIST_EXTERNAL_FILE_TIME" else name
    kind = "DECIMAL(38,9)" if name == "CREDITS_USED_CLOUD_SERVICES" else None
    return f"CAST({kept} AS {kind}) AS {name}" if kind else f"{kept} AS {name}"


def _visible(account: Account, context: Context) -> str:
    """One's own statements, and any on warehouses on which one's roles have MONITOR or OPERATE."""
    own = account.catalog.get(User, context.session.user).name
    watched = [str(w.id) for w in account.catalog.all(Warehouse, dropped=True) if _watches(account, context, w)]
    names = [_text(w.name) for w in account.catalog.all(Warehouse) if str(w.id) in watched]
    on_these = f"WAREHOUSE_ID IN ({', '.join(watched)})" if watched else "false"
    loaded = f"(LOADED AND WAREHOUSE_NAME IN ({', '.join(names)}))" if names else "false"
    admin = "LOADED" if _is_admin(account, context) else "false"
    return f"(USER_NAME = {_text(own)} OR {on_these} OR {loaded} OR {admin})"


def _watches(account: Account, context: Context, warehouse: Warehouse) -> bool:
    return any(
        access.has(account, context.session, privilege, warehouse, owner=context.owner)
        for privilege in ("MONITOR", "OPERATE")
    )


def _is_admin(account: Account, context: Context) -> bool:
    admin = account.catalog.find(Role, "ACCOUNTADMIN")
    return admin is not None and admin.id in access.roles_of(account, context.session, context.owner)


def _monitors_usage(account: Account, context: Context) -> bool:
    roles = access.roles_of(account, context.session, context.owner)
    return _is_admin(account, context) or access.holds_on_account(account, roles, "MONITOR USAGE")


def _within(now: datetime, past: timedelta, **moments: datetime | None) -> None:
    for name, moment in moments.items():
        if moment is not None and moment < now - past:
            raise invalid(
                f"invalid value [{moment.isoformat()}] for parameter '{name}': not within the last {past.days} days"
            )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


# -- WAREHOUSE_METERING_HISTORY -----------------------------------------------------------------------------------
def metering_history(binder: Binding, call: exp.Anonymous) -> Result:
    """WAREHOUSE_METERING_HISTORY(…): hours of the last six months, for ACCOUNTADMIN and MONITOR USAGE; else no rows."""
    account, context = binder.account, binder.context
    known = {"DATE_RANGE_START": TIME, "DATE_RANGE_END": TIME, "WAREHOUSE_NAME": TEXT}
    given = arguments.read(binder, call, known)
    if "DATE_RANGE_START" not in given:
        raise invalid("not enough arguments for function [WAREHOUSE_METERING_HISTORY]: DATE_RANGE_START", 938, "22023")
    reading = _reading(account, context)
    start, end = given["DATE_RANGE_START"], given.get("DATE_RANGE_END", reading.now)
    _within(reading.now, HALF_YEAR, DATE_RANGE_START=start, DATE_RANGE_END=end)
    if "DATE_RANGE_END" in given and end.time() == end.min.time():
        end += timedelta(days=1)  # a range of dates has its last day in it
    hours = metering_views.live_hours(reading, reading.now, services=_monitors_usage(account, context), partial=True)
    named = "true"
    if "WAREHOUSE_NAME" in given:
        named = f"WAREHOUSE_NAME = {_text(arguments.identifier(given['WAREHOUSE_NAME']))}"
    rows = (
        "SELECT START_TIME, END_TIME, WAREHOUSE_NAME, CREDITS_USED, CREDITS_USED_COMPUTE, CREDITS_USED_CLOUD_SERVICES "
        f"FROM {USAGE}.main.{WAREHOUSE_METERING_HISTORY.kept} WHERE END_TIME <= {at(reading.now)} UNION ALL "
        f"SELECT start, start + INTERVAL 1 HOUR, name, compute + services, compute, services FROM ({hours})"
    )
    cast = ", ".join(f"CAST({n} AS DECIMAL(38,9)) AS {n}" if k == "credits" else n for n, k in METERED.items())
    sql = (
        f"SELECT {cast} FROM ({rows}) WHERE START_TIME >= {at(start)} AND START_TIME < {at(end)} AND {named} "
        f"AND {'true' if _monitors_usage(account, context) else 'false'} ORDER BY WAREHOUSE_NAME, START_TIME"
    )
    return _answer(reading, sql, METERED)


# -- WAREHOUSE_LOAD_HISTORY ---------------------------------------------------------------------------------------
def load_history(binder: Binding, call: exp.Anonymous) -> Result:
    """WAREHOUSE_LOAD_HISTORY(…): how busy a warehouse was, in steps of 5 seconds or 5 minutes."""
    account, context = binder.account, binder.context
    known = {"DATE_RANGE_START": TIME, "DATE_RANGE_END": TIME, "WAREHOUSE_NAME": TEXT}
    given = arguments.read(binder, call, known)
    reading = _reading(account, context)
    today = reading.now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = given.get("DATE_RANGE_END", reading.now if "DATE_RANGE_START" in given else today)
    start = given.get("DATE_RANGE_START", end - load.DEFAULT_RANGE)
    _within(reading.now, load.PAST, DATE_RANGE_START=start, DATE_RANGE_END=end)
    name = arguments.identifier(given["WAREHOUSE_NAME"]) if "WAREHOUSE_NAME" in given else context.session.warehouse
    warehouse = account.catalog.find(Warehouse, name or "")
    allowed = _monitors_usage(account, context) or (
        warehouse is not None and access.has(account, context.session, "MONITOR", warehouse, owner=context.owner)
    )
    sql = load.query(reading, start, end, _text(name or "")) + ("" if allowed else " LIMIT 0")
    return _answer(reading, sql, load.OUTPUT)


FUNCTIONS: Mapping[str, Function] = {
    "QUERY_HISTORY": query_history,
    "QUERY_HISTORY_BY_SESSION": by_session,
    "QUERY_HISTORY_BY_USER": by_user,
    "QUERY_HISTORY_BY_WAREHOUSE": by_warehouse,
    "WAREHOUSE_METERING_HISTORY": metering_history,
    "WAREHOUSE_LOAD_HISTORY": load_history,
}
