"""A promotion as data: the order of its stages, what it would change, and the way of a release through environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.domain.names import Marker
from sluice.domain.promotion.deployments import Deployment
from sluice.domain.promotion.evidence import Evidence, Verdict
from sluice.domain.promotion.model_diff import Changes
from sluice.errors import RefusedError, SpecError

PROMOTION = (
    "lock",
    "scale_up",
    "check_source",
    "check_target",
    "record_undo",
    "clone",
    "build",
    "judge",
    "cut_over",
    "verify",
    "settle",
    "scale_down",
    "unlock",
)
ROLLBACK = ("lock", "record_undo", "cut_over", "verify", "settle", "unlock")
REFRESH = ("lock", "scale_up", "build_in_place", "register", "scale_down", "unlock")
ALWAYS = frozenset({"scale_down", "unlock"})
"""Run at the end whatever happened before."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that could not be read, and why; it is shown as unknown, never left out."""

    why: str


@dataclass(frozen=True, slots=True)
class LiveNow:
    """What an environment's live database holds before the promotion."""

    release: str | None = None
    """None: no deployment was ever made here."""
    commit: str | Unread | None = None
    """None: the release was not made from an unchanged git commit."""
    since: datetime | Unread | None = None


@dataclass(frozen=True, slots=True)
class Validation:
    """What the upstream's gates said of this very release when it was deployed there."""

    deployment: str
    at: datetime
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """What a promotion would do, known before anything is touched."""

    deployment: Deployment
    commit: str | None
    """The git commit of the release, where it was made from one."""
    upstream: str
    validation: Validation | Unread
    live: str
    candidate: str
    live_now: str
    """What live bears now, in words."""
    before: LiveNow
    live_already: bool
    """Whether live bears this very release."""
    changes: Changes
    why: str
    """Why these nodes are built."""
    approval: bool
    gates: tuple[str, ...]
    warehouse: str
    size: str
    """Of the warehouse, as its spec says."""
    scale: tuple[str, str] | None
    """Warehouse size before and during, where it differs."""
    cautions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the plan as primitives, for the journal, the approval and the page.

        A fact that could not be read is None, and `unknown` says why.
        """
        facts = {
            "live_commit": self.before.commit,
            "live_since": self.before.since,
            "validation": self.validation,
        }
        return {
            "project": self.deployment.project,
            "release": self.deployment.release,
            "commit": self.commit,
            "upstream": self.upstream,
            "live": self.live,
            "candidate": self.candidate,
            "live_now": self.live_now,
            "live_release": self.before.release,
            **{name: _primitive(fact) for name, fact in facts.items()},
            "unknown": {name: fact.why for name, fact in facts.items() if isinstance(fact, Unread)},
            "live_already": self.live_already,
            "why": self.why,
            "counts": {"built": len(self.changes.built), "removed": len(self.changes.removed)},
            "built": list(self.changes.built),
            "kept": len(self.changes.kept),
            "removed": list(self.changes.removed),
            "history": list(self.changes.history),
            "tests": self.changes.tests,
            "approval": self.approval,
            "gates": list(self.gates),
            "warehouse": self.warehouse,
            "size": self.size,
            "scale": list(self.scale) if self.scale else None,
            "cautions": list(self.cautions),
            "lines": list(explain(self)),
        }


def explain(plan: PromotionPlan) -> tuple[str, ...]:
    """Return the plan in lines: the very stages that run, in their order."""
    deployment, changes = plan.deployment, plan.changes
    full = ", full refresh" if deployment.full_refresh else ""
    what = f"{deployment.project} {deployment.release}".strip()
    counts = f"{len(changes.built)} built, {len(changes.kept)} kept, {len(changes.removed)} removed"
    way = f"{plan.upstream} → {deployment.environment}{full}"
    resized = f"{plan.scale[0]} → {plan.scale[1]}, and back at the end" if plan.scale else f"stays {plan.size}"
    return (
        f"deployment {deployment.id}: release {what} ({_commit(plan.commit)}), {way}",
        f"live {plan.live} bears {plan.live_now}{_before(plan.before)}",
        *_validated(plan),
        f"approve: {'a named person approves first' if plan.approval else 'no approval needed'}",
        "lock: no other run changes this environment",
        f"scale up: {plan.warehouse} {resized}",
        f"check source: {plan.upstream} is live with this release and passes",
        "check target: reachable, compiles, recoverable, nothing that a swap would break",
        "record undo, then change",
        f"clone: {plan.live} → {plan.candidate}",
        f"build ({plan.why}): {counts}, {changes.tests} tests",
        *(f"  build {short_name(name)}" for name in changes.built),
        *(f"  remove {name}" for name in changes.removed),
        *(
            f"  keep {name}: a snapshot that left the project; its history cannot be built again"
            for name in changes.history
        ),
        f"judge: {', '.join(plan.gates)}",
        f"cut over: {plan.live} and {plan.candidate} exchange names",
        "verify as a consumer; roll back automatically if that fails",
        "settle: the former live is kept for rollback",
        *(f"caution: {line}" for line in plan.cautions),
    )


def short_name(node: str) -> str:
    """Return a dbt node's name without its kind and project: `dim_dates` of `model.shop.dim_dates`."""
    return node.split(".", 2)[-1]


def moment(at: datetime) -> str:
    """Return a moment as people read it: `2026-11-30 22:29 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _before(before: LiveNow) -> str:
    if before.release is None:
        return ""
    commit = f"commit unknown ({before.commit.why})" if isinstance(before.commit, Unread) else _commit(before.commit)
    return f": release {before.release} ({commit}), {_since(before.since)}"


def _since(since: datetime | Unread | None) -> str:
    if isinstance(since, datetime):
        return f"since {moment(since)}"
    return "since when is unknown" + (f" ({since.why})" if since is not None else "")


def _commit(commit: str | None) -> str:
    return f"commit {commit}" if commit else "of no git commit"


def _validated(plan: PromotionPlan) -> list[str]:
    """The upstream's gates, one line each."""
    validation = plan.validation
    if isinstance(validation, Unread):
        return [f"what the gates of {plan.upstream} said of this release is unknown: {validation.why}"]
    passed = sum(finding.verdict is Verdict.PASS for finding in validation.evidence)
    result = (
        f"{passed} of {len(validation.evidence)} gates passed"
        if validation.evidence
        else "no gate's result is on record"
    )
    return [
        f"{plan.upstream} took this release {moment(validation.at)} (deployment {validation.deployment}): {result}",
        *(
            f"  {finding.verdict} {finding.gate}: {finding.observed} (limit: {finding.limit})"
            for finding in validation.evidence
        ),
    ]


def _primitive(fact: str | datetime | Validation | Unread | None) -> object:
    match fact:
        case datetime():
            return fact.isoformat()
        case Validation():
            evidence = [each.to_json() for each in fact.evidence]
            return {"deployment": fact.deployment, "at": fact.at.isoformat(), "evidence": evidence}
        case Unread():
            return None
        case _:
            return fact


def released_upstream(
    environment: str,
    upstream: str | None,
    marker: Marker | None,
    requested: str | None,
    lives: Mapping[str, str | None],
) -> str:
    """Return the release to promote: the one live upstream, and no other; out of order is refused, saying the way."""
    if upstream is None:
        raise SpecError(
            "this environment has no upstream: releases begin here, by a refresh",
            where=f"environments.{environment}.upstream",
            value=None,
            good="promote to an environment whose spec names an upstream",
            untouched="everything",
        )
    live = marker.release if marker else None
    if live is None:
        raise RefusedError(
            f"no release is live in {upstream}, from which {environment} is promoted",
            where=f"environment {upstream}",
            value=None,
            good=f"first {'refresh' if upstream not in lives else 'promote or refresh'} {upstream}",
            untouched="everything",
        )
    if requested is not None and requested != live:
        elsewhere = [name for name, release in lives.items() if release == requested and name != upstream]
        hint = f"; it is live in {', '.join(elsewhere)}: promote it to {upstream} first" if elsewhere else ""
        raise RefusedError(
            f"{environment} takes only what {upstream} has validated{hint}",
            where="release",
            value=requested,
            good=live,
            untouched="everything",
        )
    return live
