"""What readers see while production is exchanged again and again, and how long a cut-over takes."""

from __future__ import annotations

import threading
from time import perf_counter

from benchmarks.figure import Figure
from benchmarks.shops import shop  # first: it says where the next line finds its module

from test_torn_reads import READERS, Reading, exchange, prepare, read  # isort: skip


def measure(*, quick: bool) -> list[Figure]:
    """Exchange live and the retained database under eight readers that compare two tables in one statement."""
    swaps = 200 if quick else 1000
    with shop() as opened:
        opened.validated()
        opened.promote("prod")
        prepare(opened)
        stop, found = threading.Event(), [Reading() for _ in range(READERS)]
        threads = [threading.Thread(target=read, args=(opened, stop, one)) for one in found]
        for thread in threads:
            thread.start()
        started = perf_counter()
        try:
            exchange(opened, swaps)
        finally:
            seconds = perf_counter() - started
            stop.set()
            for thread in threads:
                thread.join(60)
    reads = sum(one.reads for one in found)
    what = f"{swaps} cut-overs under {READERS} readers"
    return [
        Figure(f"{what}: torn reads", sum(one.torn for one in found), "reads", "all", reads, "0"),
        Figure(f"{what}: reader errors", sum(len(one.errors) for one in found), "errors", bar="0"),
        Figure(f"{what}: one cut-over, fence and markers checked", seconds / swaps, "s"),
    ]
