"""A promotion as data: the order of its stages, what it would change, and the way of a release through environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.domain.changes import Changes
from sluice.domain.deployments import Deployment
from sluice.domain.names import Marker
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
class PromotionPlan:
    """What a promotion would do, known before anything is touched."""

    deployment: Deployment
    upstream: str
    live: str
    candidate: str
    live_now: str
    """What live bears now, in words."""
    live_already: bool
    """Whether live bears this very release."""
    changes: Changes
    why: str
    """Why these nodes are built."""
    approval: bool
    gates: tuple[str, ...]
    scale: tuple[str, str] | None
    """Warehouse size before and during, where it differs."""
    cautions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the plan as primitives, for the journal, the approval and the page."""
        return {
            "upstream": self.upstream,
            "live": self.live,
            "candidate": self.candidate,
            "live_now": self.live_now,
            "why": self.why,
            "built": list(self.changes.built),
            "kept": len(self.changes.kept),
            "removed": list(self.changes.removed),
            "tests": self.changes.tests,
            "approval": self.approval,
            "gates": list(self.gates),
            "scale": list(self.scale) if self.scale else None,
            "cautions": list(self.cautions),
            "lines": list(explain(self)),
        }


def explain(plan: PromotionPlan) -> tuple[str, ...]:
    """Return the plan in lines: the very stages that run, in their order."""
    deployment, changes = plan.deployment, plan.changes
    full = ", full refresh" if deployment.full_refresh else ""
    lines = [
        f"deployment {deployment.id}: release {deployment.release}, {plan.upstream} → {deployment.environment}{full}",
        f"live {plan.live} bears {plan.live_now}",
        f"approve: {'a named person says yes first' if plan.approval else 'nobody is asked'}",
        "lock: this environment is ours alone",
    ]
    if plan.scale:
        lines.append(f"scale up: {plan.scale[0]} → {plan.scale[1]}, and back at the end")
    counts = f"{len(changes.built)} built, {len(changes.kept)} kept, {len(changes.removed)} removed"
    lines += [
        f"check source: {plan.upstream} is live with this release and passes",
        "check target: reachable, compiles, recoverable, nothing that a swap would break",
        "record undo, then change",
        f"clone: {plan.live} → {plan.candidate}",
        f"build ({plan.why}): {counts}, {changes.tests} tests",
        *(f"  build {name}" for name in changes.built[:30]),
        *([f"  … and {len(changes.built) - 30} more"] if len(changes.built) > 30 else []),  # noqa: PLR2004
        *(f"  remove {name}" for name in changes.removed),
        f"judge: {', '.join(plan.gates)}",
        f"cut over: {plan.live} and {plan.candidate} exchange names",
        "verify as a consumer; roll back by itself if that fails",
        "settle: the former live is kept for rollback",
        *(f"caution: {line}" for line in plan.cautions),
    ]
    return tuple(lines)


def released_upstream(
    environment: str, upstream: str | None, marker: Marker | None, asked: str | None, lives: Mapping[str, str | None]
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
    if asked is not None and asked != live:
        elsewhere = [name for name, release in lives.items() if release == asked and name != upstream]
        hint = f"; it is live in {', '.join(elsewhere)}: promote it to {upstream} first" if elsewhere else ""
        raise RefusedError(
            f"{environment} takes only what {upstream} has validated{hint}",
            where="release",
            value=asked,
            good=live,
            untouched="everything",
        )
    return live
