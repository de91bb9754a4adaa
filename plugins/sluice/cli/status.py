"""`sluice status`: the state of every environment, read from the account and the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from rich.table import Column, Table

from sluice.cli.failures import tell
from sluice.cli.terminal import AsJson, err, nothing_yet, out, print_json, workspace
from sluice.errors import RetryError, SluiceError

if TYPE_CHECKING:
    from sluice.operations.status import Status
    from sluice.operations.workspace import Workspace


_NUMBER = re.compile(r"\d+")
"""Attempts, ports, ids: what differs between two messages of the same fault."""


def status(as_json: AsJson = False) -> None:
    """Show every environment: live deployment, release, since when, retained databases, lock owner."""
    with workspace() as work:
        states = _read(work)
    if as_json:
        print_json([state.to_json() for state in states])
    else:
        out.print(_table(states))
        if not any(state.provisioned for state in states):
            out.print(nothing_yet(work), highlight=False)
    for problem in _problems(states):
        tell(problem)
    if any(state.problem for state in states):
        raise typer.Exit(1)


def _read(work: Workspace) -> list[Status]:
    """The state of each environment; an account that did not answer for one is not waited for again by the next."""
    from sluice.operations.status import status as read

    states: list[Status] = []
    unreachable: dict[tuple[object, ...], Status] = {}
    for name in _progress("reading environments", list(work.environments)):
        account = _account(work, name)
        spec, unanswered = work.environments[name], unreachable.get(account)
        if unanswered is not None:
            same = replace(unanswered, environment=name, kind=spec.kind, database=spec.database.name.name)
            states.append(same)
            continue
        states.append(read(work, name))
        if account and isinstance(states[-1].error, RetryError):
            unreachable[account] = states[-1]
    return states


def _account(work: Workspace, name: str) -> tuple[object, ...]:
    try:
        settings = work.connections(work.environments[name].connection)
    except SluiceError:  # reported by what reads the environment
        return ()
    return (settings.account, settings.host, settings.port)


def _progress(what: str, names: list[str]) -> Iterator[str]:
    with err.status(what) as shown:
        for name in names:
            shown.update(f"{what}: {name}")
            yield name


def _table(states: Iterable[Status]) -> Table:
    names = ("Environment", "Live", "Deployment", "Release", "Since (UTC)", "Retained", "Lock")
    table = Table(*(Column(name, overflow="fold") for name in names), title="sluice")
    for state in states:
        if state.problem or not state.provisioned:
            why = "[red]see below[/red]" if state.problem else "not provisioned yet"
            table.add_row(state.environment, state.database, why)
            continue
        retained = "\n".join(f"{database.deployment} ({database.release})" for database in state.retained)
        lock = (
            f"{state.lock_holder} until {state.lock_until:%H:%M:%S}" if state.lock_holder and state.lock_until else ""
        )
        since = f"{state.since:%Y-%m-%d %H:%M:%S}" if state.since else ""
        deployment = state.deployment if state.release else "none yet"
        table.add_row(state.environment, state.database, deployment, state.release or "", since, retained, lock)
    return table


def _problems(states: Iterable[Status]) -> list[str]:
    """What is wrong, once for all environments that have the same: one machine without connections has one fault."""
    groups: dict[str, list[Status]] = {}
    for state in states:
        if state.problem:
            same = _NUMBER.sub("", state.error.message if state.error else state.problem)
            groups.setdefault(same, []).append(state)
    return [f"{', '.join(state.environment for state in group)}: {group[0].problem}" for group in groups.values()]
