"""Resource monitors: made, altered, dropped, shown; what they measure comes from metering."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from snowdome import errors
from snowdome.errors import invalid
from snowdome.result import Result, listing, status
from snowdome.security import access, show_format
from snowdome.security.new_object import new_object
from snowdome.sql.grammar import monitors as grammar
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import invalid_value
from snowdome.sql.grammar.options import Settings
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Monitor, Role, User, Warehouse
from snowdome.warehouses.metering import moments
from snowdome.warehouses.metering.meters import SCHEDULED

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")
MOST_NOTIFIED = 5
TRIGGERS, NOTIFIED = "TRIGGERS", "NOTIFY_USERS"
WHOLE = "RESOURCE_MONITOR"
"""The account's parameter that names its monitor."""


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


COLUMNS = tuple(
    (name, show_format.TIME if name in ("start_time", "end_time", "created_on") else show_format.TEXT)
    for name in (
        "name", "credit_quota", "used_credits", "remaining_credits", "level", "frequency", "start_time", "end_time",
        "notify_at", "suspend_at", "suspend_immediately_at", "created_on", "owner", "comment", "notify_users",
    )
)  # fmt: skip


def show(account: Account, session: Session, statement: Show) -> Result:
    """SHOW RESOURCE MONITORS."""
    with account.catalog.lock:
        monitors = [one for one in account.catalog.all(Monitor) if access.may_see(account, session, one)]
        rows = [_row(account, one) for one in show_format.keep(statement, monitors, lambda monitor: monitor.name)]
    return listing(COLUMNS, rows)


def _row(account: Account, monitor: Monitor) -> tuple[Any, ...]:
    of = monitor.settings
    quota = of.get("CREDIT_QUOTA")
    whole = account.monitors.whole()
    level = "WAREHOUSE" if account.monitors.watched(monitor) else None
    if whole is not None and whole.id == monitor.id:
        level = "ACCOUNT"
    used = account.monitors.used(monitor, account.clock.now())
    left = None if quota is None else quota - used
    return (
        monitor.name, _credits(quota), _credits(used), _credits(left), level,
        of["FREQUENCY"], _moment(of.get("START_TIMESTAMP")), _moment(of.get("END_TIMESTAMP")), _at(of, grammar.NOTIFY),
        _at(of, grammar.SUSPEND), _at(of, grammar.SUSPEND_IMMEDIATE), monitor.created_on,
        show_format.role_name(account, monitor.owner), monitor.comment, ", ".join(of.get(NOTIFIED, ())),
    )  # fmt: skip


def _credits(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _at(of: dict[str, Any], action: str) -> str | None:
    found = [f"{percent}%" for percent, does in of.get(TRIGGERS, ()) if does == action]
    return ",".join(found) or None


HANDLERS = dict.fromkeys(get_args(grammar.MonitorStatement), run)
