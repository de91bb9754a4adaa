"""One dbt command, run in this process by dbt's own runner, with its environment set before and restored after."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sluice.dbt.profile import Target, write_profile
from sluice.dbt.project import read_project
from sluice.dbt.quoting import refuse_missing_quoting
from sluice.errors import RefusedError, RetryError, SluiceError, SpecError

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

log = logging.getLogger(__name__)

_ONE_AT_A_TIME = threading.RLock()
"""dbt keeps its adapters, flags and events in globals: one run per process at a time."""

_ENVIRONMENT = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stays the same over the dbt commands of one deployment in one environment."""

    project: Path
    target: Target
    home: Path
    """Scratch folder of this environment and deployment: profile, target path, logs."""
    variables: Mapping[str, object]

    @property
    def artifacts(self) -> Path:
        """The folder dbt writes its artifacts to."""
        return self.home / "target"


@dataclass(frozen=True, slots=True)
class DbtRun:
    """What one command came to: the nodes by outcome, or the lines it listed."""

    command: str
    succeeded: bool
    lines: tuple[str, ...]
    failures: tuple[str, ...]


def run(call: Invocation, command: Sequence[str], *, check: bool = True) -> DbtRun:
    """Run one dbt command to its end; with `check`, a failure is raised and names the failing nodes."""
    words = [*command, *_options(call)]
    with _ONE_AT_A_TIME, _environment({**_ENVIRONMENT, **call.target.variables()}):
        from dbt.cli.main import dbtRunner

        log.info("dbt %s, target %s, database %s", " ".join(command), call.target.name, call.target.database)
        result = dbtRunner(callbacks=[_progress]).invoke(words)
    name = " ".join(word for word in command[:2] if not word.startswith("-"))
    if result.exception is not None:
        raise _failure(name, result.exception) from result.exception
    outcome = DbtRun(name, bool(result.success), _listed(result), _failures(result))
    if check and not outcome.succeeded:
        raise RefusedError(
            f"dbt {name} failed: {len(outcome.failures)} of its nodes",
            where=f"{call.target.name}, database {call.target.database}",
            value="; ".join(outcome.failures[:10]) or "see the log",
            good="every selected node succeeds",
            untouched="live",
        )
    return outcome


def at_the_terminal(call: Invocation, command: Sequence[str]) -> bool:
    """Run one dbt command as at a terminal, its output for the reader; return whether it succeeded."""
    with _ONE_AT_A_TIME, _environment({**_ENVIRONMENT, **call.target.variables()}):
        from dbt.cli.main import dbtRunner

        return bool(dbtRunner().invoke([*command, *_where(call), *_variables(call)]).success)


def _options(call: Invocation) -> list[str]:
    quiet = ["--no-version-check", "--quiet", "--log-level", "none", "--log-level-file", "info"]
    return [*_where(call), *quiet, *_variables(call)]


def _variables(call: Invocation) -> list[str]:
    return ["--vars", yaml.safe_dump(dict(call.variables), default_flow_style=True, width=10**6).strip()]


def _where(call: Invocation) -> list[str]:
    project = read_project(call.project)
    refuse_missing_quoting(project, call.target.database)
    profiles = write_profile(call.home, project.profile, call.target)
    options = ["--project-dir", call.project, "--profiles-dir", profiles, "--profile", project.profile]
    options += ["--target", call.target.name, "--target-path", call.artifacts, "--log-path", call.home / "logs"]
    return [str(option) for option in options]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _progress(event: object) -> None:
    """Log each finished node, so that a long build is seen to move."""
    info = getattr(event, "info", None)
    if getattr(info, "name", "") in {"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"}:
        log.info("%s", getattr(info, "msg", ""))


def _listed(result: dbtRunnerResult) -> tuple[str, ...]:
    return tuple(str(line) for line in result.result) if isinstance(result.result, list) else ()


def _failures(result: dbtRunnerResult) -> tuple[str, ...]:
    """Name the nodes that failed, each with the first line of what the database or the test said."""
    results = getattr(result.result, "results", None) or ()
    bad = [
        one for one in results if str(getattr(one.status, "value", one.status)) in {"error", "fail", "runtime error"}
    ]
    return tuple(f"{one.node.unique_id}: {' '.join(str(one.message or '').split())[:300]}" for one in bad)


def _failure(command: str, error: BaseException) -> SluiceError:
    """Turn what dbt raised into what the caller does next."""
    kind, message = type(error).__name__, " ".join(str(error).split())[:2000]
    if "Could not connect" in message or kind == "FailedToConnectError":
        return RetryError(f"dbt {command} could not reach Snowflake: {message}", untouched="live")
    if "Database Error" in message or kind == "DbtDatabaseError":
        return RefusedError(f"dbt {command} was refused by Snowflake: {message}", untouched="live")
    return SpecError(f"dbt {command} refused the project ({kind}): {message}", where="dbt project", untouched="live")
