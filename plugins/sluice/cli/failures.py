"""How a command ends in an error: a message and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
from typing import Any

import typer
from typer.core import TyperGroup

from sluice.cli.terminal import err
from sluice.errors import SluiceError

TRACEBACK = "SLUICE_TRACEBACK"
"""Set to anything, an unexpected error is raised with its traceback."""
INTERRUPTED = 130


class Commands(TyperGroup):
    """All commands: whatever goes wrong in one of them is reported here.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage (Typer's), 130 interrupted.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command; report its error and exit."""
        try:
            return super().invoke(ctx)
        except SluiceError as error:
            tell(str(error), f"What to do: {error.advice}.")
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads has seen enough
                raise
            tell(_of_the_system(error), "What to do: look at the file or the address it names.")
        except KeyboardInterrupt:
            tell("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK) or _of_typer(error):
                raise
            tell(
                f"unexpected {type(error).__name__}: {error}",
                f"What to do: run it again with {TRACEBACK}=1, which shows where it happened, and report that.",
            )
        raise typer.Exit(1)


def tell(message: str, advice: str = "") -> None:
    """Print the message to stderr without wrapping, so that it can be copied."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    if advice:
        err.print(advice, markup=False, highlight=False, soft_wrap=True)


def _of_the_system(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}"


def _of_typer(error: Exception) -> bool:
    """Whether it is wrong usage, which Typer reports."""
    return type(error).__module__.startswith("typer")
