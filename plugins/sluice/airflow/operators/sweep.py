"""The sweep as two tasks: what would be done is seen first; then it is done, and people are notified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sluice.airflow.notifications import channels, send
from sluice.airflow.operators.access import describe
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.triggered_by import caller
from sluice.airflow.xcom_summary import summary

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.cleanup.cleanup_plan import Finding, SweepPlan
    from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
    from sluice.operations.cleanup.sweep import Swept
    from sluice.operations.workspace import Workspace


WORDS = {
    "notice": "will be quarantined at {until:%Y-%m-%d %H:%M} UTC; keep it: sluice env extend|pin {name} --reason …",
    "quarantine": "is quarantined until {until:%Y-%m-%d %H:%M} UTC, then dropped; back: sluice env undo {name}",
    "drop": "is dropped; while Snowflake keeps it: sluice env undo {name}",
}
"""What an owner reads of each step."""


class PlanSweepOperator(SluiceOperator):
    """What a sweep would do now, each with its reason, is in the log and in the store; nothing has changed.

        PlanSweepOperator(task_id="plan")

    XCom has `summary`, how many environments there are of each action (`actions`), where the whole plan is `kept`, and
    of what is not kept as it is, as much as fits: `findings`, `revoke`, `leftovers`; `stopped` says why nothing would
    be removed.

    Args:
        allow: So many removals at once, a whole number, where the bounds of include/policies/cleanup.yml would stop the
            sweep. Not given: the bounds count.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant; when the DAG file is read, if it is known then.
    """

    custom_operator_name = "Plan sweep"
    template_fields: Sequence[str] = ("allow",)

    def __init__(self, *, allow: int | str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.allow = allow
        self.refuse_wrong()

    def read(self) -> int | None:
        """Return how many removals are allowed; None: as many as the policy says."""
        return self.arguments().positive("allow")

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look, judge, and log."""
        from sluice.operations.cleanup.kept_plans import keep_plan
        from sluice.operations.cleanup.orphans import find
        from sluice.operations.cleanup.sweep import expired, plan_sweep
        from sluice.operations.policies import policy_files

        del context
        allowed, policy, now = self.read(), policy_files().cleanup(), workspace.now()
        plan = plan_sweep(workspace, policy, now, allowed=allowed)
        revoke = [describe(grant) for grant in expired(workspace, now)]
        leftovers = [f"{'clear' if orphan.drop else 'report':<10} {orphan}" for orphan in find(workspace, policy, now)]
        text = [*lines(plan), *(f"revoke     {grant}" for grant in revoke), *leftovers]
        for line in text:
            self.log.info("%s", line)
        return plan_summary(plan, revoke, leftovers, keep_plan(workspace, text, now))


class SweepEnvironmentsOperator(SluiceOperator):
    """Owners are notified, and what they were notified of long enough ago is quarantined or dropped.

        SweepEnvironmentsOperator(task_id="sweep", apply=True)

    XCom has `summary`, how many there are of each list (`counts`), and of each as much as fits: `done`, `failed`,
    `forgotten`, `revoked`, `cleared`; `stopped` says why nothing was removed. Every step is in the journal.

    Args:
        apply: Do it; false: a dry run, which changes nothing. Not given: true in a scheduled run, else false.
        allow: So many removals at once, a whole number, where the bounds of include/policies/cleanup.yml stopped a
            sweep. Not given: the bounds count.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant; when the DAG file is read, if it is known then.
    """

    custom_operator_name = "Sweep"
    template_fields: Sequence[str] = ("apply", "allow")

    def __init__(self, *, apply: bool | str | None = None, allow: int | str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.apply = apply
        self.allow = allow
        self.refuse_wrong()

    def read(self) -> int | None:
        """Return how many removals are allowed; None: as many as the policy says."""
        self.arguments().switch("apply")
        return self.arguments().positive("allow")

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Plan again, since a person may have answered meanwhile, and do it."""
        from sluice.operations.cleanup.sweep import plan_sweep, run_sweep
        from sluice.operations.policies import policy_files

        allowed = self.read()
        if not self.arguments().switch("apply", otherwise=is_scheduled(context)):
            self.log.info("a dry run: nothing is done")
            return {"summary": "a dry run: nothing was done", "dry_run": True}
        policy, by = policy_files().cleanup(), caller(workspace, context)
        plan = plan_sweep(workspace, policy, by.now, allowed=allowed, holder=by.holder)
        swept = run_sweep(workspace, plan, by, policy, allowed=allowed)
        self._notify(workspace, plan, swept, policy)
        return sweep_summary(plan, swept)

    def _notify(self, workspace: Workspace, plan: SweepPlan, swept: Swept, policy: CleanupPolicy) -> None:
        for finding, text in zip(_owned(swept.done), messages(swept.done), strict=True):
            self._send(text, channels(finding.name), f"sluice sweep {finding.name}")
        everyone = sorted(
            {channel for spec in workspace.environments.values() for channel in spec.monitoring.channels[:1]}
        )
        revoked = [f"access revoked: {describe(grant)}" for grant in swept.revoked]
        cleared = [f"cleared: {orphan}" for orphan in swept.cleared]
        failed = [f"{name} is left alone: {why}" for name, why in swept.failed]
        for text in (*revoked, *cleared, *_alerts(plan, policy), *failed):
            self._send(text, everyone, "sluice sweep")

    def _send(self, text: str, where: Iterable[str], key: str) -> None:
        self.log.info("%s", text)
        for channel in where:
            if channel != "pagerduty":  # nobody is woken by a sweep
                send(channel, text, severity="warning", key=key)


def plan_summary(plan: SweepPlan, revoke: Sequence[str], leftovers: Sequence[str], kept: str) -> dict[str, object]:
    """Return what XCom has of a plan: counts, and what is not kept as it is."""
    return summary(
        {
            "summary": _counted(plan),
            "actions": dict(Counter(str(finding.action) for finding in plan.findings)),
            "findings": [_xcom_summary(finding) for finding in plan.findings if finding.action != "keep"],
            "revoke": list(revoke),
            "leftovers": list(leftovers),
            "stopped": plan.stopped,
            "kept": kept,
        }
    )


def sweep_summary(plan: SweepPlan, swept: Swept) -> dict[str, object]:
    """Return what XCom has of a sweep: counts, and what was done."""
    lists: dict[str, list[object]] = {
        "done": [_xcom_summary(finding) for finding in swept.done],
        "failed": [f"{name}: {why}" for name, why in swept.failed],
        "forgotten": list(swept.forgotten),
        "revoked": [describe(grant) for grant in swept.revoked],
        "cleared": [str(orphan) for orphan in swept.cleared],
    }
    return summary(
        {
            "summary": f"{len(swept.done)} taken a step further, {len(swept.failed)} left alone",
            "counts": {name: len(entries) for name, entries in lists.items()},
            **lists,
            "stopped": plan.stopped,
        }
    )


def is_scheduled(context: Context) -> bool:
    """Whether a clock has started this run."""
    return bool(context["dag_run"].run_type.value == "scheduled")


def _owned(done: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in done if finding.action in WORDS]


def lines(plan: SweepPlan) -> list[str]:
    """Return the plan as people read it, what is done first."""
    ordered = sorted(plan.findings, key=lambda finding: (finding.action == "keep", finding.action, finding.name))
    width = max((len(finding.name) for finding in ordered), default=0)
    text = [f"{finding.action:<10} {finding.name:<{width}}  {finding.reason}" for finding in ordered]
    return [*text, f"STOPPED: {plan.stopped}"] if plan.stopped else text


def messages(done: Iterable[Finding]) -> list[str]:
    """Return what the owners read."""
    return [
        f"{finding.owner}: {finding.name} "
        f"{WORDS[finding.action].format(until=finding.until, name=finding.name)} ({finding.reason})"
        for finding in _owned(done)
    ]


def _alerts(plan: SweepPlan, policy: CleanupPolicy) -> list[str]:
    active = [finding for finding in plan.findings if finding.reason != "dropped already"]
    alerts = []
    if len(active) > policy.sprawl.active:
        alerts.append(f"{len(active)} environments are active, more than {policy.sprawl.active}: sluice env list")
    unused = [finding.name for finding in plan.findings if (finding.idle_hours or 0) >= policy.sprawl.unused_hours]
    if unused:
        alerts.append(f"not used for {policy.sprawl.unused_hours:g} hours: {', '.join(unused)}")
    if plan.stopped:
        alerts.append(f"the sweep stopped: {plan.stopped}; look at its plan, then run cleanup_sweep with `allow`")
    return alerts


def _counted(plan: SweepPlan) -> str:
    counts = sorted(Counter(str(finding.action) for finding in plan.findings).items())
    text = ", ".join(f"{action} {count}" for action, count in counts) or "nothing is there"
    return f"{text}; stopped: {plan.stopped}" if plan.stopped else text


def _xcom_summary(finding: Finding) -> dict[str, object]:
    return {
        "environment": finding.name,
        "action": str(finding.action),
        "reason": finding.reason,
        "evidence": list(finding.evidence),
        "owner": finding.owner,
        "until": finding.until.isoformat() if finding.until else None,
    }
