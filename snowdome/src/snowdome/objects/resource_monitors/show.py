"""SHOW RESOURCE MONITORS."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome.result import Result, listing
from snowdome.security import access, show_format
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Monitor
from snowdome.warehouses.resource_monitors import NOTIFY, SUSPEND, SUSPEND_IMMEDIATE

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


TRIGGERS, NOTIFIED = "TRIGGERS", "NOTIFY_USERS"


WHOLE = "RESOURCE_MONITOR"
"""The account's parameter that names its monitor."""


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
        of["FREQUENCY"], _moment(of.get("START_TIMESTAMP")), _moment(of.get("END_TIMESTAMP")), _at(of, NOTIFY),
        _at(of, SUSPEND), _at(of, SUSPEND_IMMEDIATE), monitor.created_on,
        show_format.role_name(account, monitor.owner), monitor.comment, ", ".join(of.get(NOTIFIED, ())),
    )  # fmt: skip


def _credits(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _at(of: dict[str, Any], action: str) -> str | None:
    found = [f"{percent}%" for percent, does in of.get(TRIGGERS, ()) if does == action]
    return ",".join(found) or None
