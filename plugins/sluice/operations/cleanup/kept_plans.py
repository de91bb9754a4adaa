"""What a sweep would do, kept in the store: the whole of it, for whoever asks later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sluice.operations.workspace import Workspace


def keep_plan(work: Workspace, lines: Iterable[str], now: datetime) -> str:
    """Leave the lines of a sweep's plan in the store, one file a day, and return where."""
    home = work.store / "sweeps"
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"plan-{now:%Y-%m-%d}.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)
