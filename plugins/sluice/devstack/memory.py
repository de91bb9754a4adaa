"""The memory of the stack, sampled while it runs."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

from sluice.devstack import processes
from sluice.devstack.stack import Stack

EVERY = 5.0


class MemoryWatch:
    """The peak of what the stack's processes and this one hold together, shared pages counted once."""

    def __init__(self, stack: Stack) -> None:
        self.peak = 0
        self._stack = stack
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(timeout=EVERY)

    @property
    def gigabytes(self) -> float:
        """The peak so far."""
        return round(self.peak / 1e9, 2)

    def _watch(self) -> None:
        while not self._end.wait(EVERY):
            running = [*processes.members(self._stack.services), psutil.Process()]
            self.peak = max(self.peak, sum(_memory_of(process) for process in running))


def _memory_of(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    # Where the system tells a proportional size (Linux), pages that forks share are counted once.
    return int(getattr(memory, "pss", memory.uss))
