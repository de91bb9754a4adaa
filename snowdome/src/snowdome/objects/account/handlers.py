"""ALTER ACCOUNT and SHOW PARAMETERS: values of parameters, and the level they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.objects.account.statements import SetAccount, ShowParameters, UnsetAccount
from snowdome.objects.kind import Handler
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.result import Result, listing, status
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.parameters import (
    ACCOUNT_ONLY,
    OBJECT_PARAMETERS,
    SESSION_PARAMETERS,
    WAREHOUSE_PARAMETERS,
    Parameter,
)
from snowdome.state.records import Account as AccountRecord
from snowdome.state.records import (
    Database,
    Monitor,
    NetworkPolicy,
    Record,
    Role,
    Schema,
    Table,
    User,
    Warehouse,
)

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")
COLUMNS = tuple((name, show_format.TEXT) for name in ("key", "value", "default", "level", "description", "type"))
RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
NETWORK = "NETWORK_POLICY"


def set_account(account: Account, session: Session, statement: SetAccount | UnsetAccount) -> Result:
    """The account's parameters have those values, or their defaults."""
    given = dict(statement.settings) if isinstance(statement, SetAccount) else dict.fromkeys(statement.names)
    if NETWORK in given:
        policy = given[NETWORK]
        record = access.account_record(account)
        policy_assignments.set_network_policy(account, session, record, str(policy) if policy else None)
        if len(given) == 1:
            return DONE
    admin = account.catalog.find(Role, "ACCOUNTADMIN")
    if admin is None or admin.id not in access.roles_of(account, session):
        raise errors.insufficient_privileges("ACCOUNT", access.account_record(account).name)
    record = access.account_record(account)
    parameters = dict(record.parameters)
    if isinstance(statement, SetAccount):
        for name, value in given.items():
            if name == NETWORK:
                continue
            parameters[name] = value
    else:
        for name in statement.names:
            parameters.pop(name, None)
    with account.catalog.change() as change:
        watching, watches = account.monitors.whole(), _monitor(account, parameters.get("RESOURCE_MONITOR"))
        if watching != watches:
            account.monitors.exchange(change, watching, watches, account.clock.now())
        change.put(replace(record, parameters=parameters))
        if watches is not None:
            account.monitors.check(watches, account.clock.now())
    return DONE


def _monitor(account: Account, name: object) -> Monitor | None:
    """The monitor that the account is to have; one with users to notify is for warehouses alone."""
    if name is None:
        return None
    found = account.catalog.find(Monitor, str(name))
    if found is None:
        raise errors.not_found("Resource monitor", str(name))
    if found.settings.get("NOTIFY_USERS"):
        raise errors.invalid("NOTIFY_USERS cannot be set on an account's resource monitor")
    return found


def show(account: Account, session: Session, statement: ShowParameters) -> Result:
    """Each parameter with its value and the level it was set at."""
    known, levels = _asked(account, session, statement)
    rows = []
    pattern = show_format.like(statement.like) if statement.like is not None else None
    for name in sorted(known):
        parameter = known[name]
        if pattern is not None and not pattern.fullmatch(name):
            continue
        level, value = next(((lv, of[name]) for lv, of in levels if of.get(name) is not None), ("", parameter.default))
        rows.append((
            name, _text(value), _text(parameter.default), level, parameter.description, parameter.type
        ))  # fmt: skip
    return listing(COLUMNS, rows)


Levels = list[tuple[str, Mapping[str, Any]]]


def _asked(account: Account, session: Session, statement: ShowParameters) -> tuple[Mapping[str, Parameter], Levels]:
    """The parameters of the level, and where their values may come from, nearest first."""
    whole = ("ACCOUNT", access.account_record(account).parameters | _network(account, access.account_record(account)))
    user = account.catalog.get(User, session.user)
    match statement.level:
        case "SESSION":
            return SESSION_PARAMETERS, [("SESSION", session.parameters), ("USER", user.properties), whole]
        case "ACCOUNT":
            return dict(SESSION_PARAMETERS) | dict(OBJECT_PARAMETERS) | dict(ACCOUNT_ONLY), [whole]
        case "USER":
            if statement.name is not None and statement.name.last != user.name:
                lookup.own(account, session, lookup.user(account, statement.name.last))
            wanted = lookup.user(account, statement.name.last) if statement.name else user
            known = dict(SESSION_PARAMETERS) | {NETWORK: ACCOUNT_ONLY[NETWORK]}
            return known, [("USER", wanted.properties | _network(account, wanted)), whole]
    found = _object(account, session, statement)
    if isinstance(found, Warehouse):
        return WAREHOUSE_PARAMETERS, [("WAREHOUSE", found.settings), whole]
    chain = [found, *access.parents(account, found)]
    return OBJECT_PARAMETERS, [*((one.kind, _of(one)) for one in chain), whole]


def _network(account: Account, record: User | AccountRecord) -> dict[str, Any]:
    """The network policy that is set there, as a parameter."""
    found = account.catalog.peek(record.policies.get(NetworkPolicy.kind, -1))
    return {NETWORK: found.name} if found is not None else {}


def _object(account: Account, session: Session, statement: ShowParameters) -> Record:
    current = {"WAREHOUSE": session.warehouse, "DATABASE": session.database, "SCHEMA": session.schema}
    name = statement.name or Name((current.get(statement.level) or "",))
    if not name.last:
        raise errors.no_database("SHOW PARAMETERS")
    return lookup.find(account, session, statement.level, name, "SHOW PARAMETERS")


def _of(record: Record) -> Mapping[str, Any]:
    retention = record.retention if isinstance(record, (Database, Schema, Table)) else None
    return dict(record.parameters) | {RETENTION: retention}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return show_format.truth(value)
    return "" if value is None else str(value)


HANDLERS: Mapping[type, Handler] = {SetAccount: set_account, UnsetAccount: set_account, ShowParameters: show}
