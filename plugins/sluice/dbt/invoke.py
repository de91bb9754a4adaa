"""One dbt command of a deployment, run in this process, its failure turned into what the caller does next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.dbt.profile import Target, write_profile
from sluice.dbt.project import read_project
from sluice.dbt.quoting import refuse_missing_quoting
from sluice.dbt.runner import Answer, invoke
from sluice.errors import RefusedError, RetryError, SluiceError, SpecError

log = logging.getLogger(__name__)

_BEFORE_WORK = {"LogStartLine", "SQLQuery"}
"""Events of a node's start and of each statement: whatever is raised there fails that node, and dbt goes on."""
_NODES = {"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"}


class DbtStoppedError(Exception):
    """Whoever runs dbt may not go on: no further node begins, and no further statement is sent."""


def _go_on() -> None:
    """Nothing stops it."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The common settings of the dbt commands of one deployment in one environment."""

    project: Path
    target: Target
    home: Path
    """Scratch folder of this environment and deployment: profile, target path, logs."""
    variables: Mapping[str, object]
    may_go_on: Callable[[], None] = _go_on
    """Called before each node and each statement; raises `DbtStoppedError` to have nothing further done."""

    @property
    def artifacts(self) -> Path:
        """The folder dbt writes its artifacts to."""
        return self.home / "target"

    @property
    def log_file(self) -> Path:
        """The file dbt writes its log to."""
        return self.home / "logs" / "dbt.log"


@dataclass(frozen=True, slots=True)
class DbtRun:
    """The result of one command: the nodes by outcome, or the lines it listed."""

    command: str
    succeeded: bool
    lines: tuple[str, ...]
    failures: tuple[str, ...]


def run(call: Invocation, command: Sequence[str], *, check: bool = True) -> DbtRun:
    """Run one dbt command to its end; with `check`, failing nodes are raised and named.

    What is no node's failure (the project does not parse, Snowflake is not reached, a hook fails) is always raised.
    """
    log.info("dbt %s, target %s, database %s", " ".join(command), call.target.name, call.target.database)
    answer = invoke([*command, *_options(call)], call.target.variables(), lambda event: _watch(call, event))
    name = " ".join(word for word in command[:2] if not word.startswith("-"))
    if answer.raised or not (answer.success or answer.failures):
        raise failure(name, answer, f"dbt project {call.project}", call.log_file)
    if check and not answer.success:
        raise RefusedError(
            f"dbt {name} failed: {len(answer.failures)} of its nodes",
            where=f"{call.target.name}, database {call.target.database}",
            value="; ".join(answer.failures[:10]),
            good=f"every selected node succeeds; dbt's log: {call.log_file}",
            untouched="live",
        )
    return DbtRun(name, answer.success, answer.lines, answer.failures)


def failure(command: str, answer: Answer, where: str, log_file: Path) -> SluiceError:
    """Return the error that a failed command makes: dbt's own words, where its log is, what the caller does next."""
    words = "\n    ".join(answer.words.splitlines()) or f"it ended without a word ({answer.raised or 'no exception'})"
    details = f":\n    {words}\n    dbt's log: {log_file}"
    if "Could not connect" in words or answer.raised == "FailedToConnectError":
        return RetryError(f"dbt {command} could not reach Snowflake{details}", where=where, untouched="live")
    if "Database Error" in words or answer.raised == "DbtDatabaseError":
        return RefusedError(f"dbt {command} was refused by Snowflake{details}", where=where, untouched="live")
    return SpecError(f"dbt {command} refused the project{details}", where=where, untouched="live")


def as_yaml(variables: Mapping[str, object]) -> str:
    """Return variables as the one line that `--vars` takes."""
    return yaml.safe_dump(dict(variables), default_flow_style=True, width=10**6).strip()


def places(call: Invocation) -> dict[str, str]:
    """Return the options that say where dbt finds and leaves its files, and whose connection it takes."""
    project = read_project(call.project)
    refuse_missing_quoting(project, call.target.database)
    profiles = write_profile(call.home, project.profile, call.target)
    return {
        "--project-dir": str(call.project),
        "--profiles-dir": str(profiles),
        "--profile": project.profile,
        "--target": call.target.name,
        "--target-path": str(call.artifacts),
        "--log-path": str(call.log_file.parent),
    }


def _options(call: Invocation) -> list[str]:
    where = [word for pair in places(call).items() for word in pair]
    return [*where, "--quiet", "--log-level", "none", "--log-level-file", "info", "--vars", as_yaml(call.variables)]


def _watch(call: Invocation, event: object) -> None:
    """Stop what may not go on; log each finished node, so that a long build is seen to move."""
    info = getattr(event, "info", None)
    if getattr(info, "name", "") in _BEFORE_WORK:
        call.may_go_on()
    if getattr(info, "name", "") in _NODES:
        log.info("%s", getattr(info, "msg", ""))
