"""A measured figure and the peer it was measured beside, in the same run on the same machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, beside what, and the bar that design asks for."""

    what: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    bar: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure over its peer's, when there is one."""
        return self.value / self.peer_value if self.peer_value else None

    def to_json(self) -> dict[str, object]:
        """Return the figure as primitives."""
        return {**asdict(self), "ratio": self.ratio}
