"""What may be changed about an ephemeral environment, and what each change makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, State
from sluice.domain.ephemeral.templates import Template
from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, SpecError


class Change(StrEnum):
    """What people may ask for."""

    EXTEND = "extend"
    PIN = "pin"
    UNPIN = "unpin"
    RESIZE = "resize"
    BUDGET = "budget"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One change, with what it needs; the rest is None."""

    change: Change
    reason: str
    hours: int | None = None
    size: str | None = None
    daily_usd: Decimal | None = None
    owner: str | None = None


def changed(life: EphemeralEnvironment, wish: ChangeRequest, template: Template, now: datetime) -> EphemeralEnvironment:
    """Return the life as the wish makes it, or refuse what its kind does not allow."""
    refuse_unless_exists(life)
    match wish.change:
        case Change.EXTEND:
            return _extended(life, wish, template, now)
        case Change.PIN:
            return _pinned(life, template)
        case Change.UNPIN:
            return replace(life, pinned=False)
        case Change.RESIZE:
            return replace(life, spec=_resized(life, wish))
        case Change.BUDGET:
            return replace(life, spec=_budgeted(life, wish, template))
        case Change.TRANSFER:
            return _handed_over(life, wish)


def refuse_unless_exists(life: EphemeralEnvironment) -> None:
    """Refuse an environment that is set aside or gone: it is undone first."""
    if life.state in {State.QUARANTINED, State.DROPPED}:
        raise RefusedError(
            f"it is {life.state} since {life.since:%Y-%m-%d %H:%M} UTC: {life.reason}",
            where=f"environment {life.name}",
            good=f"sluice env undo {life.name}",
            untouched="everything",
        )


def refuse_destroying(life: EphemeralEnvironment, *, confirmation: str, forced: bool) -> None:
    """Refuse to destroy what was not named by who asks, or what is pinned; a pipeline may force its own kind."""
    if forced and life.spec.kind is not Kind.TESTING:
        raise SpecError(
            f"only testing environments may be destroyed without a confirmation, this is a {life.spec.kind} one",
            where=f"environment {life.name}: force",
            value=True,
            good=f"its name as the confirmation: {life.name}",
            untouched="everything",
        )
    if not forced and confirmation != life.name:
        raise SpecError(
            "the confirmation is not the environment's name",
            where="confirmation",
            value=confirmation,
            good=life.name,
            untouched="everything",
        )
    if life.pinned:
        raise RefusedError(
            "it is pinned",
            where=f"environment {life.name}",
            good=f"sluice env unpin {life.name}",
            untouched="everything",
        )


def _extended(
    life: EphemeralEnvironment, wish: ChangeRequest, template: Template, now: datetime
) -> EphemeralEnvironment:
    hours = template.lifetime.hours if wish.hours is None else wish.hours
    latest = life.created + timedelta(hours=template.lifetime.max_hours)
    ends = max(life.expires, now) + timedelta(hours=hours)
    if hours < 1 or ends > latest:
        raise SpecError(
            f"a {template.kind} environment lives at most {template.lifetime.max_hours} hours: "
            f"until {latest:%Y-%m-%d %H:%M} UTC",
            where=f"environment {life.name}: hours",
            value=hours,
            good=str(max(int((latest - max(life.expires, now)).total_seconds() // 3600), 0)),
            untouched="everything",
        )
    tags = {**life.spec.tags, "EXPIRES": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return replace(life, expires=ends, spec=life.spec.model_copy(update={"tags": tags}))


def _pinned(life: EphemeralEnvironment, template: Template) -> EphemeralEnvironment:
    if not template.lifetime.pin:
        raise RefusedError(
            f"{template.kind} environments cannot be pinned",
            where=f"environment {life.name}",
            good=f"sluice env extend {life.name}",
            untouched="everything",
        )
    return replace(life, pinned=True)


def _resized(life: EphemeralEnvironment, wish: ChangeRequest) -> EnvironmentSpec:
    try:
        size = Size.read(wish.size or "")
    except ValueError:
        raise SpecError(
            "no such warehouse size", where="size", value=wish.size, good="SMALL", untouched="everything"
        ) from None
    return life.spec.model_copy(update={"warehouse": life.spec.warehouse.model_copy(update={"size": size})})


def _budgeted(life: EphemeralEnvironment, wish: ChangeRequest, template: Template) -> EnvironmentSpec:
    daily = wish.daily_usd
    if daily is None or not 0 < daily <= template.max_daily_usd:
        raise SpecError(
            f"a {template.kind} environment costs at most USD {template.max_daily_usd} a day",
            where="daily_usd",
            value=daily,
            good=str(template.budget.daily_usd),
            untouched="everything",
        )
    budget = life.spec.budget
    hourly = min(budget.hourly_usd, daily)
    return life.spec.model_copy(update={"budget": budget.model_copy(update={"daily_usd": daily, "hourly_usd": hourly})})


def _handed_over(life: EphemeralEnvironment, wish: ChangeRequest) -> EphemeralEnvironment:
    owner = (wish.owner or "").strip()
    if not owner or owner == life.owner:
        raise SpecError(
            "somebody else has to be named", where="owner", value=wish.owner, good="ann", untouched="everything"
        )
    tags = {**life.spec.tags, "OWNER": owner}
    return replace(life, owner=owner, spec=life.spec.model_copy(update={"tags": tags}))
