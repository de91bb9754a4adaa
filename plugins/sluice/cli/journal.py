"""`sluice history` and `sluice audit`: the journal of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from sluice.cli.terminal import AsJson, Environment, out, print_json, workspace

if TYPE_CHECKING:
    from sluice.domain.journal.events import Event

Limit = Annotated[int, typer.Option(min=1, help="how many of the latest events")]


def history(environment: Environment, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show what happened to an environment, from its journal."""
    from sluice.operations.status import history as read

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        events = read(work.including(environment), environment, limit=limit)
    if as_json:
        print_json([_facts(event) for event in events])
        return
    if not events:
        out.print(f"the journal of {environment} is empty", highlight=False)
        return
    table = _table(f"journal of {environment}", "At (UTC)", "What", "Deployment", "By", "Facts")
    for event in events:
        facts = event.payload.get("summary") or _brief(event)
        table.add_row(f"{event.at:%Y-%m-%d %H:%M:%S}", event.kind, event.deployment or "", event.actor, str(facts))
    out.print(table)


def audit(environment: Environment, limit: Limit = 200, as_json: AsJson = False) -> None:
    """Show who did what to an environment, when and why; also for a dropped one."""
    from sluice.operations.status import audit as read

    with workspace("reading the journal", when_empty=[], as_json=as_json) as work:
        events: list[Event] = []
        try:
            events = read(work, environment, limit=limit)
        finally:
            if not events:
                work.including(environment)  # an unknown name is a mistake, not an empty answer
    if as_json:
        print_json([_facts(event) for event in events])
        return
    if not events:
        out.print(f"the journal of {environment} is empty", highlight=False)
        return
    table = _table(environment, "At (UTC)", "Who", "What", "Why")
    for event in events:
        why = event.payload.get("reason") or event.payload.get("summary") or _brief(event)
        table.add_row(f"{event.at:%Y-%m-%d %H:%M:%S}", event.actor, event.kind, str(why))
    out.print(table)


def _table(title: str, *names: str) -> Table:
    return Table(*(Column(name, overflow="fold") for name in names), title=title)


def _brief(event: Event) -> str:
    shown = {key: value for key, value in event.payload.items() if isinstance(value, str | int | float | bool)}
    return ", ".join(f"{key} {value}" for key, value in shown.items())[:120]


def _facts(event: Event) -> dict[str, object]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "environment": event.environment,
        "deployment": event.deployment,
        "actor": event.actor,
        "payload": dict(event.payload),
    }
