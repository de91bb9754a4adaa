"""The budget as tasks: one check, and what people do by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.notifications import channels, send
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import Form, required
from sluice.airflow.operators.lifecycle import caller
from sluice.domain.budgets.budget_state import Restriction

if TYPE_CHECKING:
    from logging import Logger

    from airflow.sdk import Context

    from sluice.domain.budgets.budget_actions import Notice
    from sluice.domain.budgets.budget_policy import BudgetPolicy
    from sluice.operations.caller import Caller
    from sluice.operations.workspace import Workspace


class CheckBudgets(SluiceOperator):
    """Every environment is as its hours want it; its spend is measured and judged, acted upon, and people are told."""

    custom_operator_name = "Check budgets"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look at the clock; measure, judge, act."""
        from sluice.operations.budgets.budgets import check
        from sluice.operations.budgets.metering import measure
        from sluice.operations.policies import policy_files
        from sluice.snowflake.error_mapping import MissingError

        by, policy = caller(workspace, context), policy_files().budgets()
        kept = apply_schedules(workspace, by, self.log)
        try:
            measured = measure(workspace, by.now, anomaly=policy.anomaly)
        except MissingError as nothing:
            raise AirflowSkipException("no environment is provisioned in this account yet") from nothing
        for note in measured.notes:
            self.log.warning("%s", note)
        checked = check(workspace, policy, measured, by, notify)
        for line in checked.done:
            self.log.info("%s", line)
        for name, why in checked.failed:
            self.log.error("%s: %s", name, why)
        notify_recovered(context, policy)
        total = sum(spend.day.usd for spend in measured.spends.values())
        return {
            "summary": f"USD {total:.2f} today; {len(checked.done)} steps, {len(checked.failed)} failed",
            "verdicts": {name: f"{one.level.name}: {one.rule}" for name, one in checked.verdicts.items()},
            "done": list(checked.done),
            "failed": dict(checked.failed),
            "hours": kept,
            "notes": list(measured.notes),
        }


def apply_schedules(workspace: Workspace, by: Caller, log: Logger) -> list[str]:
    """Leave every environment as its hours and its schedule want it; return what was done, and what could not be.

    Whatever fails here, budgets are checked nonetheless.
    """
    from sluice.errors import SluiceError
    from sluice.operations.budgets.budgets import specs_of
    from sluice.operations.schedules.schedules import check
    from sluice.settings import settings
    from sluice.snowflake.error_mapping import MissingError

    try:
        kept = check(workspace, specs_of(workspace), by, off_hours=settings().off_hours)
    except MissingError:
        return []
    except SluiceError as error:
        log.error("hours: %s", error)  # noqa: TRY400 (the message is for people)
        return [f"failed: {error.message}"]
    for line in (*kept.done, *kept.left):
        log.info("%s", line)
    for name, why in kept.failed:
        log.error("%s: %s", name, why)
    return [*kept.done, *kept.left, *(f"{name} failed: {why}" for name, why in kept.failed)]


class NobodyWatches(BaseNotifier):
    """People are told when no check of budgets has succeeded for longer than figures may be old."""

    template_fields: Sequence[str] = ()

    def __init__(self, often: timedelta) -> None:
        super().__init__()
        self.often = often

    def notify(self, context: Context) -> None:
        """Tell the channels of every environment that stands, the further the longer it lasts."""
        from sluice.domain.budgets.budget_actions import checks_missing
        from sluice.operations.policies import policy_files

        last = last_success(context)
        if last is None:
            return
        escalation_level = checks_missing(datetime.now(UTC) - last, self.often, policy_files().budgets())
        if escalation_level is not None:
            error = next(iter(str(context.get("exception") or "see its log").splitlines()))
            text = f"no budget is watched since {last:%Y-%m-%d %H:%M} UTC, nothing is stopped: {error}"
            for channel in everyone(escalation_level):
                send(channel, text, severity="critical", key=CHECK)


CHECK = "sluice budget check"
"""The incident of checks that fail."""


def notify_recovered(context: Context, policy: BudgetPolicy) -> None:
    """Have everybody who was told that nobody watches told that it is over, by the first check that succeeds."""
    last = last_success(context)
    if last is None or datetime.now(UTC) - last < policy.oldest:
        return
    for channel in everyone((datetime.now(UTC) - last - policy.oldest) // policy.escalation):
        send(channel, f"budgets are watched again, as they were until {last:%H:%M} UTC", key=CHECK, over=True)


def last_success(context: Context) -> datetime | None:
    """Return when the last check began that succeeded; None: there is none. Airflow asks when it is looked at."""
    last = context.get("prev_start_date_success")
    return datetime.fromtimestamp(last.timestamp(), UTC) if last else None


def everyone(escalation_level: int) -> tuple[str, ...]:
    """Return the channels of all environments that stand, each as far as the escalation_level, each once."""
    from sluice.domain.specs.environment import load_environments
    from sluice.settings import settings

    specs = load_environments(settings().environments).values()
    return tuple(dict.fromkeys(one for spec in specs for one in spec.monitoring.channels[: escalation_level + 1]))


def notify(notice: Notice) -> None:
    """Have the line at the channels of its environment, from the first to its rung's; one incident for each."""
    for channel in channels(notice.environment)[: notice.escalation_level + 1]:
        key = f"sluice budget {notice.environment}"
        send(channel, notice.text, severity=notice.severity, key=key, over=notice.over)


HOLDS = {"stop": Restriction.SUSPENDED, "limit": Restriction.THROTTLED, "resume": Restriction.NONE}
"""The form's choices that hold an environment or let it go, each with what the environment is then."""
OVERRIDE, OPEN = "override", "open"
"""The form's other choices."""
CONTROLS = (*HOLDS, OVERRIDE, OPEN)
BELONGS = {"usd": OVERRIDE, "hours": OVERRIDE, "until": OPEN}
"""Which choice each field is for."""


class ControlBudget(SluiceOperator):
    """The environments of the form are stopped, limited, started or opened, or may cost more for a while."""

    custom_operator_name = "Control budget"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Do the one thing that `what` names."""
        from sluice.operations.budgets.budgets import by_hand, override, specs_of
        from sluice.operations.policies import policy_files
        from sluice.operations.schedules.schedules import stay_open

        form = Form.of(context)
        what = form.choice("what", CONTROLS)
        form.only(what, BELONGS)
        names = list(required(form.lines("environments"), "environments", "dev"))
        reason = required(form.text("reason"), "reason", "month-end close")
        if what == OVERRIDE:
            usd = required(form.number("usd"), "usd", "20", choice=what)
            hours = required(form.whole("hours"), "hours", "8", choice=what)
            by = caller(workspace, context)
            ends = by.now + timedelta(hours=hours)
            for name in names:
                workspace.including(name)  # before the first one is written
            for name in names:
                override(workspace, name, float(usd), ends, by, reason=reason)
            return {"summary": f"{', '.join(names)}: USD {usd} more until {ends:%Y-%m-%d %H:%M} UTC"}
        if what == OPEN:
            until, by = required(form.text("until"), "until", "21:00", choice=what), caller(workspace, context)
            return {"summary": "; ".join(stay_open(workspace, specs_of(workspace), names, until, by, reason=reason))}
        wanted = HOLDS[what]
        by_hand(workspace, names, wanted, policy_files().budgets(), caller(workspace, context), reason=reason)
        return {"summary": f"{', '.join(names)}: {wanted}"}
