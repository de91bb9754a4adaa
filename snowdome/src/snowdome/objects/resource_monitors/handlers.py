"""CREATE, ALTER and DROP RESOURCE MONITOR, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from snowdome import errors
from snowdome.errors import invalid
from snowdome.objects.kind import Handler
from snowdome.objects.resource_monitors import statements as grammar
from snowdome.objects.resource_monitors.show import NOTIFIED, TRIGGERS, WHOLE
from snowdome.result import Result, status
from snowdome.security import access
from snowdome.security.new_object import new_object
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import invalid_value
from snowdome.sql.grammar.options import Settings
from snowdome.state.records import Monitor, Role, User, Warehouse
from snowdome.warehouses.metering import moments
from snowdome.warehouses.metering.meters import SCHEDULED

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")


MOST_NOTIFIED = 5


def run(account: Account, session: Session, statement: grammar.MonitorStatement) -> Result:
    """The monitor statement has been carried out."""
    if isinstance(statement, grammar.CreateMonitor):
        return create(account, session, statement)
    found = account.catalog.find(Monitor, statement.name)
    if found is None or not access.may_see(account, session, found):
        if statement.if_exists:
            return DONE
        raise errors.not_found("Resource monitor", statement.name)
    if isinstance(statement, grammar.DropMonitor):
        return drop(account, session, found)
    return alter(account, session, found, statement)


def _admin_only(account: Account, session: Session) -> None:
    admin = account.catalog.find(Role, "ACCOUNTADMIN")
    if admin is None or admin.id not in access.roles_of(account, session, primary=True):
        raise errors.insufficient_privileges("ACCOUNT", access.account_record(account).name)


def create(account: Account, session: Session, statement: grammar.CreateMonitor) -> Result:
    """The monitor is there; only ACCOUNTADMIN makes one."""
    _admin_only(account, session)
    old = account.catalog.find(Monitor, statement.name)
    if old is not None and statement.how is How.IF_NOT_EXISTS:
        return status(f"{statement.name} already exists, statement succeeded.")
    if old is not None and statement.how is not How.OR_REPLACE:
        raise errors.already_exists(statement.name)
    settings: dict[str, Any] = {"FREQUENCY": "MONTHLY"}
    settings = _with(account, settings, statement.settings, statement.triggers)
    now = account.clock.now()
    with account.catalog.change() as change:
        if old is not None:
            drop(account, session, old)
        monitor = Monitor(id=change.new_id(), name=statement.name, created_on=now, settings=settings)
        monitor = change.put(new_object(account, session, monitor))
        account.monitors.check(monitor, now)
    return status(f"Resource monitor {statement.name} successfully created.")


def _with(
    account: Account, settings: dict[str, Any], given: Settings, triggers: tuple[grammar.Trigger, ...] | None
) -> dict[str, Any]:
    settings = _timed(settings | dict(given), dict(given), account.clock.now())
    notified = settings.get(NOTIFIED) or ()
    if len(notified) > MOST_NOTIFIED:
        raise invalid(f"NOTIFY_USERS of a resource monitor are at most {MOST_NOTIFIED}")
    for user in notified:
        if account.catalog.find(User, user) is None:
            raise errors.not_found("User", user)
    if triggers is not None:
        settings[TRIGGERS] = [[trigger.percent, trigger.action] for trigger in triggers]
    return settings


def _timed(settings: dict[str, Any], given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The settings with their times; an end that is asked for lies ahead."""
    for name in ("START_TIMESTAMP", "END_TIMESTAMP"):
        value = given.get(name)
        if isinstance(value, str):
            moment = now if value == "IMMEDIATELY" else moments.read(value, name, now)
            settings[name] = moment.isoformat()
    if "FREQUENCY" in given:
        settings[SCHEDULED] = True
    if settings.get("START_TIMESTAMP") is None:
        settings["START_TIMESTAMP"] = now.isoformat()
    start = datetime.fromisoformat(settings["START_TIMESTAMP"])
    if given.get("END_TIMESTAMP") and datetime.fromisoformat(settings["END_TIMESTAMP"]) <= max(start, now):
        raise invalid_value(given["END_TIMESTAMP"], "END_TIMESTAMP")
    return settings


def alter(account: Account, session: Session, found: Monitor, statement: grammar.SetMonitor) -> Result:
    """The settings hold; new triggers take the place of all old ones."""
    access.check(account, session, "MODIFY", found)
    settings, now = _with(account, found.settings, statement.settings, statement.triggers), account.clock.now()
    with account.catalog.change() as change:
        whole = account.monitors.whole()
        if settings.get(NOTIFIED) and whole is not None and whole.id == found.id:
            raise invalid(f"{NOTIFIED} cannot be set on an account's resource monitor")
        altered = replace(found, settings=settings, altered_on=now)
        account.monitors.rebase(change, found, altered, now)
        change.put(altered)
        account.monitors.altered(altered, now, anew=statement.triggers is not None)
    return DONE


def drop(account: Account, session: Session, found: Monitor) -> Result:
    """The monitor is gone, and watches no warehouse any more."""
    access.check(account, session, "OWNERSHIP", found)
    with account.catalog.change() as change:
        for warehouse in account.catalog.all(Warehouse):
            if warehouse.monitor == found.id:
                change.put(replace(warehouse, monitor=None, watched_since=None))
        whole = account.monitors.whole()
        if whole is not None and whole.id == found.id:
            record = access.account_record(account)
            change.put(replace(record, parameters={k: v for k, v in record.parameters.items() if k != WHOLE}))
        account.monitors.forget(change, found)
        change.erase(found.id)
    return status(f"{found.name} successfully dropped.")


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.MonitorStatement), run)
