"""`sluice dbt`: dbt on the working project, at a terminal, in schemas of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluice.cli.terminal import Environment, err, person, workspace

if TYPE_CHECKING:
    from sluice.dbt.command import Typed
    from sluice.dbt.invoke import Invocation
    from sluice.operations.workspace import Workspace

_STATE = {"--state", "--defer", "--no-defer", "--defer-state"}
_SELECTION = {"--select", "--selector", "--full-refresh"}
_BUILDING = {"build", "run", "test", "compile"}
_READING = {*_BUILDING, "show", "snapshot"}
"""Commands for which it matters where a model is read that the developer has not built."""
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""What follows the environment is dbt's, options and all."""


def dbt(
    context: typer.Context,
    environment: Environment,
    developer: Annotated[str | None, typer.Option(help="whose schemas: goes before the name of each; you")] = None,
) -> None:
    """Run dbt on the working project in schemas of your own: `sluice dbt dev build --select fct_orders`.

    Any command of dbt's, with its own options, output and exit code. `--vars` of yours go over the environment's; what
    you have not built is read where all share it (--no-defer: not). `--developer NAME` may also follow the environment.
    """
    from sluice.dbt.command import typed
    from sluice.dbt.terminal import at_the_terminal
    from sluice.operations.refresh.dbt_builds import by_hand

    words, named = _developer(list(context.args))
    with workspace() as work:
        known = work.including(environment)
        call, own = by_hand(known, environment, named or developer or person())
        words += _state(known, call, environment, typed(words))
        code = at_the_terminal(call, words, own, _warn)
    raise typer.Exit(code)


def _state(work: Workspace, call: Invocation, environment: str, command: Typed) -> tuple[str, ...]:
    """Return the options about state and deferral that a command gets when it says nothing of them."""
    from sluice.operations.promotion.planning import beside_live
    from sluice.operations.refresh.dbt_builds import against_base

    if command.name not in _READING or command.given.keys() & _STATE:
        return ()
    if work.spec(environment).kind.standing:
        return beside_live(work, call, environment)
    if command.name in _BUILDING and not command.given.keys() & _SELECTION:
        return against_base(work, call, environment)
    return ()


def _developer(words: list[str]) -> tuple[list[str], str | None]:
    """Return dbt's words, and the name that stood among them as `--developer`."""
    others: list[str] = []
    name = None
    rest = iter(words)
    for word in rest:
        if word == "--developer":
            name = next(rest, None)
        elif word.startswith("--developer="):
            name = word.partition("=")[2]
        else:
            others.append(word)
    return others, name


def _warn(text: str) -> None:
    err.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
