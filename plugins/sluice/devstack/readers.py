"""Consumers that query production continuously by its live name and check that what they read is consistent."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sluice.errors import SluiceError
from sluice.snowflake.connect import ConnectionSettings, Session, connect
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.statements import Statement, use_secondary_roles

PAUSE = 0.25
"""Seconds between two reads of one thread."""


@dataclass(slots=True)
class Seen:
    """What all readers together have seen."""

    reads: int = 0
    errors: int = 0
    torn: int = 0
    values: set[str] = field(default_factory=set)
    """The distinct answers: one for each deployment that was live, or more where somebody wrote into it."""
    complaints: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Return the counts as primitives."""
        return {"reads": self.reads, "errors": self.errors, "torn": self.torn, "answers": len(self.values)}


class Readers:
    """Threads with a session each, from entering the block until leaving it."""

    def __init__(self, settings: ConnectionSettings, question: Statement, *, threads: int = 8) -> None:
        self.seen = Seen()
        self._settings = settings
        self._question = question
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._begun = threading.Event()
        self._threads = [threading.Thread(target=self._read, name=f"reader-{n}", daemon=True) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _read(self) -> None:
        with ExitStack() as stack:
            session: Session | None = None
            while not self._end.wait(PAUSE):
                try:
                    if session is None:
                        session = stack.enter_context(connect(self._settings, query_tag={"pipeline": "readers"}))
                        session.run(use_secondary_roles("NONE"))
                    answer = session.one(self._question)
                except MissingError as error:
                    # Before the first deployment there is nothing to read; after it, this is an error like any other.
                    if self._begun.is_set():
                        self._complain(str(error))
                except SluiceError as error:
                    self._complain(str(error))
                else:
                    self._begun.set()
                    self._judge(str(answer["one"]), str(answer["other"]))

    def _judge(self, first: str, second: str) -> None:
        with self._lock:
            self.seen.reads += 1
            self.seen.values.add(first)
            if first != second:
                self.seen.torn += 1
                self.seen.complaints.append(f"torn: {first} and {second} in one answer")

    def _complain(self, text: str) -> None:
        with self._lock:
            self.seen.errors += 1
            self.seen.complaints.append(text)
