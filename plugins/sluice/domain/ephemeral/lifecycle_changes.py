"""What may be changed about an ephemeral environment, and the result of each change."""

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
    """The kinds of changes."""

    EXTEND = "extend"
    PIN = "pin"
    UNPIN = "unpin"
    RESIZE = "resize"
    BUDGET = "budget"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One requested change with its arguments; the others are None."""

    change: Change
    reason: str
    hours: int | None = None
    size: str | None = None
    daily_usd: Decimal | None = None
    owner: str | None = None


def changed(
    environment: EphemeralEnvironment, request: ChangeRequest, template: Template, now: datetime
) -> EphemeralEnvironment:
    """Return the changed environment, or refuse what its kind does not allow."""
    refuse_unless_exists(environment)
    match request.change:
        case Change.EXTEND:
            return _extended(environment, request, template, now)
        case Change.PIN:
            return _pinned(environment, template)
        case Change.UNPIN:
            return replace(environment, pinned=False)
        case Change.RESIZE:
            return replace(environment, spec=_resized(environment, request))
        case Change.BUDGET:
            return replace(environment, spec=_budgeted(environment, request, template))
        case Change.TRANSFER:
            return _transferred(environment, request)


def refuse_unless_exists(environment: EphemeralEnvironment) -> None:
    """Refuse an environment in quarantine or dropped: it needs `undo` first."""
    if environment.state in {State.QUARANTINED, State.DROPPED}:
        raise RefusedError(
            f"it is {environment.state} since {environment.since:%Y-%m-%d %H:%M} UTC: {environment.reason}",
            where=f"environment {environment.name}",
            good=f"sluice env undo {environment.name}",
            untouched="everything",
        )


def refuse_destroying(environment: EphemeralEnvironment, *, confirmation: str, forced: bool) -> None:
    """Refuse to destroy without confirmation, or a pinned environment; testing environments may be forced."""
    if forced and environment.spec.kind is not Kind.TESTING:
        raise SpecError(
            f"only testing environments may be destroyed without a confirmation, this is a {environment.spec.kind} one",
            where=f"environment {environment.name}: force",
            value=True,
            good=f"its name as the confirmation: {environment.name}",
            untouched="everything",
        )
    if not forced and confirmation != environment.name:
        raise SpecError(
            "the confirmation is not the environment's name",
            where="confirmation",
            value=confirmation,
            good=environment.name,
            untouched="everything",
        )
    if environment.pinned:
        raise RefusedError(
            "it is pinned",
            where=f"environment {environment.name}",
            good=f"sluice env unpin {environment.name}",
            untouched="everything",
        )


def _extended(
    environment: EphemeralEnvironment, request: ChangeRequest, template: Template, now: datetime
) -> EphemeralEnvironment:
    hours = template.lifetime.hours if request.hours is None else request.hours
    latest = environment.created + timedelta(hours=template.lifetime.max_hours)
    ends = max(environment.expires, now) + timedelta(hours=hours)
    if hours < 1 or ends > latest:
        raise SpecError(
            f"a {template.kind} environment lives at most {template.lifetime.max_hours} hours: "
            f"until {latest:%Y-%m-%d %H:%M} UTC",
            where=f"environment {environment.name}: hours",
            value=hours,
            good=str(max(int((latest - max(environment.expires, now)).total_seconds() // 3600), 0)),
            untouched="everything",
        )
    tags = {**environment.spec.tags, "EXPIRES": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return replace(environment, expires=ends, spec=environment.spec.model_copy(update={"tags": tags}))


def _pinned(environment: EphemeralEnvironment, template: Template) -> EphemeralEnvironment:
    if not template.lifetime.pin:
        raise RefusedError(
            f"{template.kind} environments cannot be pinned",
            where=f"environment {environment.name}",
            good=f"sluice env extend {environment.name}",
            untouched="everything",
        )
    return replace(environment, pinned=True)


def _resized(environment: EphemeralEnvironment, request: ChangeRequest) -> EnvironmentSpec:
    try:
        size = Size.read(request.size or "")
    except ValueError:
        raise SpecError(
            "no such warehouse size", where="size", value=request.size, good="SMALL", untouched="everything"
        ) from None
    return environment.spec.model_copy(
        update={"warehouse": environment.spec.warehouse.model_copy(update={"size": size})}
    )


def _budgeted(environment: EphemeralEnvironment, request: ChangeRequest, template: Template) -> EnvironmentSpec:
    daily = request.daily_usd
    if daily is None or not 0 < daily <= template.max_daily_usd:
        raise SpecError(
            f"a {template.kind} environment costs at most USD {template.max_daily_usd} a day",
            where="daily_usd",
            value=daily,
            good=str(template.budget.daily_usd),
            untouched="everything",
        )
    budget = environment.spec.budget
    hourly = min(budget.hourly_usd, daily)
    return environment.spec.model_copy(
        update={"budget": budget.model_copy(update={"daily_usd": daily, "hourly_usd": hourly})}
    )


def _transferred(environment: EphemeralEnvironment, request: ChangeRequest) -> EphemeralEnvironment:
    owner = (request.owner or "").strip()
    if not owner or owner == environment.owner:
        raise SpecError(
            "the new owner must be somebody else",
            where="owner",
            value=request.owner,
            good="ann",
            untouched="everything",
        )
    tags = {**environment.spec.tags, "OWNER": owner}
    return replace(environment, owner=owner, spec=environment.spec.model_copy(update={"tags": tags}))
