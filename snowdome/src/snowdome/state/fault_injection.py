"""Faults on demand: the n-th statement that matches is cut, refused, delayed, or stops the server."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from snowdome.errors import SqlError

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session


class Fault(BaseModel):
    """What to do to which statement: `nth` counts the matching ones that arrive from now on, repeated ones too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    match: str
    """A regular expression, searched for in the statement's text without regard to case."""
    nth: int = Field(default=1, ge=1)
    when: Literal["before", "after"] = "before"
    do: Literal["drop", "error", "delay", "exit"]
    errno: int | None = Field(default=None, ge=0, le=999_999)
    """The number of the error, 604 (canceled) by default."""
    message: str = "Injected by snowdome."
    seconds: float | None = Field(default=None, ge=0)
    """How long a delay lasts, by the account's clock."""

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as problem:
            raise ValueError(f"no regular expression: {problem}") from None
        return value

    @model_validator(mode="after")
    def _says_how_long(self) -> Self:
        if self.do == "delay" and self.seconds is None:
            raise ValueError("a delay needs seconds")
        return self


class Faults:
    """The faults that are waiting for their statement. Each strikes once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []
        self._put_off: dict[Path, Fault] = {}

    def put_off(self, fault: Fault, folder: Path) -> None:
        """The fault, whose PUT came, strikes when a file has come into the folder."""
        self._put_off[folder] = fault

    def due(self, folder: Path) -> Fault | None:
        """The fault that waited for a file in the folder; it is used up."""
        return self._put_off.pop(folder, None)

    def add(self, fault: Fault) -> None:
        """The fault waits for its statement."""
        with self._lock:
            self._waiting.append((fault, fault.nth))

    def clear(self) -> None:
        """No fault is waiting."""
        with self._lock:
            self._waiting.clear()
            self._put_off.clear()

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


EXIT_CODE = 70
CANCELED = 604


class Cut(Exception):  # noqa: N818 (an event, not an error of ours)
    """The connection is to be cut without an answer; `answer` is the one that is lost, if there was one."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.answer = answer


def strike(account: Account, fault: Fault | None, when: str, session: Session | None = None) -> None:
    """What the fault asks for at this point has happened; without a fault, or at the other point, nothing.

    A delay lasts on the account's clock. One before a statement of a session is part of the statement: it occupies the
    warehouse, can be cancelled and is subject to the statement's timeouts.
    """
    if fault is None or fault.when != when:
        return
    match fault.do:
        case "drop":
            raise Cut
        case "error":
            raise SqlError(CANCELED if fault.errno is None else fault.errno, "57014", fault.message)
        case "delay" if when == "before" and session is not None:
            session.delay += fault.seconds or 0
        case "delay":
            account.time.sleep(fault.seconds or 0)
        case "exit":
            os._exit(EXIT_CODE)
