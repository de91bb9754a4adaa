"""CALL: the system functions that are called; methods of classes and procedures are refused by name."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import unsupported
from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.tokens import Kind

UNITS = {
    "DAYS": 86_400.0, "HOURS": 3_600.0, "MINUTES": 60.0, "SECONDS": 1.0, "MILLISECONDS": 1e-3, "MICROSECONDS": 1e-6,
    "NANOSECONDS": 1e-9,
}  # fmt: skip
WAIT = "SYSTEM$WAIT"


@dataclass(frozen=True, slots=True)
class CallWait:
    """CALL SYSTEM$WAIT(amount [, 'unit'])."""

    amount: str
    unit: str = "SECONDS"

    @property
    def seconds(self) -> float:
        """How long it waits."""
        return float(self.amount) * UNITS[self.unit]


def wait(amount: str, unit: str = "SECONDS") -> CallWait:
    """What is waited for (functions/system_wait), or the refusal of an amount or a unit that is none."""
    try:
        found = CallWait(amount, unit.upper())
        if found.seconds < 0:
            raise invalid_value(amount, WAIT)
    except (ValueError, KeyError):
        raise invalid_value(f"{amount}, {unit}", WAIT) from None
    return found


def call(cursor: Cursor) -> CallWait:
    """What follows CALL."""
    name = cursor.name()
    if cursor.accept("!"):
        raise unsupported(f"CALL {name}!{cursor.identifier()}")
    if name.last != WAIT:
        raise unsupported(f"CALL {name}")
    cursor.expect("(")
    amount, unit = cursor.take(), "SECONDS"
    if cursor.accept(","):
        token = cursor.take()
        if token.kind is not Kind.STRING:
            raise cursor.unexpected()
        unit = token.value
    cursor.expect(")")
    cursor.end()
    return wait(amount.text, unit)
