"""What people read when they are asked: the line in Airflow's list of required actions, and the page behind it.

The page is short, so that its buttons are seen without scrolling in a window of 1440 by 900; what it leaves out,
`sluice explain promote` and the XCom of the task `plan` have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sluice.airflow import approval_rows as rows
from sluice.airflow.markdown import bold, code, names, plain, table, text
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict

NOBODY = "airflow"
"""The actor of what a schedule or an asset has started by itself."""
_RELEASE = 9
"""Characters of a release's id that a headline shows: the r and eight digits."""
_REASON, _REASON_IN_SUBJECT = 240, 90
_ROOM = 900
"""Characters of the longer cells and the reason together, so that the buttons below stay in the window."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: a line of plain text, and a page of Markdown."""

    subject: str
    body: str


def about_promotion(deployment: Deployment, plan: StageReport, approvers: Sequence[str]) -> Question:
    """Return the question whether a planned promotion may begin."""
    facts, environment = plan.facts, deployment.environment
    full = "full refresh of " if deployment.full_refresh else ""
    models, cautions = rows.models(facts), rows.texts(facts, "cautions")
    room = _ROOM - len(models) - sum(map(len, cautions)) - min(len(deployment.reason), _REASON)
    cells = [
        ("Live now", rows.live_now(facts)),
        ("Live after", rows.live_after(deployment, facts)),
        ("Models", models),
        (f"Gates in {plain(facts.get('upstream') or 'upstream')}", rows.validation(facts, room)),
        ("Cost", f"{rows.cost(plan.evidence)} · {rows.warehouse(facts)}"),
        *(("Caution", text(line)) for line in cautions),
    ]
    closing = (
        f"**Approve**: a clone of {text(facts.get('live') or environment)} is built, judged by "
        f"{len(rows.texts(facts, 'gates'))} gates and swapped in. **Reject**: {text(environment)} stays as it is.\n\n"
        f"More: {code(f'sluice explain promote {environment}')}, {code(f'sluice history {environment}')}"
    )
    return _question(
        f"Promote {full}{_what(deployment)} to {environment}?", deployment, approvers, table(cells), closing
    )


def about_marginal(deployment: Deployment, evidence: Sequence[Evidence], approvers: Sequence[str]) -> Question:
    """Return the question whether a candidate that the gates call marginal may become live."""
    environment = text(deployment.environment)
    doubtful = [each for each in rows.worst_first(evidence) if each.verdict is not Verdict.PASS]
    cells = [
        *((each.gate, f"{bold(each.verdict)}: {rows.seen(each)}{rows.details(each)}") for each in doubtful),
        ("Passed", rows.gates([each for each in evidence if each.verdict is Verdict.PASS], _ROOM // 2) or "no gate"),
    ]
    kept = "is kept for inspection" if deployment.keep_candidate else "is dropped"
    closing = (
        f"**Approve**: the candidate is swapped in, {environment} has the new release. "
        f"**Reject**: the candidate {kept}, {environment} stays as it is.\n\n"
        f"More: {code(f'sluice history {deployment.environment}')}"
    )
    doubt = "1 gate is" if len(doubtful) == 1 else f"{len(doubtful)} gates are"
    asked = f"Promote {_what(deployment)} to {deployment.environment} although {doubt} marginal?"
    return _question(asked, deployment, approvers, table(cells), closing)


def about_cost(deployment: Deployment, plan: StageReport, approvers: Sequence[str]) -> Question:
    """Return the question whether something may be built that may cost more than is left of the day's budget."""
    environment = text(deployment.environment)
    verbs = {"promotion": f"Promote {_what(deployment)} to", "refresh": f"Build {_what(deployment)} in"}
    asked = verbs.get(deployment.kind, "Build") if deployment.release else "Refresh"
    cells = [("Cost", rows.cost(plan.evidence))]
    if "counts" in plan.facts:
        cells += [("Models", rows.models(plan.facts)), ("Warehouse", rows.warehouse(plan.facts))]
    else:
        cells.append(("Plan", text(plan.summary)))
    closing = (
        f"**Approve**: it is built all the same. **Reject**: nothing is built, {environment} stays as it is.\n\n"
        f"More: {code('sluice budget status')}"
    )
    subject = f"{asked} {deployment.environment} although it may cost more than is left of its budget?"
    return _question(subject, deployment, approvers, table(cells), closing)


def about_environment(deployment: Deployment, plan: StageReport, approvers: Sequence[str]) -> Question:
    """Return the question whether an environment may be made."""
    facts, steps = plan.facts, rows.texts(plan.facts, "steps")
    wanted = (("Owner", "owner"), ("Data", "base"), ("Warehouse", "size"), ("Budget", "budget"))
    cells = [(label, text(facts[name])) for label, name in wanted if facts.get(name)]
    cells += [
        ("First build", rows.cost(plan.evidence)),
        ("Steps", f"{bold(rows.count(facts, 'steps'))}: {rows.joined(steps, rows.count(facts, 'steps'))}"),
    ]
    closing = (
        "**Approve**: it is made. **Reject**: nothing is made.\n\n"
        f"More: the log of the task {code('explain')} has every step."
    )
    asked = f"Create the {facts.get('kind') or ''} environment {deployment.environment}?"
    return _question(asked, deployment, approvers, table(cells), closing)


def four_eyes(actor: str, approvers: Sequence[str]) -> str:
    """Return who may answer and who may not, said before anybody clicks: Airflow shows its buttons to everyone."""
    person = actor if actor and actor != NOBODY else ""
    who = f"**{names(approvers)}**" if approvers else "anyone who may edit this DAG"
    if not person:
        return f"Approvers: {who}. No person started this."
    if not approvers:
        return (
            f"Approvers: {who}, except {bold(person)}, who started this: an answer of {text(person)}'s fails the run."
        )
    return (
        f"Approvers: {who}. {text(person)} started this, so {bold(person)} cannot approve it: "
        f"the buttons answer {text(person)} with *Access Denied*."
    )


def _question(asked: str, deployment: Deployment, approvers: Sequence[str], facts: str, closing: str) -> Question:
    actor, reason = deployment.actor or NOBODY, plain(deployment.reason, _REASON)
    subject = plain(f"{asked} {actor}: {plain(reason, _REASON_IN_SUBJECT) or 'no reason given'}")
    who = f"{bold(actor)} asks: {text(reason)}" if reason else f"{bold(actor)} asks, and gave no reason."
    return Question(subject, "\n\n".join([who, four_eyes(deployment.actor, approvers), facts, closing]))


def _what(deployment: Deployment) -> str:
    return f"{plain(deployment.project, 40) or 'release'} {deployment.release[:_RELEASE]}"
