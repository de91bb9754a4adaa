"""A script with numbered steps, their durations and outcomes, logged to a console."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def wide_console() -> Console:
    """Return a console; into a file or a pipe it writes lines of a readable width, not of a default one."""
    console = Console()
    return console if console.is_terminal else Console(width=150)


@dataclass(slots=True)
class Step:
    """One step and its outcome."""

    title: str
    seconds: float = 0.0
    models: int | None = None
    outcome: str = ""
    ok: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the step as primitives."""
        return {
            "step": self.title,
            "seconds": round(self.seconds, 1),
            "models_built": self.models,
            "outcome": self.outcome,
            "ok": self.ok,
        }


@dataclass(slots=True)
class ScriptLog:
    """The steps so far, logged to a console."""

    console: Console = field(default_factory=wide_console)
    steps: list[Step] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a line with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self.begun), 60)
        self.console.print(f"[dim]{minutes:3d}:{seconds:02d}[/dim]   {escape(text)}", highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Log the start and the end of a step."""
        step = Step(title)
        self.steps.append(step)
        self.console.print(f"\n[bold cyan]{len(self.steps):2d}. {escape(title)}[/bold cyan]", highlight=False)
        started = time.monotonic()
        try:
            yield step
            step.ok = True
        except BaseException as error:
            step.outcome = (
                step.outcome or f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            )
            raise
        finally:
            step.seconds = time.monotonic() - started
            mark = "[green]✓[/green]" if step.ok else "[red]✗[/red]"
            self.console.print(f"      {mark} {step.seconds:.1f} s  {escape(step.outcome)}", highlight=False)

    def table(self, title: str) -> Table:
        """Return all steps as a table."""
        table = Table(title=title, title_justify="left")
        for name, side in (("", "right"), ("step", "left"), ("seconds", "right"), ("models", "right"), ("", "left")):
            table.add_column(name, justify="right" if side == "right" else "left")
        for number, step in enumerate(self.steps, 1):
            models = "" if step.models is None else str(step.models)
            mark = "[green]✓[/green]" if step.ok else "[red]✗[/red]"
            table.add_row(str(number), step.title, f"{step.seconds:.1f}", models, f"{mark} {escape(step.outcome)}")
        return table
