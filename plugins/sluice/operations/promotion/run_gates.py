"""The gates of a candidate: each is given what it judges; all evidence is in the journal before the verdict counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sluice.dbt import artifacts
from sluice.dbt.project import REF_OVERRIDE
from sluice.domain.names import Identifier
from sluice.domain.promotion import gate_checks
from sluice.domain.promotion.cutover import Exchange
from sluice.domain.promotion.database_rights import Right, lost, visible
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, failed, worst
from sluice.domain.promotion.gate_policy import Metric
from sluice.domain.promotion.inventory import Inventory, foreign_changes, from_json
from sluice.domain.promotion.model_diff import Node
from sluice.domain.promotion.view_references import escapes
from sluice.errors import RefusedError, StopError
from sluice.operations.promotion.candidate import BUILT, CLONED
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import observe, promotion_sql
from sluice.snowflake.error_mapping import NoComputeError, StatementError, snowflake_message
from sluice.snowflake.statements import use_database

_CURE = f"to fix a dbt project: put this into macros/ref.sql, so that its views name no database:\n{REF_OVERRIDE}"


def judge(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Know what every gate says of the candidate; a failure refuses it, a marginal one asks as the policy says."""
    with stage("judge", work, deployment, now) as one:
        exchange = one.exchange()
        if one.markers().get(exchange.live) == exchange.wanted:
            return one.report("live bears this deployment already", {"live_already": True})
        evidence = _marginal(work.gates(deployment.environment).marginal, tuple(_evidence(one, exchange)))
        if failed(evidence):
            raise one.refuse("the candidate does not pass", evidence, untouched=exchange.live)
        verdict = worst(evidence)
        return one.report(f"{len(evidence)} gates: {verdict.value}", {"verdict": verdict.value}, evidence)


def writers(one: Stage, exchange: Exchange) -> tuple[str, ...]:
    """Return what someone else did to live since it was cloned."""
    cloned = one.recall(CLONED)
    if not cloned:
        raise StopError("no clone is noted for this deployment", where=exchange.live, untouched=exchange.live)
    return foreign_changes(from_json(cloned[-1].payload["live"]), observe.inventory(one.session, one.live))


def _evidence(one: Stage, exchange: Exchange) -> list[Evidence]:
    """Every gate that is switched on, in the order of the plan."""
    gates, environment = one.work.gates(one.deployment.environment), one.deployment.environment
    candidate, session = Identifier.from_account(exchange.incoming), one.session
    built = _built(one, exchange)
    removed = {str(name) for name in _list(built.get("removed"))}
    results, nodes = _artifacts(one)
    before, after = observe.inventory(session, one.live), observe.inventory(session, candidate)
    roles, rights, new_rights = _rights(one, candidate)
    ours = {relation for node in nodes.values() if (relation := node.relation)} | removed
    texts = observe.view_texts(session, candidate) if gates.self_containment.enabled else {}
    judged: list[tuple[bool, Callable[[], Evidence]]] = [
        (gates.dbt.enabled, lambda: dbt_builds.dbt_evidence(gates.dbt, results)),
        (
            gates.quality.enabled,
            lambda: gate_checks.judge_quality(
                gates.quality, dbt_builds.outcomes(one.work, environment, one.deployment.id)
            ),
        ),
        (
            gates.row_count.enabled,
            lambda: gate_checks.judge_rows(gates.row_count, _only(before, ours), _only(after, ours)),
        ),
        (gates.columns.enabled, lambda: gate_checks.judge_columns(gates.columns, before, after, visible(rights))),
        (bool(gates.metrics), lambda: gate_checks.judge_metrics(_figures(one, gates.metrics, candidate))),
        (
            gates.run_time.enabled,
            lambda: gate_checks.judge_run_time(gates.run_time, float(str(built["build_seconds"]))),
        ),
        (
            gates.self_containment.enabled,
            lambda: gate_checks.judge_containment(escapes(texts, one.markers()), len(texts), _CURE),
        ),
        (
            gates.access_parity.enabled,
            lambda: gate_checks.judge_access(lost(rights, new_rights, removed=removed), len(roles)),
        ),
        (gates.foreign_writer.enabled, lambda: gate_checks.judge_writers(writers(one, exchange))),
        (
            gates.object_kinds.enabled,
            lambda: gate_checks.judge_kinds(observe.object_kinds(session, candidate, gates.object_kinds.refused)),
        ),
    ]
    return [gate() for enabled, gate in judged if enabled]


def _built(one: Stage, exchange: Exchange) -> Mapping[str, object]:
    noted = one.recall(BUILT)
    if not noted:
        raise StopError("no build is noted for this deployment", where=exchange.incoming, untouched=exchange.live)
    return noted[-1].payload


def _artifacts(one: Stage) -> tuple[tuple[artifacts.Result, ...], dict[str, Node]]:
    """What the build left in the store, whichever worker built."""
    environment, key = one.deployment.environment, one.deployment.id
    into = dbt_builds.scratch() / "runs" / environment / key / "judged"
    manifest = artifacts.fetch(one.work.store, environment, key, "manifest.json", into)
    results = artifacts.fetch(one.work.store, environment, key, "run_results.json", into)
    if manifest is None or results is None:
        raise StopError(
            "the build's artifacts are not in the store",
            where=str(artifacts.deployment_home(one.work.store, environment, key)),
            good="the stage build, run again in a new deployment",
            untouched=one.live.name,
        )
    return artifacts.results(results), artifacts.nodes(manifest)


def _rights(one: Stage, candidate: Identifier) -> tuple[list[str], list[Right], list[Right]]:
    """The consumers of live, and what they may do in live and in the candidate."""
    ours = one.spec.access.role.name
    on_live = observe.rights(one.session, one.live, ())
    roles = sorted({right.grantee for right in on_live} - {ours} | {role.name for role in one.spec.access.readers})
    of_live = observe.rights(one.session, one.live, roles)
    of_candidate = observe.rights(one.session, candidate, roles)
    return roles, [r for r in of_live if _kept(r, ours)], [r for r in of_candidate if _kept(r, ours)]


def _kept(right: Right, ours: str) -> bool:
    return right.grantee != ours and right.privilege != "OWNERSHIP"


def _figures(one: Stage, metrics: Iterable[Metric], candidate: Identifier) -> list[gate_checks.Figure]:
    """Each metric asked of live and of the candidate: the same text, another current database."""
    asked = tuple(metrics)
    answers: list[list[tuple[float | None, str]]] = []
    for database in (one.live, candidate):
        one.session.run(use_database(database))
        answers.append([_figure(one, metric) for metric in asked])
    return [
        gate_checks.Figure(metric, old, new, why_new if new is None else why_old)
        for metric, (old, why_old), (new, why_new) in zip(asked, *answers, strict=True)
    ]


def _figure(one: Stage, metric: Metric) -> tuple[float | None, str]:
    """One number, or None and why there is none; what a query returned otherwise is never repeated."""
    try:
        rows = one.session.run(promotion_sql.as_written(metric.sql))
    except NoComputeError:
        raise
    except (RefusedError, StatementError) as error:
        return None, snowflake_message(error)
    if len(rows) != 1 or len(rows[0]) != 1:
        return None, f"its query returns {len(rows)} rows of {len(rows[0]) if rows else 0} columns, not one number"
    (value,) = rows[0].values()
    if value is None:
        return None, "its query returns NULL"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None, f"its query returns a {type(value).__name__}, not a number"
    return float(value), ""


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


def _only(inventory: Inventory, names: set[str]) -> Inventory:
    return {name: relation for name, relation in inventory.items() if name in names}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
