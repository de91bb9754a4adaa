"""`sluice dbt`: dbt on the working project, at a terminal, in schemas of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.cli.terminal import Environment, err, person, workspace

_STATE = {"--state", "--defer", "--no-defer", "--defer-state"}
_CHOOSES = {"--select", "-s", "--models", "-m", "--full-refresh", "--selector"}
_COMPARED = {"build", "run", "test", "compile"}
_READING = {*_COMPARED, "show", "snapshot"}
"""Where it matters in which schema a model is read that one has not built."""
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
    from sluice.dbt.terminal import at_the_terminal
    from sluice.stages.building import against_base, by_hand
    from sluice.stages.planning import beside_live

    words, named = _developer(list(context.args))
    with workspace() as work:
        known = work.including(environment)
        call, own = by_hand(known, environment, named or developer or person())
        said = {word.split("=")[0] for word in words}
        if words and words[0] in _READING and not said & _STATE:
            if known.spec(environment).kind.standing:
                words += beside_live(known, call, environment)
            elif words[0] in _COMPARED and not said & _CHOOSES:
                words += against_base(known, call, environment)
        code = at_the_terminal(call, words, own, _warn)
    raise typer.Exit(code)


def _developer(words: list[str]) -> tuple[list[str], str | None]:
    """Return dbt's words, and the name that stood among them as `--developer`."""
    kept: list[str] = []
    name = None
    rest = iter(words)
    for word in rest:
        if word == "--developer":
            name = next(rest, None)
        elif word.startswith("--developer="):
            name = word.partition("=")[2]
        else:
            kept.append(word)
    return kept, name


def _warn(text: str) -> None:
    err.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
