"""Budgets as tasks: one check of all environments, and what people do by hand."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.budget_notices import notify, notify_recovered
from sluice.airflow.operators.arguments import required
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.triggered_by import caller
from sluice.airflow.xcom_summary import summary
from sluice.domain.budgets.budget_state import Restriction

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.budgets.spend import Measurement
    from sluice.operations.budgets.budgets import Checked
    from sluice.operations.caller import Caller
    from sluice.operations.workspace import Workspace


log = logging.getLogger(__name__)


class CheckBudgetsOperator(SluiceOperator):
    """Every environment is as its schedule wants it; its spend is measured, judged and acted upon, people are notified.

        CheckBudgetsOperator(task_id="check")

    It takes no arguments of its own: include/policies/budgets.yml and the specs say what is done. It is skipped in an
    account where no environment is provisioned yet. XCom has `summary`, how many environments are at each level
    (`levels`), and of those that are not fine, or that something was done about, as many as fit: `verdicts`, `done`,
    `failed`, `schedules`, `notes`. Every step is in the journal.
    """

    custom_operator_name = "Check budgets"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look at the clock; measure, judge, act."""
        from sluice.operations.budgets.budgets import check
        from sluice.operations.budgets.metering import measure
        from sluice.operations.policies import policy_files
        from sluice.snowflake.error_mapping import MissingError

        by, policy = caller(workspace, context), policy_files().budgets()
        schedules = apply_schedules(workspace, by)
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
        return check_summary(checked, measured, schedules)


def check_summary(checked: Checked, measured: Measurement, schedules: Sequence[str]) -> dict[str, object]:
    """Return what XCom has of a check: counts, and of each environment that is not fine why."""
    total = sum(spend.day.usd for spend in measured.spends.values())
    return summary(
        {
            "summary": f"USD {total:.2f} today; {len(checked.done)} steps, {len(checked.failed)} failed",
            "levels": dict(Counter(verdict.level.name for verdict in checked.verdicts.values())),
            "verdicts": {
                name: f"{verdict.level.name}: {verdict.rule}"
                for name, verdict in checked.verdicts.items()
                if not verdict.fine
            },
            "done": list(checked.done),
            "failed": dict(checked.failed),
            "schedules": list(schedules),
            "notes": list(measured.notes),
        }
    )


def apply_schedules(workspace: Workspace, by: Caller) -> list[str]:
    """Leave every environment as its hours and its schedule want it; return what was done, and what could not be.

    Whatever fails here, budgets are checked nonetheless.
    """
    from sluice.errors import SluiceError
    from sluice.operations.budgets.budgets import specs_of
    from sluice.operations.schedules.schedules import check
    from sluice.settings import settings
    from sluice.snowflake.error_mapping import MissingError

    try:
        applied = check(workspace, specs_of(workspace), by, off_hours=settings().off_hours)
    except MissingError:
        return []
    except SluiceError as error:
        log.error("schedules: %s", error)  # noqa: TRY400 (the message is for people)
        return [f"failed: {error.message}"]
    for line in (*applied.done, *applied.left):
        log.info("%s", line)
    for name, why in applied.failed:
        log.error("%s: %s", name, why)
    return [*applied.done, *applied.left, *(f"{name} failed: {why}" for name, why in applied.failed)]


RESTRICTIONS = {"stop": Restriction.SUSPENDED, "limit": Restriction.THROTTLED, "resume": Restriction.NONE}
"""The choices that restrict an environment or lift its restriction, each with what the environment is then."""
OVERRIDE, OPEN = "override", "open"
"""The other choices."""
CONTROLS = (*RESTRICTIONS, OVERRIDE, OPEN)
BELONGS = {"usd": OVERRIDE, "hours": OVERRIDE, "until": OPEN}
"""Which choice each argument is for."""


@dataclass(frozen=True, slots=True)
class BudgetControl:
    """What is to be done with which environments."""

    what: str
    environments: tuple[str, ...]
    reason: str
    usd: Decimal = Decimal(0)
    hours: int = 0
    until: str = ""


class ControlBudgetOperator(SluiceOperator):
    """Environments are stopped, limited, resumed or opened by hand, or may cost more for a while.

        ControlBudgetOperator(
            task_id="more", what="override", environments=["dev"], usd=20, hours=8, reason="month-end close"
        )

    XCom has `summary`.

    Args:
        what: `stop` suspends, `limit` throttles, `resume` restores the recorded settings; `override` raises the budget
            for some hours; `open` keeps an environment open after its hours.
        environments: Names of specified or ephemeral environments: a list, or a text with one a line.
        reason: Why; kept in the journal.
        usd: Of `override`: how many US dollars more each may cost, e.g. `20` or `7.5`.
        hours: Of `override`: for how many hours, a whole number.
        until: Of `open`: `21:00` or `2026-11-28T21:00`, by the environment's own clock.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that is missing, or belongs to another choice, or an environment that is not there.
            When the DAG file is read, if it is known then; no environment has changed.
    """

    custom_operator_name = "Control budget"
    template_fields: Sequence[str] = ("what", "environments", "usd", "hours", "until", "reason")

    def __init__(
        self,
        *,
        what: str,
        environments: str | Sequence[str],
        reason: str,
        usd: float | str | None = None,
        hours: int | str | None = None,
        until: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.what = what
        self.environments = environments
        self.usd = usd
        self.hours = hours
        self.until = until
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> BudgetControl:
        """Return what is asked for."""
        given = self.arguments()
        what = given.choice("what", CONTROLS)
        given.only(what, BELONGS)
        names = required(given.lines("environments"), "environments", "dev")
        reason = required(given.text("reason"), "reason", "month-end close")
        if what == OVERRIDE:
            usd = required(given.number("usd"), "usd", "20", choice=what)
            hours = required(given.whole("hours"), "hours", "8", choice=what)
            return BudgetControl(what, names, reason, usd=usd, hours=hours)
        if what == OPEN:
            return BudgetControl(
                what, names, reason, until=required(given.text("until"), "until", "21:00", choice=what)
            )
        return BudgetControl(what, names, reason)

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Do the one thing that `what` names."""
        from sluice.operations.budgets.budgets import by_hand, override, specs_of
        from sluice.operations.policies import policy_files
        from sluice.operations.schedules.schedules import stay_open

        control = self.read()
        names, reason, by = list(control.environments), control.reason, caller(workspace, context)
        if control.what == OVERRIDE:
            ends = by.now + timedelta(hours=control.hours)
            for name in names:
                workspace.including(name)  # before the first one is written
            for name in names:
                override(workspace, name, float(control.usd), ends, by, reason=reason)
            return {"summary": f"{', '.join(names)}: USD {control.usd} more until {ends:%Y-%m-%d %H:%M} UTC"}
        if control.what == OPEN:
            opened = stay_open(workspace, specs_of(workspace), names, control.until, by, reason=reason)
            return {"summary": "; ".join(opened)}
        wanted = RESTRICTIONS[control.what]
        by_hand(workspace, names, wanted, policy_files().budgets(), by, reason=reason)
        return {"summary": f"{', '.join(names)}: {wanted}"}
