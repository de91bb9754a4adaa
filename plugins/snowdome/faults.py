"""Faults on demand: the n-th statement that matches is cut, refused, delayed, or takes the server down."""

from __future__ import annotations

import re
import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Fault(BaseModel):
    """What to do to which statement: `nth` counts the matching ones from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str
    nth: int = Field(default=1, ge=1)
    when: Literal["before", "after"] = "before"
    do: Literal["drop", "error", "delay", "exit"]
    errno: int = 604
    message: str = "Injected by snowdome."
    seconds: float = Field(default=0, ge=0)

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str) -> str:
        re.compile(value)
        return value


class Faults:
    """The faults that are waiting for their statement. Each strikes once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """The fault waits for its statement."""
        with self._lock:
            self._waiting.append((fault, fault.nth))

    def clear(self) -> None:
        """No fault is waiting."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """The faults that have not struck yet."""
        with self._lock:
            return [fault for fault, _ in self._waiting]

    def strike(self, text: str) -> Fault | None:
        """The fault this statement is due, if any; it is used up."""
        if not self._waiting:
            return None
        with self._lock:
            due: Fault | None = None
            left: list[tuple[Fault, int]] = []
            for fault, count in self._waiting:
                matches = re.search(fault.match, text, re.IGNORECASE | re.DOTALL) is not None
                remaining = count - matches
                if matches and remaining == 0 and due is None:
                    due = fault
                else:
                    left.append((fault, max(remaining, 1)))
            self._waiting = left
            return due
