"""The gates of a candidate: one table, of which both the plan's list and the judgement are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sluice.dbt import artifacts
from sluice.dbt.project import REF_OVERRIDE
from sluice.domain.names import Identifier
from sluice.domain.promotion import gate_checks
from sluice.domain.promotion.contents import of_kinds
from sluice.domain.promotion.cutover import Exchange
from sluice.domain.promotion.database_rights import Right, entrances, lost, visible
from sluice.domain.promotion.evidence import Evidence
from sluice.domain.promotion.gate_policy import Gates, Metric, SwitchGate
from sluice.domain.promotion.inventory import Inventory, foreign_changes, from_json
from sluice.domain.promotion.model_diff import Node
from sluice.domain.promotion.view_references import escapes
from sluice.errors import RefusedError, StopError
from sluice.operations.promotion.candidate import BUILT, CLONED
from sluice.operations.promotion.sight import rights_on, sight_of_all
from sluice.operations.refresh import dbt_builds
from sluice.operations.stage import Stage
from sluice.snowflake import observe, promotion_sql
from sluice.snowflake.contents import contents
from sluice.snowflake.error_mapping import NoComputeError, StatementError, snowflake_message
from sluice.snowflake.outside_consumers import outside_consumers
from sluice.snowflake.statements import use_database

_CURE = f"to fix a dbt project: put this into macros/ref.sql, so that its views name no database:\n{REF_OVERRIDE}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the gates look at: read once, for all of them."""

    stage: Stage
    exchange: Exchange
    gates: Gates
    built: Mapping[str, object]
    """What the build has noted."""
    results: tuple[artifacts.Result, ...]
    nodes: Mapping[str, Node]
    before: Inventory
    """Of live; `after` of the candidate."""
    after: Inventory
    roles: tuple[str, ...]
    """The consumers of live."""
    rights: tuple[Right, ...]
    """What they may do in live; `new_rights` in the candidate."""
    new_rights: tuple[Right, ...]

    @property
    def database(self) -> Identifier:
        """The candidate's database."""
        return Identifier.from_account(self.exchange.incoming)

    @property
    def removed(self) -> set[str]:
        """The relations that the release removes."""
        return {str(name) for name in _list(self.built.get("removed"))}

    @property
    def managed(self) -> set[str]:
        """The relations of the release, and those that it removes."""
        return {relation for node in self.nodes.values() if (relation := node.relation)} | self.removed


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its block in gates.yml, its name in plans and evidence, and what judges."""

    block: str
    """The field of `Gates`."""
    name: str
    judge: Callable[[Candidate], Evidence]

    def enabled(self, gates: Gates) -> bool:
        """Whether the policy has it on: a list of queries is, where there are any."""
        block: SwitchGate | tuple[Metric, ...] = getattr(gates, self.block)
        return bool(block) if isinstance(block, tuple) else block.enabled


def gate_names(gates: Gates) -> tuple[str, ...]:
    """Return the gates that are on, in the order in which they are judged."""
    return tuple(gate.name for gate in GATES if gate.enabled(gates))


def evidence(candidate: Candidate) -> tuple[Evidence, ...]:
    """Return what each gate that is on says of the candidate."""
    return tuple(gate.judge(candidate) for gate in GATES if gate.enabled(candidate.gates))


def read_candidate(stage: Stage, exchange: Exchange) -> Candidate:
    """Return the candidate with all that more than one gate looks at."""
    database, session = Identifier.from_account(exchange.incoming), stage.session
    results, nodes = _artifacts(stage)
    roles, rights, new_rights = _rights(stage, database)
    return Candidate(
        stage=stage,
        exchange=exchange,
        gates=stage.work.gates(stage.deployment.environment),
        built=_built(stage, exchange),
        results=results,
        nodes=nodes,
        before=observe.inventory(session, stage.live),
        after=observe.inventory(session, database),
        roles=tuple(roles),
        rights=tuple(rights),
        new_rights=tuple(new_rights),
    )


def writers(running: Stage, exchange: Exchange) -> tuple[str, ...]:
    """Return what someone else did to live since it was cloned."""
    cloned = running.recall(CLONED)
    if not cloned:
        raise StopError("no clone is noted for this deployment", where=exchange.live, untouched=exchange.live)
    return foreign_changes(from_json(cloned[-1].payload["live"]), observe.inventory(running.session, running.live))


def _dbt(candidate: Candidate) -> Evidence:
    return dbt_builds.dbt_evidence(candidate.gates.dbt, candidate.results)


def _quality(candidate: Candidate) -> Evidence:
    deployment = candidate.stage.deployment
    outcomes = dbt_builds.outcomes(candidate.stage.work, deployment.environment, deployment.id)
    return gate_checks.judge_quality(candidate.gates.quality, outcomes)


def _row_count(candidate: Candidate) -> Evidence:
    managed = candidate.managed
    before, after = _only(candidate.before, managed), _only(candidate.after, managed)
    return gate_checks.judge_rows(candidate.gates.row_count, before, after)


def _columns(candidate: Candidate) -> Evidence:
    known = visible(candidate.rights)
    return gate_checks.judge_columns(candidate.gates.columns, candidate.before, candidate.after, known)


def _metrics(candidate: Candidate) -> Evidence:
    return gate_checks.judge_metrics(_figures(candidate.stage, candidate.gates.metrics, candidate.database))


def _run_time(candidate: Candidate) -> Evidence:
    return gate_checks.judge_run_time(candidate.gates.run_time, float(str(candidate.built["build_seconds"])))


def _self_containment(candidate: Candidate) -> Evidence:
    texts = observe.view_texts(candidate.stage.session, candidate.database)
    return gate_checks.judge_containment(escapes(texts, candidate.stage.markers()), len(texts), _CURE)


def _access_parity(candidate: Candidate) -> Evidence:
    inside = set(candidate.rights) - entrances(candidate.rights)  # those are given right before the swap
    missing = lost(inside, candidate.new_rights, removed=candidate.removed)
    return gate_checks.judge_access(missing, len(candidate.roles))


def _foreign_writer(candidate: Candidate) -> Evidence:
    return gate_checks.judge_writers(writers(candidate.stage, candidate.exchange))


def _object_kinds(candidate: Candidate) -> Evidence:
    refused = candidate.gates.object_kinds.refused
    with sight_of_all(candidate.stage) as session:
        return gate_checks.judge_kinds(of_kinds(contents(session, candidate.database, refused), refused))


def outside(stage: Stage, gates: Gates) -> Evidence:
    """Return what the gate of consumers outside live says; it looks at live, so that it can be asked at any time."""
    with sight_of_all(stage) as session:
        consumers = outside_consumers(session, stage.live)
    return gate_checks.judge_outside(consumers, gates.outside_consumers.accepted)


def _outside(candidate: Candidate) -> Evidence:
    return outside(candidate.stage, candidate.gates)


GATES = (
    Gate("dbt", "dbt results", _dbt),
    Gate("quality", "quality score", _quality),
    Gate("row_count", "row-count drift", _row_count),
    Gate("columns", "column contract", _columns),
    Gate("metrics", "metrics", _metrics),
    Gate("run_time", "run time", _run_time),
    Gate("self_containment", "self-containment", _self_containment),
    Gate("access_parity", "access parity", _access_parity),
    Gate("foreign_writer", "foreign writer", _foreign_writer),
    Gate("object_kinds", "object kinds", _object_kinds),
    Gate("outside_consumers", "outside consumers", _outside),
)
"""Every gate there is, in the order in which they are judged; one that is not here is neither planned nor judged."""


def _built(running: Stage, exchange: Exchange) -> Mapping[str, object]:
    noted = running.recall(BUILT)
    if not noted:
        raise StopError("no build is noted for this deployment", where=exchange.incoming, untouched=exchange.live)
    return noted[-1].payload


def _artifacts(running: Stage) -> tuple[tuple[artifacts.Result, ...], dict[str, Node]]:
    """What the build left in the store, whichever worker built."""
    environment, key = running.deployment.environment, running.deployment.id
    into = dbt_builds.scratch() / "runs" / environment / key / "judged"
    manifest = artifacts.fetch(running.work.store, environment, key, "manifest.json", into)
    results = artifacts.fetch(running.work.store, environment, key, "run_results.json", into)
    if manifest is None or results is None:
        raise StopError(
            "the build's artifacts are not in the store",
            where=str(artifacts.deployment_home(running.work.store, environment, key)),
            good="the stage build, run again in a new deployment",
            untouched=running.live.name,
        )
    return artifacts.results(results), artifacts.nodes(manifest)


def _rights(running: Stage, candidate: Identifier) -> tuple[list[str], list[Right], list[Right]]:
    """The consumers of live, and what they may do in live and in the candidate: seen by who sees all of it."""
    with sight_of_all(running) as session:
        rights = rights_on(running, session, candidate)
    of_live, of_candidate = (sorted(r for r in rights[db] if r.privilege != "OWNERSHIP") for db in rights)
    return sorted({right.grantee for right in of_live}), of_live, of_candidate


def _figures(running: Stage, metrics: Iterable[Metric], candidate: Identifier) -> list[gate_checks.Figure]:
    """Each metric asked of live and of the candidate: the same text, another current database."""
    asked = tuple(metrics)
    answers: list[list[tuple[float | None, str]]] = []
    for database in (running.live, candidate):
        running.session.run(use_database(database))
        answers.append([_figure(running, metric) for metric in asked])
    return [
        gate_checks.Figure(metric, old, new, why_new if new is None else why_old)
        for metric, (old, why_old), (new, why_new) in zip(asked, *answers, strict=True)
    ]


def _figure(running: Stage, metric: Metric) -> tuple[float | None, str]:
    """One number, or None and why there is none; what a query returned otherwise is never repeated."""
    try:
        rows = running.session.run(promotion_sql.as_written(metric.sql))
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


def _only(inventory: Inventory, names: set[str]) -> Inventory:
    return {name: relation for name, relation in inventory.items() if name in names}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
