"""CREATE, ALTER and DROP WAREHOUSE, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.kind import Handler
from snowdome.objects.tags import handlers as tags
from snowdome.objects.warehouses import statements as grammar
from snowdome.result import Result, status
from snowdome.security import access, lookup
from snowdome.security.new_object import new_object
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import invalid_property
from snowdome.sql.grammar.options import Settings
from snowdome.state.records import Monitor, Role, User, Warehouse
from snowdome.warehouses import settings as warehouse_settings
from snowdome.warehouses.clusters import RESUME, SUSPEND

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.running_queries import Running
    from snowdome.state.session import Session

STARTED, SUSPENDED = "STARTED", "SUSPENDED"
ENABLED, DISABLED = "ENABLED", "DISABLED"
OF_RECORD = frozenset({"COMMENT", "RESOURCE_MONITOR", "INITIALLY_SUSPENDED", "WAIT_FOR_COMPLETION"})
ABORTED_WITHIN = 2.0
"""Real seconds that ABORT ALL QUERIES and the like wait for what they cancel to end."""
DONE = status("Statement executed successfully.")


def run(account: Account, session: Session, statement: grammar.WarehouseStatement) -> Result:
    """The warehouse statement has been carried out."""
    if isinstance(statement, grammar.CreateWarehouse):
        return create(account, session, statement)
    found = named(account, session, statement.name, if_exists=statement.if_exists)
    if found is None:
        return status("Statement executed successfully." if statement.name is None else _absent(statement))
    return _on(account, session, found, statement)


def _on(account: Account, session: Session, found: Warehouse, statement: grammar.WarehouseStatement) -> Result:
    match statement:
        case grammar.SetWarehouse():
            return alter(account, session, found, statement.settings)
        case grammar.UnsetWarehouse():
            return unset(account, session, found, statement.names)
        case grammar.RenameWarehouse():
            return rename(account, session, found, statement.new)
        case grammar.SuspendWarehouse():
            return suspend(account, session, found)
        case grammar.ResumeWarehouse():
            return resume(account, session, found, if_suspended=statement.if_suspended)
        case grammar.AbortWarehouse():
            return abort(account, session, found)
        case grammar.EnableWarehouse():
            return enable(account, session, found, enabled=statement.enabled)
        case _:
            return drop(account, session, found)


def _absent(statement: grammar.WarehouseStatement) -> str:
    if isinstance(statement, grammar.DropWarehouse):
        return f"Drop statement executed successfully ({statement.name} already dropped)."
    return "Statement executed successfully."


def named(account: Account, session: Session, name: str | None, *, if_exists: bool = False) -> Warehouse | None:
    """The warehouse of that name, or the session's; None where it may be missing and is."""
    wanted = name or session.warehouse
    if wanted is None:
        raise errors.no_warehouse()
    found = account.catalog.find(Warehouse, wanted)
    if found is not None and access.may_see(account, session, found):
        return found
    if if_exists:
        return None
    raise errors.not_found("Warehouse", wanted)


def create(account: Account, session: Session, statement: grammar.CreateWarehouse) -> Result:
    """Create the warehouse, by default running, and use it in the session."""
    access.check_account(account, session, "CREATE WAREHOUSE")
    old = account.catalog.find(Warehouse, statement.name)
    if old is not None and statement.how is How.OR_ALTER:
        return _make_as_told(account, session, old, statement)
    if old is not None and statement.how is How.IF_NOT_EXISTS:
        return status(f"{statement.name} already exists, statement succeeded.")
    if old is not None and statement.how is not How.OR_REPLACE:
        raise errors.already_exists(statement.name)
    given = dict(statement.settings)
    settings = {name: value for name, value in given.items() if name not in OF_RECORD}
    warehouse_settings.check(given)
    monitor = _monitor(account, session, given)
    wanted_tags = tags.values(account, session, statement.tags)
    now, by = account.clock.now(), _by(session)
    runs = not given.get("INITIALLY_SUSPENDED", False)
    adaptive = settings.get("WAREHOUSE_TYPE") == warehouse_settings.ADAPTIVE
    aborted: list[Running] = []
    with account.catalog.change() as change:
        if old is not None:
            lookup.own(account, session, old)
            aborted = account.clusters.remove(change, old, now, by)
            change.erase(old.id)
        made = Warehouse(
            id=change.new_id(),
            name=statement.name,
            comment=str(given.get("COMMENT", "")),
            created_on=now,
            updated_on=now,
            resumed_on=now if runs else None,
            state=ENABLED if adaptive else STARTED if runs else SUSPENDED,
            settings=settings,
            monitor=monitor,
            watched_since=now if monitor is not None else None,
            tags=wanted_tags,
        )
        made = change.put(new_object(account, session, made))
        account.monitors.assigned(made)
        refusal = account.monitors.refusal(made, now) if runs else None
        if refusal is not None:
            raise refusal
        account.clusters.create(change, made, now, by)
        account.monitors.changed(made, now)
    account.running_queries.settle(aborted, ABORTED_WITHIN)
    session.warehouse = statement.name
    return status(f"Warehouse {statement.name} successfully created.")


def _by(session: Session) -> Running | None:
    return session.running[-1] if session.running else None


def _make_as_told(account: Account, session: Session, old: Warehouse, statement: grammar.CreateWarehouse) -> Result:
    """CREATE OR ALTER of one that is there: what is not said goes back to its default."""
    lookup.own(account, session, old)
    given = dict(statement.settings)
    warehouse_settings.check(given)
    monitor = _monitor(account, session, given, old.monitor)
    settings = {name: value for name, value in given.items() if name not in OF_RECORD}
    comment = str(given.get("COMMENT", ""))
    _put(account, session, old, replace(old, settings=settings, comment=comment, monitor=monitor))
    return status(f"Warehouse {statement.name} successfully altered.")


def _monitor(account: Account, session: Session, given: dict[str, Any], now: int | None = None) -> int | None:
    """The id of the resource monitor that is asked for; only ACCOUNTADMIN assigns one."""
    if "RESOURCE_MONITOR" not in given:
        return now
    admin = account.catalog.find(Role, "ACCOUNTADMIN")
    if admin is None or admin.id not in access.roles_of(account, session):
        raise errors.insufficient_privileges("ACCOUNT", access.account_record(account).name)
    wanted = given["RESOURCE_MONITOR"]
    if wanted is None:
        return None
    monitor = account.catalog.find(Monitor, wanted)
    if monitor is None:
        raise errors.not_found("Resource monitor", wanted)
    return monitor.id


def alter(account: Account, session: Session, found: Warehouse, wanted: Settings) -> Result:
    """The settings hold from now on."""
    access.check(account, session, "MODIFY", found)
    given = dict(wanted)
    if "WAIT_FOR_COMPLETION" in given and "WAREHOUSE_SIZE" not in given:
        raise invalid("invalid property 'WAIT_FOR_COMPLETION' without WAREHOUSE_SIZE", 1420)
    settings = dict(found.settings)
    for one, other in (("GENERATION", "RESOURCE_CONSTRAINT"), ("RESOURCE_CONSTRAINT", "GENERATION")):
        if one in given and other not in given:
            settings.pop(other, None)
    if given.get("WAREHOUSE_TYPE", settings.get("WAREHOUSE_TYPE")) != settings.get("WAREHOUSE_TYPE"):
        if warehouse_settings.ADAPTIVE in (given["WAREHOUSE_TYPE"], settings.get("WAREHOUSE_TYPE")):
            raise errors.unsupported("changing a warehouse to or from ADAPTIVE")
        settings.pop("RESOURCE_CONSTRAINT", None)
        settings.pop("GENERATION", None)
    settings |= {name: value for name, value in given.items() if name not in OF_RECORD}
    warehouse_settings.check(settings)
    monitor = _monitor(account, session, given, found.monitor)
    comment = str(given.get("COMMENT", found.comment))
    _put(account, session, found, replace(found, settings=settings, comment=comment, monitor=monitor))
    return DONE


def unset(account: Account, session: Session, found: Warehouse, names: tuple[str, ...]) -> Result:
    """The settings have their defaults; AUTO_SUSPEND, as Snowflake does it, is off."""
    access.check(account, session, "MODIFY", found)
    settings = {name: value for name, value in found.settings.items() if name not in names}
    if "AUTO_SUSPEND" in names:
        settings["AUTO_SUSPEND"] = None
    warehouse_settings.check(settings)
    monitor = _monitor(
        account, session, {"RESOURCE_MONITOR": None} if "RESOURCE_MONITOR" in names else {}, found.monitor
    )
    comment = "" if "COMMENT" in names else found.comment
    _put(account, session, found, replace(found, settings=settings, monitor=monitor, comment=comment))
    return DONE


def _put(account: Account, session: Session, old: Warehouse, new: Warehouse) -> Warehouse:
    """Alter the warehouse and its clusters; a newly attached monitor counts from now on."""
    now = account.clock.now()
    with account.catalog.change() as change:
        if old.monitor != new.monitor:
            _watched_anew(account, change, old, now)
            new = replace(new, watched_since=now if new.monitor is not None else None)
        new = change.put(replace(new, updated_on=now, altered_on=now))
        account.monitors.assigned(new)
        account.clusters.reshape(change, old, new, now, _by(session))
        account.clusters.reshaped(new, now)
        monitor = account.catalog.peek(new.monitor) if new.monitor is not None else None
        if old.monitor != new.monitor and isinstance(monitor, Monitor):
            account.monitors.check(monitor, now)
    return new


def _watched_anew(account: Account, change: Change, old: Warehouse, now: datetime) -> None:
    """What the warehouse used until now stays with the monitor that it leaves."""
    monitor = account.catalog.peek(old.monitor) if old.monitor is not None else None
    if isinstance(monitor, Monitor):
        account.monitors.let_go(change, monitor, [old], now)


def rename(account: Account, session: Session, found: Warehouse, new: str) -> Result:
    """The warehouse bears the new name."""
    lookup.own(account, session, found)
    if account.catalog.find(Warehouse, new) is not None:
        raise errors.already_exists(new)
    _put(account, session, found, replace(found, name=new))
    return DONE


def suspend(account: Account, session: Session, found: Warehouse) -> Result:
    """The warehouse does not run; statements on it finish."""
    access.check(account, session, "OPERATE", found)
    if _adaptive(found):
        raise invalid_property("SUSPEND", "ADAPTIVE WAREHOUSE")
    if found.state == SUSPENDED:
        raise SqlError(90064, "22000", f"Invalid state. Warehouse '{found.name}' cannot be suspended.")
    with account.catalog.lock:
        account.clusters.suspend(found, account.clock.now(), SUSPEND, _by(session))
    return DONE


def resume(account: Account, session: Session, found: Warehouse, *, if_suspended: bool) -> Result:
    """The warehouse runs."""
    access.check(account, session, "OPERATE", found)
    if _adaptive(found):
        raise invalid_property("RESUME", "ADAPTIVE WAREHOUSE")
    if found.state != SUSPENDED:
        if if_suspended:
            return DONE
        raise SqlError(90063, "22000", f"Invalid state. Warehouse '{found.name}' cannot be resumed.")
    with account.catalog.lock:
        account.clusters.start(found, account.clock.now(), RESUME, _by(session))
    return DONE


def abort(account: Account, session: Session, found: Warehouse) -> Result:
    """What ran or waited on the warehouse is cancelled."""
    access.check(account, session, "OPERATE", found)
    with account.catalog.lock:
        aborted = account.clusters.abort(found)
    account.running_queries.settle(aborted, ABORTED_WITHIN)
    return DONE


def enable(account: Account, session: Session, found: Warehouse, *, enabled: bool) -> Result:
    """The adaptive warehouse takes statements, or none."""
    access.check(account, session, "OPERATE", found)
    if not _adaptive(found):
        raise invalid_property("ENABLE" if enabled else "DISABLE", "WAREHOUSE")
    refusal = account.monitors.refusal(found, account.clock.now()) if enabled else None
    if refusal is not None:
        raise refusal
    _put(account, session, found, replace(found, state=ENABLED if enabled else DISABLED))
    return DONE


def _adaptive(warehouse: Warehouse) -> bool:
    return warehouse.settings.get("WAREHOUSE_TYPE") == warehouse_settings.ADAPTIVE


def drop(account: Account, session: Session, found: Warehouse) -> Result:
    """The warehouse is gone, and what ran on it is aborted."""
    lookup.own(account, session, found)
    with account.catalog.change() as change:
        aborted = account.clusters.remove(change, found, account.clock.now(), _by(session))
        change.erase(found.id)
    account.running_queries.settle(aborted, ABORTED_WITHIN)
    return status(f"{found.name} successfully dropped.")


def default_of(account: Account, session: Session) -> str | None:
    """The name of the user's default warehouse."""
    return account.catalog.get(User, session.user).properties.get("DEFAULT_WAREHOUSE")


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.WarehouseStatement), run)
