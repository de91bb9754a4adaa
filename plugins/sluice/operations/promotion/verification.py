"""After the cut-over: live, read by its live name as those who consume it, passes what the policies ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sluice.dbt import artifacts
from sluice.dbt.invoke import run
from sluice.domain.journal.events import Kind
from sluice.domain.names import Identifier
from sluice.domain.promotion.cutover import named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, failed
from sluice.domain.promotion.gate_policy import Check
from sluice.errors import RefusedError, StopError
from sluice.operations.heartbeat import heartbeat
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, promotion_sql
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import NoComputeError, snowflake_message
from sluice.snowflake.statements import use_database

VERIFIED = "deployment.verified"
_ROWS = 5
"""Rows of which a failing check shows what it may."""
_TAG = dbt_builds.AFTER.removeprefix("tag:")


def verify(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Know that live bears what is wanted and that its consumers find it right.

    A rollback is somebody's decision: what its checks find is reported, and what came back stays. To swap once more
    would bring the release back that had to go.
    """
    with stage("verify", work, deployment, now) as running:
        exchange, marker = running.exchange(), running.markers().get(running.live.name)
        if marker != exchange.wanted:
            raise StopError(f"live bears {named(marker)}", where=exchange.live, value=named(exchange.wanted))
        answers = checked(running, checks_of(running))
        evidence = answers if deployment.kind == "rollback" else (*answers, *_tested(running))
        running.note(VERIFIED, {"evidence": [piece.to_json() for piece in evidence]})
        bad = failed(evidence)
        if not bad:
            return running.report(f"{len(evidence)} checks of live pass", {}, evidence)
        if deployment.kind != "rollback":
            raise running.refuse("live does not pass", evidence, untouched="the former live, which comes back by undo")
        names = ", ".join(dict.fromkeys(piece.gate for piece in bad))
        summary = f"{named(marker)} is live again and stays; {len(bad)} of {len(evidence)} checks do not pass: {names}"
        return running.report(summary, {"failing": len(bad)}, evidence)


def checked(running: Stage, checks: tuple[Check, ...]) -> tuple[Evidence, ...]:
    """Return what the checks say of live, asked as each consumer role.

    Raises:
        NoComputeError: the environment's warehouse may not run, so that nothing can be said of live.
    """
    readers = running.spec.access.readers or (running.spec.access.role,)
    evidence: list[Evidence] = []
    for role in readers:
        with running.work.reader(running.deployment.environment, role) as session:
            evidence.append(_enters(session, running.live, role))
            evidence += [
                _check(session, check, role) for check in checks if evidence[-1].verdict is Verdict.PASS or check
            ]
            running.session.statements += session.statements
    return tuple(evidence)


def checks_of(running: Stage) -> tuple[Check, ...]:
    """Return the checks that live is asked: those of today, or for a rollback those that came with what comes back."""
    environment, restored = running.deployment.environment, running.deployment.restores
    if running.deployment.kind == "rollback" and restored is not None:
        lived = journal.read(running.session, environment=environment, deployment=restored, kinds=(Kind.LIVE,))
        kept = lived[-1].payload.get("checks") if lived else None
        if isinstance(kept, list):
            return tuple(Check.model_validate(check) for check in kept)
    return running.work.checks(environment)


def _enters(session: Session, live: Identifier, role: Identifier) -> Evidence:
    try:
        session.run(use_database(live))
    except RefusedError as error:
        return Evidence("access", Verdict.FAIL, error.message, f"{role} may use {live}")
    return Evidence("access", Verdict.PASS, f"{role} uses {live}", "may use it")


def _check(session: Session, check: Check, role: Identifier) -> Evidence:
    limit = "some rows" if check.expect == "rows" else "no rows"
    try:
        rows = session.run(promotion_sql.as_written(check.sql))
    except NoComputeError:
        raise
    except (RefusedError, StopError) as error:
        asked = (f"as {role}", f"checks.yml, {check.name}: {check.sql}")
        return Evidence(check.name, Verdict.FAIL, snowflake_message(error), limit, asked)
    good = bool(rows) == (check.expect == "rows")
    return Evidence(
        check.name,
        Verdict.PASS if good else Verdict.FAIL,
        f"{len(rows)} rows",
        limit,
        () if good else _shown(check, rows),
    )


def _shown(check: Check, rows: list[Row]) -> tuple[str, ...]:
    """What may be said of rows that reach notices and logs: their columns, and values where the policy allows it."""
    if not rows:
        return ()
    columns = f"columns: {', '.join(rows[0])}"
    allowed = [name for name in (column.lower() for column in check.show) if name in rows[0]]
    values = (", ".join(f"{name} = {row[name]}" for name in allowed) for row in rows[:_ROWS] if allowed)
    return (columns, *values)


def _tested(running: Stage) -> tuple[Evidence, ...]:
    """What the project's own tests of live say: those with the tag post_promotion."""
    environment, key = running.deployment.environment, running.deployment.id
    into = dbt_builds.scratch() / "runs" / environment / key / "verified"
    manifest = artifacts.fetch(running.work.store, environment, key, "manifest.json", into)
    tags = {tag for node in artifacts.nodes(manifest).values() for tag in node.tags} if manifest is not None else {_TAG}
    if _TAG not in tags:
        return ()
    call = dbt_builds.invocation(running.work, environment, running.deployment.release, running.live, key)
    (call.artifacts / "run_results.json").unlink(missing_ok=True)
    with heartbeat(running) as beat:
        run(replace(call, may_go_on=beat.check), ["test", "--select", dbt_builds.AFTER], check=False)
    results = artifacts.results(call.artifacts / "run_results.json")
    evidence = dbt_builds.dbt_evidence(running.work.gates(environment).dbt, results)
    return (Evidence("post-promotion tests", evidence.verdict, evidence.observed, evidence.limit, evidence.detail),)
