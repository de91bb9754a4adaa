"""What a check of files found: an error or a warning, where it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (error: it would fail) or worth a look (warning), and its cure."""

    level: Level
    where: str
    """The file, field, model or object it is about."""
    message: str
    cure: str
    """What to write, run or change, complete enough to be copied."""

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.message}\n  {self.cure}"
