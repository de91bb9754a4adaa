"""`python -m sluice.devstack demo|up|down`: the whole stack on one machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from sluice.devstack.extra import require_local
from sluice.errors import SluiceError
from sluice.settings import settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Scale = Annotated[float, typer.Option(min=0.001, max=1, help="1 is the published size: 99,441 orders")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")]


@app.command()
def demo(scale: Scale = 0.1) -> None:
    """Run the demo end to end; nothing is left running."""
    require_local()
    from sluice.devstack.demo import demo as play

    raise typer.Exit(play(settings().root, scale))


@app.command()
def up(scale: Scale = 0.1, port: Port = 8080, account_port: Port = 8085) -> None:
    """Start the stack and leave it running, with its environments and data in place."""
    require_local()
    from sluice.devstack.local import up as start

    start(settings().root, scale=scale, port=port, account_port=account_port)


@app.command()
def down() -> None:
    """Stop every stack of this project; data and logs stay."""
    require_local()
    from sluice.devstack.local import down as stop

    stop(settings().root)


def main() -> None:
    """Run a command; print an error in a few lines."""
    try:
        app()
    except SluiceError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        Console(stderr=True).print(error.advice, style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
