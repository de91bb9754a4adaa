"""Shared by the commands: consoles, common options, and the workspace."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console

from sluice.devstack.use_running_stack import attach
from sluice.errors import RefusedError, SluiceError
from sluice.settings import settings

if TYPE_CHECKING:
    from sluice.operations.workspace import Workspace

_WIDE = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160
"""In a pipe nothing says how wide a line may be, unless COLUMNS does."""


def _console(stream: TextIO, **more: Any) -> Console:
    """A console; NO_COLOR asks for no escapes, where rich alone keeps bold ones, and a build server's spinner."""
    if os.environ.get("NO_COLOR"):
        more |= {"color_system": None, "force_terminal": stream.isatty()}
    return Console(width=_WIDE, **more)


out = _console(sys.stdout)
err = _console(sys.stderr, stderr=True)


def environment_names(incomplete: str) -> list[str]:
    """Return the specified environments that begin so, for the shell's completion; none where they cannot be read."""
    from sluice.domain.specs.environment import load_environments

    try:
        return [name for name in load_environments(settings().environments) if name.startswith(incomplete)]
    except SluiceError:
        return []


AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Environment = Annotated[
    str,
    typer.Argument(help="an environment of include/environments, for example prod", autocompletion=environment_names),
]


def print_json(value: object) -> None:
    """Print the value to stdout as JSON, times and dates in ISO 8601."""
    out.print_json(json.dumps(value, default=_primitive))


def _primitive(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date


def nothing_yet(work: Workspace) -> str:
    """Return the message for an account in which nothing is provisioned."""
    first = next(iter(work.environments))
    return f"nothing was provisioned in this account yet; the first environment: sluice provision {first}"


def person() -> str:
    """Return who is at the terminal; nothing where the system has no name for them, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@contextmanager
def workspace(doing: str = "", *, when_empty: object = None, as_json: bool = False) -> Iterator[Workspace]:
    """The workspace with Airflow's connections (of `make up`'s Airflow where that runs and AIRFLOW_HOME is not set).

    `doing` is shown meanwhile. Where nothing is provisioned in the account yet, the command says so, with exit code 0
    if `when_empty` is given, which is what it then prints as JSON.
    """
    attach(settings().root)
    spinner = err.status(doing)
    if doing:
        spinner.start()
    try:
        with _workspace().one_session() as work:
            try:
                yield work
            except SluiceError as error:
                spinner.stop()
                _explain_missing(work, error, when_empty, as_json=as_json)
                raise
    finally:
        spinner.stop()


def _workspace() -> Workspace:
    """A folder as store needs no Airflow, and a connection only when it is asked for."""
    from sluice.cli.connections import connection, object_storage
    from sluice.operations.workspace import workspace as of_settings

    current = settings()
    work = of_settings(current, connection)
    return work if current.store.startswith("file:") else replace(work, store=object_storage(current.store))


def _explain_missing(work: Workspace, error: SluiceError, when_empty: object, *, as_json: bool) -> None:
    """End the command, or raise a clearer error, where something is missing because it was never provisioned."""
    from sluice.operations.provisioning.provisioned import nothing_provisioned, unprovisioned
    from sluice.snowflake.error_mapping import LoginError, MissingError

    if not isinstance(error, LoginError | MissingError):
        return
    try:
        nothing = nothing_provisioned(work)
        missing = tuple(work.environments) if nothing else unprovisioned(work)
    except SluiceError:  # nobody can look: the first error is the one to read
        return
    if nothing and when_empty is not None:
        if as_json:
            print_json(when_empty)
        (err if as_json else out).print(nothing_yet(work), highlight=False)
        raise typer.Exit(0) from error
    if nothing:
        raise RefusedError(
            "nothing was provisioned in this account yet",
            where="the account",
            good=f"sluice provision {missing[0]}",
            untouched="everything",
        ) from error
    text = f"{error.where} {error.message}"
    for spec in (work.environments[name] for name in missing):
        if spec.connection in text or spec.database.name.name in text:
            raise RefusedError(
                "it is not provisioned yet",
                where=f"environment {spec.name}",
                value=error.message.splitlines()[0],
                good=f"sluice provision {spec.name}",
                untouched="everything",
            ) from error
