"""Where live comes from: which deployment each one replaced, and which were rolled back since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sluice.domain.journal.events import Event


@dataclass(frozen=True, slots=True)
class Lineage:
    """What an environment's journal says of its deployments, oldest first."""

    replaced: Mapping[str, str] = field(default_factory=dict)
    """By deployment: the one that it replaced when it was promoted."""
    rolled_back: Mapping[str, Event] = field(default_factory=dict)
    """By deployment: the rollback that took it out of live, if it has not come back since."""

    def ancestors(self, deployment: str) -> tuple[str, ...]:
        """Return what live was before this deployment, the nearest first."""
        line: list[str] = []
        while (former := self.replaced.get(line[-1] if line else deployment)) and former not in line:
            line.append(former)
        return tuple(line)

    def previous(self, live: str | None, retained: Collection[str]) -> str | None:
        """Return the retained deployment that `live` descends from; never one that was rolled back.

        `None` if there is none. Where it is unknown what live descends from, it is the latest that is retained.
        """
        good = [name for name in retained if name not in self.rolled_back]
        if live is None or live not in self.replaced:
            return max(good, default=None)  # a deployment's id begins with its time
        return next((name for name in self.ancestors(live) if name in good), None)


def lineage(events: Iterable[Event]) -> Lineage:
    """Return the lineage that an environment's `deployment.live` events tell, given in their order."""
    replaced: dict[str, str] = {}
    rolled_back: dict[str, Event] = {}
    for event in events:
        live, left = event.payload.get("live"), event.payload.get("retained")
        former = left.get("deployment") if isinstance(left, Mapping) else None
        if not isinstance(live, str):
            continue
        if event.deployment == live:  # a promotion or a refresh: it is new
            if isinstance(former, str):
                replaced[live] = former
            continue
        so_far = Lineage(replaced, rolled_back)
        if isinstance(former, str) and live in (ancestors := so_far.ancestors(former)):
            for undone in (former, *ancestors[: ancestors.index(live)]):
                rolled_back[undone] = event
        else:  # it was taken back by name: what had been left for its sake, or before it, is good again
            for restored in (live, *so_far.ancestors(live)):
                rolled_back.pop(restored, None)
        rolled_back.pop(live, None)
    return Lineage(replaced, rolled_back)
