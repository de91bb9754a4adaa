"""The judgement of a candidate: all evidence is in the journal before the verdict counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sluice.domain.journal.events import Kind
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, failed, worst
from sluice.operations.promotion import gates
from sluice.operations.stage import stage
from sluice.operations.workspace import Workspace


def judge(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Know what every gate says of the candidate; a failure refuses it, a marginal one asks as the policy says."""
    with stage("judge", work, deployment, now) as judging:
        exchange = judging.exchange()
        if judging.markers().get(exchange.live) == exchange.wanted:
            return judging.report("live bears this deployment already", {"live_already": True})
        candidate: gates.Candidate = gates.read_candidate(judging, exchange)
        evidence = _marginal(candidate.gates.marginal, gates.evidence(candidate))
        if failed(evidence):
            raise judging.refuse("the candidate does not pass", evidence, untouched=exchange.live)
        verdict = worst(evidence)
        judging.note(Kind.JUDGED, {"candidate": exchange.incoming, "verdict": verdict.value, "gates": len(evidence)})
        return judging.report(f"{len(evidence)} gates: {verdict.value}", {"verdict": verdict.value}, evidence)


def _marginal(policy: Literal["ask", "pass", "fail"], evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """What the policy makes of a marginal verdict; where nobody is asked, the evidence says so."""
    if policy == "ask":
        return evidence
    verdict = Verdict.PASS if policy == "pass" else Verdict.FAIL
    note = f"marginal; the policy says {policy}"
    return tuple(
        replace(found, verdict=verdict, detail=(note, *found.detail)) if found.verdict is Verdict.MARGINAL else found
        for found in evidence
    )
