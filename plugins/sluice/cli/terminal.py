"""What the commands share: where they print, and the workspace they open."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from sluice.errors import SluiceError
from sluice.laptop.attach import attach
from sluice.settings import settings
from sluice.stages.workspace import Workspace

WIDE = None if sys.stdout.isatty() else 160
"""In a pipe nothing says how wide a line may be."""
out = Console(width=WIDE)
err = Console(stderr=True, width=WIDE)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]


@contextmanager
def workspace() -> Iterator[Workspace]:
    """The workspace with Airflow's connections (of `make up`'s Airflow where that runs and AIRFLOW_HOME is not set).

    Whatever goes wrong in it is told to the reader, exit code 1.
    """
    try:
        attach(settings().root)
        # The operator's own process: Airflow then looks for connections in its database too, not only in variables.
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
        from sluice.airflow.workspace import airflow_workspace

        yield airflow_workspace()
    except SluiceError as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        err.print(f"What to do: {error.advice}.", markup=False, highlight=False)
        raise typer.Exit(1) from None
