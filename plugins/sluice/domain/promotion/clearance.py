"""Whether a candidate may be cut over to: judged as it is, and approved by who has to, of what is live."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from sluice.domain.journal.events import Event, Kind
from sluice.domain.promotion.deployments import StageReport
from sluice.domain.promotion.evidence import Verdict

JUDGE = "judge"
About = Literal["promotion", "marginal", "cost"]
"""What a person is asked: whether to promote, to accept a marginal verdict, or to spend more than is left."""


def shown_hash(reports: Iterable[StageReport]) -> str:
    """Return what tells one plan or verdict, as it was shown to an approver, from another."""
    text = json.dumps([report.to_json() for report in reports], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lacking(events: Sequence[Event], *, approval: bool, live: str) -> str | None:
    """Return what is lacking before the cut-over, by the deployment's events, oldest first; None: nothing.

    `live` names what live bears now: an approval that was given when it bore something else does not count.
    """
    said = [event for event in events if _says_of_the_candidate(event)]
    if not said or said[-1].kind != Kind.JUDGED:
        return "the gates have not passed it as it is now" if said else "there is no candidate that was judged"
    approvals = {str(event.payload.get("about")): event.payload for event in events if event.kind == Kind.APPROVED}
    if said[-1].payload.get("verdict") != Verdict.PASS and "marginal" not in approvals:
        return "the gates call it marginal, and nobody has accepted that"
    return _unapproved(approvals, live) if approval else None


def _says_of_the_candidate(event: Event) -> bool:
    if event.kind == Kind.REFUSED:
        return event.payload.get("stage") == JUDGE
    return event.kind == Kind.JUDGED or event.kind.startswith("candidate.")


def _unapproved(approvals: Mapping[str, Mapping[str, object]], live: str) -> str | None:
    given = approvals.get("promotion")
    if given is None:
        return "nobody has approved it"
    if given.get("live_now") != live:
        return f"it was approved when live bore {given.get('live_now')}; it bears {live} now"
    return None
