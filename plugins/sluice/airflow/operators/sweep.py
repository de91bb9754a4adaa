"""The sweep as two tasks: what would be done is seen first; then it is done, and people are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sluice.airflow.notifications import channels, send
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import Form
from sluice.airflow.operators.lifecycle import caller

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.access.temporary_access import TemporaryGrant
    from sluice.domain.cleanup.cleanup_plan import Finding, SweepPlan
    from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
    from sluice.operations.workspace import Workspace


WORDS = {
    "notice": "will be set aside at {until:%Y-%m-%d %H:%M} UTC; keep it: sluice env extend|pin {name} --reason …",
    "quarantine": "is set aside until {until:%Y-%m-%d %H:%M} UTC, then dropped; back: sluice env undo {name}",
    "drop": "is dropped; while Snowflake keeps it: sluice env undo {name}",
}
"""What an owner is told of each step."""


class PlanSweep(SluiceOperator):
    """What a sweep would do now, each with its reason, is in the log and in XCom; nothing has changed."""

    custom_operator_name = "Plan sweep"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look, judge, and tell."""
        from sluice.operations.cleanup.orphans import find
        from sluice.operations.cleanup.sweep import expired, plan_sweep
        from sluice.operations.policies import policy_files

        policy, now = policy_files().cleanup(), workspace.now()
        plan = plan_sweep(workspace, policy, now, allowed=Form.of(context).whole("allow"))
        over = [describe(one) for one in expired(workspace, now)]
        left = find(workspace, policy, now)
        clears = [f"{'clear' if one.drop else 'report':<10} {one}" for one in left]
        for line in (*lines(plan), *(f"revoke     {one}" for one in over), *clears):
            self.log.info("%s", line)
        return {
            "summary": _summary(plan),
            "findings": [_xcom_summary(one) for one in plan.findings],
            "revoke": over,
            "leftovers": clears,
            "stopped": plan.stopped,
        }


class Sweep(SluiceOperator):
    """Notices are given, and what was noticed long enough ago is set aside or dropped; on a dry run: nothing."""

    custom_operator_name = "Sweep"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Plan again, since a person may have answered meanwhile, and do it."""
        from sluice.operations.cleanup.sweep import plan_sweep, run_sweep
        from sluice.operations.policies import policy_files

        if is_dry_run(context):
            self.log.info("a dry run: nothing is done")
            return {"summary": "a dry run: nothing was done", "dry_run": True}
        policy = policy_files().cleanup()
        by, allowed = caller(workspace, context), Form.of(context).whole("allow")
        plan = plan_sweep(workspace, policy, by.now, allowed=allowed, holder=by.holder)
        swept = run_sweep(workspace, plan, by, policy, allowed=allowed)
        for one, text in zip(_owned(swept.done), messages(swept.done), strict=True):
            self._tell(text, channels(one.name), f"sluice sweep {one.name}")
        everyone = sorted(
            {channel for spec in workspace.environments.values() for channel in spec.monitoring.channels[:1]}
        )
        told = [f"access taken back: {describe(one)}" for one in swept.revoked]
        told += [f"cleared: {one}" for one in swept.cleared]
        for text in (*told, *_alerts(plan, policy)):
            self._tell(text, everyone, "sluice sweep")
        for name, why in swept.failed:
            self._tell(f"{name} is left alone: {why}", everyone, "sluice sweep")
        return {
            "summary": f"{len(swept.done)} taken a step further, {len(swept.failed)} left alone",
            "done": [_xcom_summary(one) for one in swept.done],
            "failed": dict(swept.failed),
            "forgotten": list(swept.forgotten),
            "revoked": [describe(one) for one in swept.revoked],
            "cleared": [str(one) for one in swept.cleared],
            "stopped": plan.stopped,
        }

    def _tell(self, text: str, where: Iterable[str], key: str) -> None:
        self.log.info("%s", text)
        for channel in where:
            if channel != "pagerduty":  # nobody is woken by a sweep
                send(channel, text, severity="warning", key=key)


def describe(one: TemporaryGrant) -> str:
    """Return a pass in a line."""
    return f"{one.environment}: {one.level} of {one.holder}, until {one.until:%Y-%m-%d %H:%M} UTC ({one.reason})"


def _owned(done: Iterable[Finding]) -> list[Finding]:
    return [one for one in done if one.action in WORDS]


def is_dry_run(context: Context) -> bool:
    """Whether nothing may be done: of runs by hand unless the form says otherwise, never of the nightly ones."""
    if context["dag_run"].run_type.value == "scheduled":
        return False
    return Form.of(context).switch("dry_run", otherwise=True)


def lines(plan: SweepPlan) -> list[str]:
    """Return the plan as people read it, what is done first."""
    ordered = sorted(plan.findings, key=lambda one: (one.action == "keep", one.action, one.name))
    width = max((len(one.name) for one in ordered), default=0)
    text = [f"{one.action:<10} {one.name:<{width}}  {one.reason}" for one in ordered]
    return [*text, f"STOPPED: {plan.stopped}"] if plan.stopped else text


def messages(done: Iterable[Finding]) -> list[str]:
    """Return what the owners are told."""
    return [
        f"{one.owner}: {one.name} {WORDS[one.action].format(until=one.until, name=one.name)} ({one.reason})"
        for one in _owned(done)
    ]


def _alerts(plan: SweepPlan, policy: CleanupPolicy) -> list[str]:
    active = [one for one in plan.findings if one.reason != "dropped already"]
    alerts = []
    if len(active) > policy.sprawl.active:
        alerts.append(f"{len(active)} environments are active, more than {policy.sprawl.active}: sluice env list")
    unused = [one.name for one in plan.findings if (one.idle_hours or 0) >= policy.sprawl.unused_hours]
    if unused:
        alerts.append(f"not used for {policy.sprawl.unused_hours:g} hours: {', '.join(unused)}")
    if plan.stopped:
        alerts.append(f"the sweep stopped: {plan.stopped}; look at its plan, then run cleanup_sweep with `allow`")
    return alerts


def _summary(plan: SweepPlan) -> str:
    counts: dict[str, int] = {}
    for one in plan.findings:
        counts[one.action] = counts.get(one.action, 0) + 1
    said = ", ".join(f"{action} {count}" for action, count in sorted(counts.items())) or "nothing is there"
    return f"{said}; stopped: {plan.stopped}" if plan.stopped else said


def _xcom_summary(one: Finding) -> dict[str, object]:
    return {
        "environment": one.name,
        "action": str(one.action),
        "reason": one.reason,
        "evidence": list(one.evidence),
        "owner": one.owner,
        "until": one.until.isoformat() if one.until else None,
    }
