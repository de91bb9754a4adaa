"""include/policies/cleanup.yml: when an environment is stale, what is protected, and the limits of a sweep."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sluice.domain.specs.blocks import Block, Kind
from sluice.domain.yaml_loader import read_model

Days = Annotated[float, Field(gt=0, le=3650)]
Hours = Annotated[float, Field(ge=0, le=8760)]


def _pattern(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_*?]+", text) or not re.search(r"[A-Za-z0-9]", text):
        raise ValueError("letters, digits, underscores, * and ?, e.g. prod*; a lone * would protect everything")
    return text.lower()


class KindPolicy(Block):
    """When environments of one kind are stale, and what is done about it."""

    max_age_days: Days | None = None
    idle_days: Days | None = None
    action: Literal["remove", "report"] = "report"
    notice: bool = True
    """Whether the owner is notified first, and may answer."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.max_age_days is None and self.idle_days is None:
            raise ValueError("neither max_age_days nor idle_days: nothing would ever be stale: say max_age_days: 14")
        return self


class Protected(Block):
    """What no sweep removes."""

    kinds: tuple[Kind, ...] = (Kind.PRODUCTION, Kind.STAGING)
    names: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ("prod*",)

    @model_validator(mode="after")
    def _production_is_protected(self) -> Self:
        if Kind.PRODUCTION not in self.kinds:
            raise ValueError("production is always protected: say kinds: [production, staging]")
        return self

    def pattern(self, *names: str) -> str | None:
        """Return the pattern that one of the names matches, whatever its case."""
        lower = [name.lower() for name in names]
        return next((pattern for pattern in self.names for name in lower if fnmatchcase(name, pattern)), None)


class AtMost(Block):
    """How much one sweep may remove: both limits apply."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 10
    percent: Annotated[float, Field(gt=0, lt=100)] = 25


class Sprawl(Block):
    """When there are too many environments."""

    active: Annotated[int, Field(ge=1)] = 20
    unused_hours: Hours = 24


class OrphanPolicy(Block):
    """Orphaned objects of deployments and environments."""

    candidate_days: Annotated[float, Field(gt=0)] = 3
    """How long a candidate that did not become live is kept for inspection."""
    stale_relations: Literal["report", "drop"] = "report"
    """Relations in an environment built in place that its project does not have any more."""
    in_use_minutes: Annotated[float, Field(ge=0)] = 60


class CleanupPolicy(Block):
    """The whole file."""

    kinds: dict[Kind, KindPolicy]
    notice_hours: Hours = 24
    quarantine_hours: Hours = 24
    in_use_minutes: Annotated[float, Field(ge=0)] = 60
    usage_stale_hours: Annotated[float, Field(gt=0)] = 6
    protected: Protected = Protected()
    at_most: AtMost = AtMost()
    sprawl: Sprawl = Sprawl()
    leftovers: OrphanPolicy = OrphanPolicy()

    @model_validator(mode="after")
    def _nothing_protected_is_removed(self) -> Self:
        for kind in self.protected.kinds:
            if kind in self.kinds and self.kinds[kind].action == "remove":
                raise ValueError(f"kinds.{kind}: a protected kind is never removed: say action: report")
        for kind, policy in self.kinds.items():
            if kind.standing and policy.action == "remove":
                raise ValueError(f"kinds.{kind}: a standing environment is never removed: say action: report")
        return self


def load_cleanup(path: Path) -> CleanupPolicy:
    """Return the policy in this file, or refuse it by name."""
    return read_model(path, CleanupPolicy)
