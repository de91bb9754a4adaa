"""dbt at a developer's terminal: its own words and exit codes; nothing is built outside of the developer's schemas."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sluice.dbt.command import Typed, typed
from sluice.dbt.invoke import Invocation, as_yaml, places, run
from sluice.dbt.manifest import parsed
from sluice.dbt.project import SCHEMA_OVERRIDE, read_project
from sluice.dbt.runner import ONE_AT_A_TIME, QUIET, environment, working_directory
from sluice.domain.names import Identifier
from sluice.domain.releases.parsed_project import ParsedNode, ParsedProject
from sluice.errors import RefusedError, SpecError

OWNED = {
    "--project-dir": "SLUICE_DBT_PROJECT names the project",
    "--profiles-dir": "the profile is made from the environment's Airflow connection",
    "--profile": "the profile is made from the environment's Airflow connection",
    "--target": "the target is the environment: sluice dbt <environment> …",
}
"""What only sluice says, and what says it instead."""
DEVELOPER = "developer"
"""The variable that only sluice sets: the prefix of the developer's schemas."""

_BUILDS: Mapping[str, frozenset[str]] = {
    "run": frozenset({"model", "function"}),
    "seed": frozenset({"seed"}),
    "snapshot": frozenset({"snapshot"}),
    "test": frozenset({"test"}),
    **dict.fromkeys(("build", "clone", "retry"), frozenset({"model", "function", "seed", "snapshot", "test"})),
}
"""What each command may make in the database."""
_KNOWN = frozenset(
    {"view", "table", "incremental", "materialized_view", "dynamic_table", "seed", "snapshot", "test", "function"}
)
"""What dbt-snowflake's own materializations make lies where the node says."""
_SHOWN = 10

Warn = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class OwnSchemas:
    """Where a developer's nodes must be: in schemas that begin with the prefix and are nobody else's."""

    prefix: str
    """E.g. `ANN_`; empty in an environment of one's own, where all schemas are."""
    shared: Invocation | None = None
    """How the same project is built for everybody, to compare with; none in an environment of one's own."""


def at_the_terminal(call: Invocation, words: Sequence[str], own: OwnSchemas, warn: Warn = print) -> int:
    """Run one dbt command as at a terminal, its output for the reader; return dbt's exit code.

    Variables of the command line are merged with the environment's, theirs over ours but for `developer`. Before
    anything is built, the place of every node that would be is read from the parsed project, and one outside of the
    developer's schemas is refused by name. What cannot be known beforehand (hooks, operations) is said by `warn`.
    """
    command = typed(words)
    _refuse_owned(command)
    merged = replace(call, variables=_merged(call, command))
    if command.name in _BUILDS:
        project, nodes = _to_build(merged, command)
        _refuse_elsewhere(merged, command, own, nodes)
        _warn_of_hooks(project, own, nodes, warn)
    elif own.prefix and (command.name == "run-operation" or "--inline-direct" in command.given):
        warn(
            f"{command.name}: sluice cannot see where its statements write. They run as {call.target.role}, which may "
            f"write to what all share in {call.target.database}."
        )
    return _run(merged, words, command)


def _run(call: Invocation, words: Sequence[str], command: Typed) -> int:
    ours = {**places(call), "--vars": as_yaml(call.variables)} if command.name else {}
    left = {"--target-path", "--log-path"} & command.given.keys()
    if command.name == "clean":  # it removes what the project names, and refuses what lies elsewhere
        left = {"--target-path"}
    options = [word for pair in ours.items() if pair[0] in command.accepted - left for word in pair]
    with ONE_AT_A_TIME, environment({**QUIET, **call.target.variables()}), working_directory():
        from dbt.cli.main import cli

        try:
            # As the program `dbt` does it: usage errors are printed by its own parser, exit codes are its own.
            cli.main(args=[*words, *options], prog_name="dbt")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    return 0


def _refuse_owned(command: Typed) -> None:
    for option, instead in OWNED.items():
        if option in command.given:
            raise SpecError(
                f"sluice says {option} itself: {instead}",
                where=f"sluice dbt … {command.name}",
                value=command.text(option),
                good=f"the command without {option}",
                untouched="everything",
            )


def _merged(call: Invocation, command: Typed) -> dict[str, object]:
    """The environment's variables, the command line's over them; `developer` stays what sluice makes it."""
    theirs = {**_retried(call, command).get("vars", {}), **_variables(command.text("--vars"))}
    ours = call.variables.get(DEVELOPER)
    if DEVELOPER in theirs and theirs[DEVELOPER] != ours:
        raise SpecError(
            "the variable developer is sluice's: it names whose schemas are built",
            where=f"sluice dbt … {command.name} --vars",
            value=theirs[DEVELOPER],
            good="sluice dbt <environment> --developer <name> …",
            untouched="everything",
        )
    return {**call.variables, **theirs}


def _variables(text: str | None) -> dict[str, object]:
    """What `--vars` says; what is no mapping is refused."""
    try:
        variables = yaml.safe_load(text or "{}")
    except yaml.YAMLError:
        variables = None
    if isinstance(variables, dict):
        return variables
    raise SpecError(
        "variables are a mapping in YAML",
        where="sluice dbt … --vars",
        value=text,
        good="--vars '{region: north, days: 3}'",
        untouched="everything",
    )


def _retried(call: Invocation, command: Typed) -> dict[str, Any]:
    """The arguments of the run that `retry` repeats; nothing for another command, or where there was none."""
    return dict(_last_run(call, command).get("args") or {}) if command.name == "retry" else {}


def _last_run(call: Invocation, command: Typed) -> dict[str, Any]:
    folder = command.text("--state") or command.text("--target-path") or str(call.artifacts)
    try:
        content = json.loads((call.project / folder / "run_results.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _to_build(call: Invocation, command: Typed) -> tuple[ParsedProject, list[ParsedNode]]:
    """The project, and what the command would make of it: dbt parses it and lists the nodes that it would take."""
    listed = run(call, ["ls", *command.selection, "--output", "json", "--output-keys", "unique_id"])
    chosen = {str(json.loads(line)["unique_id"]) for line in listed.lines if line.startswith("{")}
    if command.name == "retry":
        chosen = {str(result["unique_id"]) for result in _last_run(call, command).get("results", ())}
    project = parsed(call.artifacts / "manifest.json")
    # By flag or variable, each test leaves a table of its failures, whatever its own setting.
    stored = bool(command.given.get("--store-failures") or os.environ.get("DBT_STORE_FAILURES"))
    nodes = [project.nodes[key] for key in sorted(chosen & project.nodes.keys())]
    built = [node for node in nodes if node.makes or (stored and node.kind == "test")]
    return project, [node for node in built if node.kind in _BUILDS[command.name]]


def _refuse_elsewhere(call: Invocation, command: Typed, own: OwnSchemas, nodes: Sequence[ParsedNode]) -> None:
    database = Identifier.parse(call.target.database).name
    others = _shared(call, own)
    bad = [node for node in nodes if node.database != database or not _own(node, own) or node.schema in others]
    if not bad:
        return
    lines = [f"{node.id} ({node.path}) → {node.database}.{node.schema}" for node in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(f"and {len(bad) - _SHOWN} more")
    whose = f"schemas {own.prefix}… of {database}" if own.prefix else f"the database {database}"
    raise RefusedError(
        f"dbt {command.name} would build outside of {whose}:\n    " + "\n    ".join(lines),
        where=f"sluice dbt, {call.target.name}, project {call.project}",
        good=_cure(own, bad, database),
        untouched="everything: nothing was built",
    )


def _own(node: ParsedNode, own: OwnSchemas) -> bool:
    return node.schema.startswith(own.prefix)


def _cure(own: OwnSchemas, bad: Sequence[ParsedNode], database: str) -> str:
    there = [node for node in bad if node.database == database]
    cures = {
        f"no `database:` (or +database) for these nodes: {database} is where they belong": len(there) < len(bad),
        "another name for you, which no shared schema begins with: sluice dbt <environment> --developer <name> …": any(
            _own(node, own) for node in there
        ),
        "`schema:` in place of a snapshot's `target_schema:`, which dbt takes as it is": any(
            node.fixed and not _own(node, own) for node in there
        ),
        "a macro generate_schema_name that puts the developer's name in front (or none: dbt's own does), "
        f"e.g. macros/generate_schema_name.sql:\n{SCHEMA_OVERRIDE.rstrip()}": any(
            not node.fixed and not _own(node, own) for node in there
        ),
    }
    return "; ".join(cure for cure, applies in cures.items() if applies)


def _shared(call: Invocation, own: OwnSchemas) -> set[str]:
    """The schemas that everybody's build has, where one could have the developer's name by chance.

    A schema can begin with the prefix for another reason than the developer only where that word is in the project.
    """
    if own.shared is None or not _mentions(call.project, own.prefix.rstrip("_")):
        return set()
    run(own.shared, ["parse"])
    return {node.schema for node in parsed(own.shared.artifacts / "manifest.json").nodes.values()}


def _mentions(project: Path, word: str) -> bool:
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", re.IGNORECASE)
    texts = (
        content for name, content in read_project(project).files() if name.endswith((".sql", ".yml", ".yaml", ".py"))
    )
    return any(pattern.search(content.decode("utf-8", "replace")) for content in texts)


def _warn_of_hooks(project: ParsedProject, own: OwnSchemas, nodes: Sequence[ParsedNode], warn: Warn) -> None:
    if not own.prefix:
        return
    unseen = [*project.operations, *(f"hooks of {node.id}" for node in nodes if node.hooks)]
    unseen += [f"materialization {node.materialized} of {node.id}" for node in nodes if node.materialized not in _KNOWN]
    if unseen:
        more = f" and {len(unseen) - _SHOWN} more" if len(unseen) > _SHOWN else ""
        listed = ", ".join(unseen[:_SHOWN]) + more
        warn(f"sluice cannot see where these write, in your schemas or in shared ones: {listed}")
