"""Who calls an operation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.errors import SpecError


@dataclass(frozen=True, slots=True)
class Caller:
    """The run that a retry belongs to, the person behind it, and when."""

    holder: str
    actor: str
    now: datetime


def refuse_nameless(reason: str) -> None:
    """Refuse what nobody gives a reason for."""
    if not reason.strip():
        raise SpecError("a reason is needed", where="reason", good="month-end close", untouched="everything")
