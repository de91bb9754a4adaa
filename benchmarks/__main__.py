"""`make bench`: run every benchmark, print one table, write build/bench.json."""

from __future__ import annotations

import argparse
import json
import time
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

BENCHMARKS = (
    "cutover", "leaf", "rollback", "parse", "overhead", "starting", "environments", "estate",
    "budgets", "attribution", "meter",
)  # fmt: skip
OUTPUT = Path(__file__).resolve().parents[1] / "build" / "bench.json"


class Benchmark(Protocol):
    """What a module of this folder offers."""

    def measure(self, *, quick: bool) -> list[Figure]:
        """Measure, and return the figures; `quick` takes fewer repetitions."""
        ...


def table(figures: list[Figure]) -> Table:
    """Return the figures as people read them."""
    out = Table(
        "What", "Figure", "Compared with", "Ratio", "Bar", "Note", title="sluice and snowdome, measured in one run"
    )
    for one in figures:
        beside = f"{one.peer_value:,.3f} {one.unit} ({one.peer})" if one.peer_value is not None else one.peer
        ratio = f"{one.ratio:.2f}x" if one.ratio is not None else ""
        out.add_row(one.what, f"{one.value:,.3f} {one.unit}", beside, ratio, one.bar, one.note)
    return out


def main() -> None:
    """Run the chosen benchmarks and leave their figures in build/bench.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="one benchmark; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, smaller projects")
    arguments = parser.parse_args()
    console = Console()
    figures: list[Figure] = []
    for name in arguments.only or BENCHMARKS:
        started = time.perf_counter()
        console.print(f"[bold]{name}[/bold] …")
        figures += cast("Benchmark", import_module(f"benchmarks.{name}")).measure(quick=arguments.quick)
        console.print(f"[dim]{name}: {time.perf_counter() - started:.1f} s[/dim]")
    console.print(table(figures))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([one.to_json() for one in figures], indent=2))
    console.print(f"written to {OUTPUT}")


if __name__ == "__main__":
    main()
