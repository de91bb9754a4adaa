"""What is missing around environments that are each in order: gates, people, an upstream, sources, rules by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sluice.domain.access.roles import AccessPolicy
from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.prices import Prices
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
from sluice.domain.ephemeral.templates import Template
from sluice.domain.findings import Finding, Level
from sluice.domain.promotion.gate_policy import Policies
from sluice.domain.specs.blocks import ComputeBlock, Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.domain.yaml_loader import nearest
from sluice.errors import SpecError


@dataclass(frozen=True, slots=True)
class Included:
    """What the files of include/ say, as far as each can be read; None: that file cannot."""

    policies_folder: Path
    specs: Mapping[str, EnvironmentSpec]
    spec_files: Mapping[str, Path] = field(default_factory=dict)
    templates: Mapping[Kind, Template] = field(default_factory=dict)
    template_files: Mapping[Kind, Path] = field(default_factory=dict)
    policies: Policies | None = None
    access: AccessPolicy | None = None
    budgets: BudgetPolicy | None = None
    cleanup: CleanupPolicy | None = None
    prices: Prices | None = None

    def where(self, name: str, key: str) -> str:
        """Return a key of an environment's file, as a finding says it."""
        return f"{self.spec_files.get(name, name)}: {key}"

    def policy(self, file: str, key: str) -> str:
        """Return a key of a policy's file, as a finding says it."""
        return f"{self.policies_folder / file}: {key}"


def own_dag(spec: EnvironmentSpec) -> str | None:
    """Return the id of the DAG that builds an environment, or promotes to it; None: no DAG does."""
    if spec.promotion.strategy == "in_place":
        return f"refresh_{spec.name}"
    return f"promote_{spec.name}" if spec.upstream is not None else None


def findings(included: Included) -> tuple[Finding, ...]:
    """Return what is missing, in the order of the environments and then of the policies' files."""
    found: list[Finding] = []
    for spec in included.specs.values():
        found += _gates(spec, included)
        found += _flow(spec, included)
        found += _starters(spec, included)
        found += _approvers(spec, included)
        found += _sources(spec, included)
    found += _control_databases(included)
    found += _templates(included)
    found += _prices(included)
    found += _rules_by_kind(included)
    return tuple(found)


def _gates(spec: EnvironmentSpec, included: Included) -> Iterator[Finding]:
    policies = included.policies
    if policies is None or spec.kind is not Kind.PRODUCTION:
        return
    if spec.kind not in policies.by_kind and spec.name not in policies.by_environment:
        yield Finding(
            "warning",
            included.policy("gates.yml", "kinds.production"),
            f"{spec.name} is a production, and no gates are said for productions: the defaults judge it",
            "kinds: {production: {quality: {pass_at: 0.99, marginal_at: 0.985}, marginal: ask}}",
        )


def _flow(spec: EnvironmentSpec, included: Included) -> Iterator[Finding]:
    promotion, specs = spec.promotion, included.specs
    if promotion.strategy == "in_place" and spec.upstream is not None:
        yield Finding(
            "error",
            included.where(spec.name, "promotion.strategy"),
            f"in_place: {spec.name} is built from the working project, nothing is ever promoted from {spec.upstream}",
            f"promotion: {{strategy: blue_green}}, or no upstream: leave out `upstream: {spec.upstream}`",
        )
    if promotion.strategy == "blue_green" and spec.upstream is None:
        others = [name for name, other in specs.items() if name != spec.name and own_dag(other) is not None]
        yield Finding(
            "error",
            included.where(spec.name, "upstream"),
            f"nothing is ever promoted to {spec.name}: it names no upstream, and is not built in place",
            f"upstream: {others[-1] if others else 'dev'}, or promotion: {{strategy: in_place}}",
        )
    upstream = specs.get(spec.upstream or "")
    if upstream is not None and not _is_built(upstream, specs):
        yield Finding(
            "error",
            included.where(spec.name, "upstream"),
            f"{upstream.name} is never built, so nothing ever comes from there",
            f"upstream: {nearest('', [name for name in specs if _is_built(specs[name], specs)])}, "
            f"or an upstream in {included.where(upstream.name, '').removesuffix(': ')}",
        )


def _is_built(spec: EnvironmentSpec, specs: Mapping[str, EnvironmentSpec]) -> bool:
    while spec.promotion.strategy == "blue_green":
        if spec.upstream is None or spec.upstream not in specs:
            return False
        spec = specs[spec.upstream]
    return True


def _starters(spec: EnvironmentSpec, included: Included) -> Iterator[Finding]:
    dag_id = own_dag(spec)
    if included.access is None or dag_id is None or included.access.starters(dag_id) != frozenset():
        return
    does = dag_id.partition("_")[0]
    yield Finding(
        "error",
        included.policy("access.yml", "roles.*.environment_dags"),
        f"nobody may start {dag_id}: no role names it",
        f"roles: {{environment_admin: {{environment_dags: {{{does}: [{spec.kind}]}}}}}}",
    )


def _approvers(spec: EnvironmentSpec, included: Included) -> Iterator[Finding]:
    if spec.promotion.approval and spec.promotion.strategy == "blue_green":
        where = included.where(spec.name, "promotion.approvers")
        started = set[str]()
        for name in _chain(spec, included.specs):
            dag_id = own_dag(included.specs[name])
            starters = included.access.starters(dag_id) if included.access is not None and dag_id is not None else None
            if starters is None:
                started.clear()
                break
            started |= starters
        yield from _four_eyes(set(spec.promotion.approvers), started, where, spec.name)


def _four_eyes(approvers: set[str], starters: set[str], where: str, what: str) -> Iterator[Finding]:
    """Yield what keeps a second person from approving; no starters: it is not known who they are."""
    good = "approvers: [alice, bob]   # Airflow user ids; two at least, since nobody approves what they started"
    if not approvers:
        yield Finding("warning", where, f"nobody is named: whoever may edit the DAG may approve {what}", good)
    elif len(approvers) == 1:
        (only,) = approvers
        if starters == {only}:
            message = f"nobody can ever approve {what}: {only} alone may start it and alone may approve it"
            yield Finding("error", where, message, good)
        else:
            message = f"{only} alone may approve {what}, and never what {only} has started: then it waits for ever"
            yield Finding("warning", where, message, good)


def _chain(spec: EnvironmentSpec, specs: Mapping[str, EnvironmentSpec]) -> list[str]:
    chain = [spec.name]
    while (upstream := specs[chain[-1]].upstream) is not None and upstream in specs and upstream not in chain:
        chain.append(upstream)
    return chain


def _sources(spec: EnvironmentSpec, included: Included) -> Iterator[Finding]:
    """The same models are built all along a chain: what one environment reads, the next has to read too."""
    upstream = included.specs.get(spec.upstream or "")
    if upstream is None:
        downstream = [other for other in included.specs.values() if other.upstream == spec.name and other.sources]
        read = downstream[0] if downstream and not spec.sources else None
    else:
        read = upstream if len(spec.sources) < len(upstream.sources) else None
    if read is not None:
        names = ", ".join(source.written for source in read.sources)
        yield Finding(
            "warning",
            included.where(spec.name, "sources"),
            f"{read.name} reads {len(read.sources)} source databases, {spec.name} may read {len(spec.sources)}: "
            "what its models read elsewhere, its role is not granted",
            f"sources: [{names}]",
        )


def _control_databases(included: Included) -> Iterator[Finding]:
    first = next(iter(included.specs.values()), None)
    for spec in included.specs.values():
        if first is not None and spec.control_database != first.control_database:
            yield Finding(
                "error",
                included.where(spec.name, "control_database"),
                f"{first.name} keeps its journal in {first.control_database}, {spec.name} in {spec.control_database}: "
                "budgets, clean-up and passes look into one only",
                f"control_database: {first.control_database.written}",
            )


def _templates(included: Included) -> Iterator[Finding]:
    for kind, template in included.templates.items():
        file = included.template_files.get(kind, kind)
        if template.base is not None and template.base not in {*included.specs, *included.spec_files}:
            message = f"there is no environment {template.base} to clone"
            yield Finding("error", f"{file}: base", message, f"base: {nearest(template.base, included.specs)}")
        if template.approval:
            yield from _four_eyes(set(template.approvers), set(), f"{file}: approvers", f"a {kind} environment")


def _prices(included: Included) -> Iterator[Finding]:
    prices = included.prices
    if prices is None:
        return
    computes: list[tuple[str, ComputeBlock]] = [(name, spec.warehouse) for name, spec in included.specs.items()]
    computes += [(f"template {kind}", template.warehouse) for kind, template in included.templates.items()]
    for compute in computes:
        try:
            prices.refuse_unpriced([compute], str(included.policies_folder / "prices.yml"))
        except SpecError as error:
            yield as_finding(error)
    if included.templates and not prices.teams:
        kinds = ", ".join(included.templates)
        yield Finding(
            "warning",
            included.policy("prices.yml", "teams"),
            f"no team has a limit: its {kinds} environments together may cost what they like",
            "teams: {data-engineering: 200}",
        )


def _rules_by_kind(included: Included) -> Iterator[Finding]:
    kinds = dict.fromkeys([*(spec.kind for spec in included.specs.values()), *included.templates])
    for kind in kinds:
        if included.budgets is not None and kind not in included.budgets.increase.kinds:
            yield _unruled(
                included.policy("budgets.yml", f"increase.kinds.{kind}"),
                f"no rule for {kind} environments: however steeply their cost rises, only the day's budget limits it",
                f"increase: {{kinds: {{{kind}: {{percent: 2.0, minutes: 30, usd_per_hour: 5}}}}}}",
            )
        if included.budgets is not None and kind not in included.budgets.priority:
            rank = included.budgets.rank(kind)
            yield _unruled(
                included.policy("budgets.yml", f"priority.{kind}"),
                f"{kind} environments have no place among the others: they count as {rank}",
                f"priority: {{{kind}: {rank}}}",
            )
        if included.cleanup is not None and not kind.standing and kind not in included.cleanup.kinds:
            yield _unruled(
                included.policy("cleanup.yml", f"kinds.{kind}"),
                f"no rule for {kind} environments: no sweep ever takes one before its end",
                f"kinds: {{{kind}: {{max_age_days: 14, idle_days: 3, action: remove}}}}",
            )


def _unruled(where: str, message: str, cure: str) -> Finding:
    return Finding("warning", where, message, cure)


def as_finding(error: SpecError, level: Level = "error") -> Finding:
    """Return what a refusal says, as a finding."""
    suffix = f" (found: {error.value!r})" if error.value is not None else ""
    return Finding(level, error.where or "", f"{error.message}{suffix}", error.good or "see the message")
