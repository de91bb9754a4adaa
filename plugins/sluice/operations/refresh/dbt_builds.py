"""What dbt is called with for an environment, and which nodes a release changes against what is live there."""

from __future__ import annotations

import base64
import json
import logging
import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sluice.dbt import artifacts, releases
from sluice.dbt.build_settings import build_settings, changed_seeds, changed_settings
from sluice.dbt.invoke import Invocation, run
from sluice.dbt.profile import Target, options_of
from sluice.dbt.quoting import in_profile
from sluice.dbt.terminal import DEVELOPER, OwnSchemas
from sluice.domain.ephemeral.ephemeral_state import CloneOrigin
from sluice.domain.names import Identifier
from sluice.domain.promotion.evidence import Evidence
from sluice.domain.promotion.gate_checks import TestOutcome, judge_dbt
from sluice.domain.promotion.gate_policy import DbtGate
from sluice.domain.promotion.model_diff import Changes, Node, compare
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, SluiceError, StopError
from sluice.operations.workspace import Workspace, query_tag

log = logging.getLogger(__name__)

SCHEMA = "ANALYTICS"
"""Where dbt builds what names no schema of its own, unless the connection says otherwise; the same everywhere."""
SETTINGS, QUALITY = "settings.json", "quality.json"
AFTER = "tag:post_promotion"
"""Tests that ask live itself, after the cut-over."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which nodes are built: against which former manifest, and why."""

    call: Invocation
    options: tuple[str, ...]
    """What restricts a dbt command to the changed nodes; empty: everything."""
    former: dict[str, Node] | None
    """The nodes of live's release; None where they are not known."""
    why: str

    def nodes(self) -> dict[str, Node]:
        """Return the nodes of this release, as dbt parsed them last."""
        return artifacts.nodes(self.call.artifacts / "manifest.json")

    def changes(self, selected: Collection[str]) -> Changes:
        """Return what happens to each node when dbt takes these."""
        return compare(self.nodes(), self.former, selected, full=not self.options)


def invocation(work: Workspace, environment: str, release: str, database: Identifier, key: str) -> Invocation:
    """Return how dbt is called for this release in this database; its files are unpacked and verified."""
    home = scratch()
    folder = releases.unpack(work.store, release, home)
    at = home / "runs" / environment / key / database.name
    return Invocation(folder, _target(work, environment, database, key), at, work.spec(environment).dbt.as_vars())


def by_hand(work: Workspace, environment: str, developer: str) -> tuple[Invocation, OwnSchemas]:
    """Return how a developer calls dbt for the working project, and the schemas that are theirs.

    In a standing environment: schemas that begin with the developer's name, beside those all share; `target.schema`
    does, and the variable `developer` holds the name. In an environment of their own: its own schemas.
    """
    spec = work.spec(environment)
    target = _target(work, environment, spec.database.name, "by hand")
    home = scratch() / "by_hand" / environment
    if not spec.kind.standing:
        return Invocation(work.project, target, home, spec.dbt.as_vars()), OwnSchemas("")
    if not spec.dbt.schema_per_user:
        raise RefusedError(
            f"nobody builds by hand in {environment}: its spec gives developers no schemas of their own",
            where=f"environments.{environment}.dbt.schema_per_user",
            value=False,
            good=", ".join(name for name, one in work.environments.items() if one.dbt.schema_per_user)
            or "true, in dev",
            untouched="everything",
        )
    name = Identifier.unquoted(developer, "developer").name  # goes into names that dbt does not quote
    shared = Invocation(work.project, target, home / "shared", spec.dbt.as_vars())
    tag = _tag(spec, f"by hand: {name.lower()}")
    own = replace(target, schema=f"{name}_{target.schema}", query_tag=tag)
    variables = spec.dbt.as_vars() | {DEVELOPER: name.lower()}
    return Invocation(work.project, own, home / "developers" / name.lower(), variables), OwnSchemas(f"{name}_", shared)


def _target(work: Workspace, environment: str, database: Identifier, deployment: str) -> Target:
    spec, settings = work.spec(environment), work.settings(environment)
    arguments = settings.arguments()
    key = arguments.get("private_key")
    return Target(
        name=spec.dbt.target,
        account=settings.account,
        user=settings.user,
        role=spec.access.role.written,
        warehouse=spec.warehouse.name.written,
        database=in_profile(database),
        schema=settings.schema or SCHEMA,
        threads=spec.dbt.threads,
        password=arguments.get("password"),
        private_key=base64.b64encode(key).decode() if key is not None else None,
        host=settings.host,
        port=settings.port,
        protocol=settings.protocol,
        query_tag=_tag(spec, deployment),
        connect_timeout=settings.login_timeout,
        options=options_of(arguments, f"Airflow connection {settings.name}"),
    )


def _tag(spec: EnvironmentSpec, key: str) -> str:
    tag = query_tag(spec, {"deployment": key, "stage": "dbt"})
    return json.dumps(tag, separators=(",", ":"), default=str).replace("'", "")


def select_against_base(work: Workspace, call: Invocation, base: CloneOrigin) -> Selection:
    """Return how dbt takes only what changed against the release that a clone was taken of; its settings may differ.

    What the clone lacks, because only some schemas were cloned, is read in the base: dbt defers to it.
    """
    if base.deployment is None:
        return Selection(call, (), None, f"which release {base.environment} bore when it was cloned is not known")
    state = call.home / "state"
    manifest = artifacts.fetch(work.store, base.environment, base.deployment, "manifest.json", state)
    if manifest is None:
        return Selection(call, (), None, f"the manifest of {base.environment}'s {base.deployment} is not in the store")
    live = work.spec(base.environment).database.name.name
    there = artifacts.moved(manifest, call.home / "base", live)
    kept = artifacts.fetch(work.store, base.environment, base.deployment, SETTINGS, state)
    seeds = changed_seeds(_read(kept), build_settings(call)) if kept is not None else ()
    options = ("--select", _modified(seeds), "--state", str(state), "--defer", "--defer-state", str(there))
    return Selection(call, options, artifacts.nodes(manifest), f"changed since {base.environment}'s {base.deployment}")


def select(work: Workspace, call: Invocation, environment: str, former: str | None, *, everything: bool) -> Selection:
    """Return how dbt takes only what changed against the former deployment; all of it when that cannot be known."""
    state = call.home / "state"
    manifest = artifacts.fetch(work.store, environment, former, "manifest.json", state) if former else None
    before = artifacts.fetch(work.store, environment, former, SETTINGS, state) if former else None
    known = artifacts.nodes(manifest) if manifest is not None else None
    if everything or former is None:
        return Selection(call, (), known, "all of it" if everything else "first deployment here")
    if manifest is None:
        return Selection(call, (), None, "live's manifest is not in the store")
    if before is None:
        return Selection(call, (), known, "what live was built with is not in the store")
    former_settings, now = _read(before), build_settings(call)
    if changed := changed_settings(former_settings, now):
        return Selection(call, (), known, f"settings changed: {', '.join(changed)}")
    seeds = changed_seeds(former_settings, now)
    if any(" " in path for path in seeds):  # dbt takes a space for the end of a selector
        return Selection(call, (), known, f"seeds changed: {', '.join(seeds)}")
    options = ("--select", _modified(seeds), "--state", str(state))
    large = f", and large seeds: {', '.join(seeds)}" if seeds else ""
    return Selection(call, options, known, f"changed since live's release{large}")


def against_base(work: Workspace, call: Invocation, environment: str) -> tuple[str, ...]:
    """Return the options by which dbt compares with, and defers to, what an environment was cloned from; or none."""
    life = work.lives().get(environment)
    if life is None or life.cloned is None:
        return ()
    return select_against_base(work, call, life.cloned).options


def listed(selection: Selection) -> Changes:
    """Return what would change, without building: dbt parses the project and lists what it would take."""
    restricted = selection.options[:4]  # `ls` defers to nothing
    listing = run(selection.call, ["ls", *restricted, "--output", "json", "--output-keys", "unique_id"])
    return selection.changes({str(json.loads(line)["unique_id"]) for line in listing.lines if line.startswith("{")})


def keep_settings(work: Workspace, call: Invocation, environment: str, deployment: str) -> None:
    """Keep what dbt was given here, so that the next deployment sees whether it changed."""
    home = artifacts.deployment_home(work.store, environment, deployment)
    home.mkdir(parents=True, exist_ok=True)
    (home / SETTINGS).write_text(json.dumps(build_settings(call)))


def keep_outcomes(work: Workspace, selection: Selection, environment: str, deployment: str, former: str | None) -> None:
    """Keep how each data test ended: of those that did not run now, what the former deployment saw."""
    before = _outcomes(work, environment, former) if former else {}
    nodes = selection.nodes()
    ended = {key: {**outcome, "carried": True} for key, outcome in before.items() if key in nodes}
    for result in artifacts.results(selection.call.artifacts / "run_results.json"):
        node = nodes.get(result.id)
        if node is not None and node.kind == "test" and result.status != "skipped":
            ended[result.id] = {"passed": result.status == "pass", "weight": node.weight, "carried": False}
    home = artifacts.deployment_home(work.store, environment, deployment)
    home.mkdir(parents=True, exist_ok=True)
    (home / QUALITY).write_text(json.dumps(ended))


def outcomes(work: Workspace, environment: str, deployment: str) -> list[TestOutcome]:
    """Return how each data test ended that this deployment ran or carried over."""
    return [
        TestOutcome(key, bool(outcome["passed"]), float(str(outcome["weight"])), bool(outcome["carried"]))
        for key, outcome in sorted(_outcomes(work, environment, deployment).items())
    ]


def scratch() -> Path:
    """Return this user's own folder for what can be made again: under TMPDIR, closed to others."""
    home = Path(tempfile.gettempdir()) / f"sluice-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise StopError("the scratch folder belongs to someone else", where=str(home), good="TMPDIR=/var/tmp/mine")
    return home


def _outcomes(work: Workspace, environment: str, deployment: str) -> dict[str, dict[str, object]]:
    try:
        content = json.loads((artifacts.deployment_home(work.store, environment, deployment) / QUALITY).read_text())
    except FileNotFoundError:
        return {}
    return dict(content)


def _read(settings: Path) -> dict[str, object]:
    content = json.loads(settings.read_text())
    return content if isinstance(content, dict) else {}


def _modified(seeds: Sequence[str]) -> str:
    """What dbt sees as changed, and the seeds of which it compares the path alone, with all that reads them."""
    return " ".join(["state:modified+", *(f"path:{path}+" for path in seeds)])


def run_build(call: Invocation, selection: Sequence[str], *, full: bool) -> tuple[artifacts.Result, ...]:
    """Run `dbt build` without the tests that ask live, and return how each node ended; the judges judge."""
    words = ["build", *selection, "--exclude", AFTER]
    recorded = call.artifacts / "run_results.json"
    recorded.unlink(missing_ok=True)
    run(call, [*words, "--full-refresh"] if full else words, check=False)
    return artifacts.results(recorded)


def with_docs(
    work: Workspace, call: Invocation, environment: str, deployment: str, facts: dict[str, object]
) -> dict[str, object]:
    """Return a build's facts with dbt's catalog among its artifacts; a build that is noted is no worse without.

    Where dbt cannot make it, `docs` says why.
    """
    links = facts.get("artifacts")
    try:
        run(call, ["docs", "generate", "--no-compile"])
        kept = artifacts.keep(work.store, environment, deployment, [call.artifacts / "catalog.json"])
    except (SluiceError, OSError) as error:
        log.warning("the build stands without its docs: %s", error)
        return {**facts, "docs": f"not made: {str(error).splitlines()[0]}"}
    return {**facts, "artifacts": {**(links if isinstance(links, dict) else {}), **kept}}


def artifact_links(work: Workspace, environment: str, deployment: str, built: object) -> dict[str, object]:
    """Return the links that a build noted, and that of its catalog, which is made after that, if there is one."""
    links = dict(built) if isinstance(built, dict) else {}
    catalog = artifacts.deployment_home(work.store, environment, deployment) / "catalog.json"
    return {**links, catalog.name: str(catalog)} if catalog.is_file() else links


def effort(spec: EnvironmentSpec, results: Sequence[artifacts.Result], *, everything: bool) -> dict[str, object]:
    """Return what a build took of which compute, node by node, as the journal keeps it for later predictions.

    Of one that failed nothing: it would have taken longer.
    """
    if any(result.failed for result in results):
        return {}
    return {
        "model_seconds": {result.id: round(result.seconds, 2) for result in results if result.built},
        "size": spec.warehouse.promoting.value,
        "generation": spec.warehouse.generation,
        "everything": everything,
    }


def dbt_evidence(gate: DbtGate, results: Sequence[artifacts.Result]) -> Evidence:
    """Return what the nodes' ends say to the gate of dbt's results."""
    bad = [f"{result.id}: {result.message}" for result in results if result.failed]
    warned = [f"{result.id}: {result.message}" for result in results if result.status == "warn"]
    skipped = sum(result.status == "skipped" for result in results)
    return judge_dbt(gate, len(results) - skipped, bad, warned, skipped)
