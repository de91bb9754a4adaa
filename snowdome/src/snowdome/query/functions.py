"""The functions that ask about the session, the account or the time: answered while the statement is bound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlglot import Expr, exp

from snowdome.errors import SqlError, unsupported
from snowdome.query import cancel_functions, get_ddl, pipe_status, streams, tag_references
from snowdome.query.calls import waited
from snowdome.security import access
from snowdome.sql.grammar.calls import WAIT, wait
from snowdome.sql.grammar.cursor import Cursor
from snowdome.state import edition
from snowdome.state.records import Database, DatabaseRole, Role, User

if TYPE_CHECKING:
    from snowdome.query.binding import Binding

ACCOUNT_NAME = "SNOWDOME"
REGION = "LOCAL"

_SESSION_NODES: tuple[type[Expr], ...] = (
    exp.CurrentRole,
    exp.CurrentDatabase,
    exp.CurrentSchema,
    exp.CurrentUser,
    exp.CurrentWarehouse,
    exp.CurrentSession,
    exp.CurrentAccount,
    exp.CurrentAccountName,
    exp.CurrentOrganizationName,
    exp.CurrentRegion,
    exp.CurrentTransaction,
    exp.CurrentSecondaryRoles,
    exp.CurrentAvailableRoles,
)
TIME_NODES: tuple[type[Expr], ...] = (
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.Localtimestamp,
    exp.Localtime,
    exp.CurrentDatetime,
    exp.CurrentTimestampLTZ,
)
_NODES = (*_SESSION_NODES, *TIME_NODES, exp.Anonymous)


def bind(binder: Binding, expression: Expr) -> Expr:
    """The expression with those functions answered."""
    found: list[Expr] = list(expression.find_all(*_NODES))
    for node in found:
        answer = _answer(binder, node)
        if answer is None:
            continue
        binder.bound.session_bound = True
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            answer = exp.alias_(answer, node.sql(dialect="snowflake"), quoted=True)
        if node is expression:
            return answer
        node.replace(answer)
    return expression


def _answer(binder: Binding, node: Expr) -> Expr | None:
    if isinstance(node, TIME_NODES):
        return _time(binder, node)
    if isinstance(node, exp.Anonymous):
        return _anonymous(binder, node)
    return _literal(_session_value(binder, node))


def _literal(value: str | None) -> Expr:
    return exp.Null() if value is None else exp.Literal.string(value)


def _session_value(binder: Binding, node: Expr) -> str | None:  # noqa: C901, PLR0911 (one line per function)
    session, account = binder.context.session, binder.account
    match node:
        case exp.CurrentRole():
            return account.catalog.get(Role, session.role).name
        case exp.CurrentUser():
            return account.catalog.get(User, session.user).name
        case exp.CurrentDatabase():
            return binder.context.database
        case exp.CurrentSchema():
            return binder.context.schema
        case exp.CurrentWarehouse():
            return session.warehouse
        case exp.CurrentSession():
            return str(session.id)
        case exp.CurrentAccount() | exp.CurrentAccountName():
            return ACCOUNT_NAME
        case exp.CurrentOrganizationName():
            return ACCOUNT_NAME
        case exp.CurrentRegion():
            return REGION
        case exp.CurrentSecondaryRoles():
            value = "ALL" if session.secondary_roles else ""
            roles = ",".join(role.name for role in access.secondary_roles(account, session))
            return json.dumps({"roles": roles, "value": value}, separators=(",", ":"))
        case exp.CurrentAvailableRoles():
            return json.dumps([role.name for role in access.available_roles(account, session.user)])
        case exp.CurrentTransaction():
            return str(session.id) if session.in_transaction else None
        case _:
            raise unsupported(node.sql(dialect="snowflake"))


def _time(binder: Binding, node: Expr) -> Expr | None:
    """Nothing while the account's time is real: then DuckDB's own clock is right, also inside shared views.

    Driven, it is when the statement began: the same wherever it is asked in it, as Snowflake and DuckDB have it.
    """
    if not binder.account.clock.driven:
        return None
    running = binder.context.session.running
    now = running[-1].started if running else binder.account.clock.now()
    local = now.astimezone(ZoneInfo(binder.context.session.timezone))
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(local.date().isoformat()), "DATE")
    if isinstance(node, (exp.CurrentTime, exp.Localtime)):
        return exp.cast(exp.Literal.string(local.time().isoformat()), "TIME")
    naive = isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate")
    text = now.replace(tzinfo=None).isoformat(sep=" ")
    if naive:
        return exp.cast(exp.Literal.string(text), exp.DataType.build("TIMESTAMP"))
    return exp.cast(exp.Literal.string(f"{text}+00:00"), exp.DataType.build("TIMESTAMPLTZ"))


def _anonymous(binder: Binding, node: exp.Anonymous) -> Expr | None:
    name = node.name.upper()
    session, account = binder.context.session, binder.account
    if name == "LAST_QUERY_ID":
        return _literal(account.results.last_id(session, _index(node)))
    if name == "GET_DDL":
        kind, target = (argument.name for argument in node.expressions[:2])
        full = len(node.expressions) > 2 and node.expressions[2].sql().upper() == "TRUE"  # noqa: PLR2004 (kind, name)
        return exp.Literal.string(get_ddl.get_ddl(account, binder.context, kind, Cursor(target).name(), full=full))
    if name == "IS_ROLE_IN_SESSION":
        return exp.Boolean(this=_in_session(binder, node.expressions[0].name))
    if name == "IS_DATABASE_ROLE_IN_SESSION":
        return exp.Boolean(this=_database_role_in_session(binder, node.expressions[0].name))
    if name == "CURRENT_IP_ADDRESS":
        return exp.Literal.string(session.address or "127.0.0.1")
    if name == "CURRENT_STATEMENT":
        return _literal(account.results.current(session))
    if name.startswith("SYSTEM$"):
        return _literal(_system(binder, name, [argument.name for argument in node.expressions]))
    return None


def _system(binder: Binding, name: str, arguments: list[str]) -> str | None:
    session, account = binder.context.session, binder.account
    if name == "SYSTEM$GET_TAG":
        return tag_references.get_tag(account, session, *arguments[:3])
    if name == "SYSTEM$STREAM_HAS_DATA":
        return str(streams.has_data(account, session, arguments[0])).lower()
    if name == "SYSTEM$PIPE_STATUS":
        return pipe_status.state(account, session, arguments[0])
    if name == WAIT:
        return _wait(binder, *arguments)
    if name in cancel_functions.FUNCTIONS:
        return cancel_functions.FUNCTIONS[name](account, session, *arguments)
    if name in edition.ANSWERS:
        return edition.ANSWERS[name](*arguments)
    raise SqlError(2140, "42601", f"SQL compilation error:\nUnknown function {name}: unsupported by snowdome")


def _wait(binder: Binding, amount: str, unit: str = "SECONDS") -> str:
    statement = wait(amount, unit)
    binder.bound.waits = True
    if binder.context.session.running:
        binder.context.session.running[-1].delay += statement.seconds
    return waited(statement)


def _in_session(binder: Binding, name: str) -> bool:
    found = binder.account.catalog.find(Role, name.upper())
    return found is not None and found.id in access.roles_of(binder.account, binder.context.session)


def _database_role_in_session(binder: Binding, name: str) -> bool:
    """Whether the session has the role of the current database (in a policy: of the protected table's)."""
    database = binder.account.catalog.find(Database, binder.context.database or "")
    found = binder.account.catalog.find(DatabaseRole, Cursor(name).name().last, database.id) if database else None
    return found is not None and found.id in access.roles_of(binder.account, binder.context.session)


def _index(node: exp.Anonymous) -> int:
    if not node.expressions:
        return -1
    return int(node.expressions[0].sql())
