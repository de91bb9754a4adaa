"""Who is notified of budgets: of each step, of checks that fail, and that they succeed again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

from sluice.airflow.notifications import channels, send

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.budgets.budget_actions import Notice
    from sluice.domain.budgets.budget_policy import BudgetPolicy

CHECK = "sluice budget check"
"""The incident of checks that fail."""


class StaleBudgetCheckNotifier(BaseNotifier):
    """People are notified when no check of budgets has succeeded for longer than figures may be old."""

    template_fields: Sequence[str] = ()

    def __init__(self, often: timedelta) -> None:
        super().__init__()
        self.often = often

    def notify(self, context: Context) -> None:
        """Notify the channels of every specified environment, the further the longer it lasts."""
        from sluice.domain.budgets.budget_actions import checks_missing
        from sluice.operations.policies import policy_files

        last = last_success(context)
        if last is None:
            return
        level = checks_missing(datetime.now(UTC) - last, self.often, policy_files().budgets())
        if level is not None:
            error = next(iter(str(context.get("exception") or "see its log").splitlines()))
            since = f"budget checks have been failing since {last:%Y-%m-%d %H:%M} UTC"
            text = f"{since}: no limits are being enforced: {error}"
            for channel in everyone(level):
                send(channel, text, severity="critical", key=CHECK)


def notify_recovered(context: Context, policy: BudgetPolicy) -> None:
    """Notify everybody who heard of failing checks, by the first check that succeeds."""
    last = last_success(context)
    if last is None or datetime.now(UTC) - last < policy.oldest:
        return
    for channel in everyone((datetime.now(UTC) - last - policy.oldest) // policy.escalation):
        send(channel, f"budget checks succeed again, as they did until {last:%H:%M} UTC", key=CHECK, over=True)


def last_success(context: Context) -> datetime | None:
    """Return when the last check began that succeeded; None: there is none. Airflow asks when it is looked at."""
    last = context.get("prev_start_date_success")
    return datetime.fromtimestamp(last.timestamp(), UTC) if last else None


def everyone(level: int) -> tuple[str, ...]:
    """Return the channels of all specified environments, each as far as the escalation level, each once."""
    from sluice.domain.specs.environment import load_environments
    from sluice.settings import settings

    specs = load_environments(settings().environments).values()
    return tuple(dict.fromkeys(channel for spec in specs for channel in spec.monitoring.channels[: level + 1]))


def notify(notice: Notice) -> None:
    """Have the line at the channels of its environment, from the first to its level's; one incident for each."""
    for channel in channels(notice.environment)[: notice.escalation_level + 1]:
        key = f"sluice budget {notice.environment}"
        send(channel, notice.text, severity=notice.severity, key=key, over=notice.over)
