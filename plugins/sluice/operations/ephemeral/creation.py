"""Making an environment that comes and goes: written down first, then made, so that a half-made one is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, EphemeralEvent, State
from sluice.domain.ephemeral.templates import Request, Template, expiry, specify
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, undotted
from sluice.domain.promotion.cutover import deployed
from sluice.domain.provisioning.steps import Plan, Step
from sluice.domain.specs.blocks import Kind as EnvironmentKind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, RetryError, SpecError, StopError
from sluice.operations.provisioning.provision import Provisioned, plan_provision, provision
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import control_database, journal, locks, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError


@in_one_session
def plan_create(work: Workspace, kind: str, request: Request, now: datetime) -> tuple[EnvironmentSpec, Plan]:
    """Return what the environment would be and the steps that would make it; nothing is changed or written."""
    spec = specify(template(work, kind), request, work.environments, now)
    with work.account() as account:
        account.refuse_unreadable(spec.name)
    _refuse_taken(work.lives(), spec.name, holder=None)
    return spec, plan_provision(work.knowing(spec), spec.name, now)


@in_one_session
def create(
    work: Workspace,
    kind: str,
    request: Request,
    now: datetime,
    *,
    holder: str,
    actor: str,
    done: Callable[[Step], None] = lambda _: None,
) -> Provisioned:
    """Leave a whole environment, known to the journal since before its first object; a re-run goes on.

    Raises:
        SpecError: a wish beyond what the template allows.
        RefusedError: the name, or the team's budget, is taken.
        RetryError: the base is being changed by somebody, who is named.
        StopError: the clone lacks what the base has.
    """
    chosen = template(work, kind)
    name = str(request.name)
    with work.control(first=True) as session:
        _journal_there(session)
        with work.account() as account:
            account.refuse_unreadable(name)
        lives = work.lives()
        life = lives.get(name)
        if life is None or life.state is State.DROPPED:
            spec = specify(chosen, request, work.environments, now)
            _refuse_over_team(work, request, spec, lives)
            base_is_free(session, spec)
            plan_provision(work.knowing(spec), name, now)  # refuses what bears its names and is not ours
            _refuse_unknown(session, spec)
            journal.append(session, _requested(chosen, request, spec, now, holder=holder, actor=actor))
            lives = work.lives()
        _refuse_taken(lives, name, holder=holder)
        spec = lives[name].spec
    known = work.knowing(spec)
    with known.control() as session:
        before = base_deployment(session, spec)
    report = provision(known, name, now, holder=holder, actor=actor, done=done)
    with known.control() as session:
        refuse_partial(session, spec, spec.database.name)
        if lives[name].state is State.REQUESTED:
            cloned = cloned_from(session, spec, before)
            journal.append(session, _whole(spec, report, now, holder=holder, actor=actor, cloned=cloned))
    return report


def base_deployment(session: Session, spec: EnvironmentSpec) -> str | None:
    """Return the deployment that the base bears now; None: it has no base, or the base has no deployment."""
    if spec.base is None or spec.base.at is not None:
        return None
    marker = observe.markers(session, spec.base.database.name).get(spec.base.database.name)
    return deployed(marker)


def cloned_from(
    session: Session, spec: EnvironmentSpec, before: str | None, *, own: Sequence[str] = ()
) -> dict[str, object] | None:
    """Return what the journal keeps of a clone: what it was taken of, and how each relation was then.

    Where the base was exchanged meanwhile the clone may be of either deployment: then of none that is known. `own` are
    relations that are the environment's own all the same.
    """
    if spec.base is None:
        return None
    there = observe.inventory(session, spec.database.name)
    return {
        "environment": spec.base.environment,
        "deployment": before if before == base_deployment(session, spec) else None,
        "baseline": {name: relation.altered for name, relation in there.items() if name not in own},
    }


def template(work: Workspace, kind: str) -> Template:
    """Return the template of a kind, or refuse a kind that has none."""
    found = {str(one): made for one, made in work.templates.items()}
    if kind in found:
        return found[kind]
    standing = kind in {str(one) for one in EnvironmentKind}
    raise SpecError(
        "such environments stand for good: each has a file of its own" if standing else "there is no such kind",
        where="kind",
        value=kind,
        good=", ".join(found),
        untouched="everything",
    )


def _journal_there(session: Session) -> None:
    try:
        journal.read(session, environment="control", kinds=("none",))
    except MissingError:
        control_database.ensure(session)


def _requested(
    chosen: Template, request: Request, spec: EnvironmentSpec, now: datetime, *, holder: str, actor: str
) -> Event:
    return Event.once(
        holder,
        at=now,
        actor=actor,
        environment=spec.name,
        kind=EphemeralEvent.REQUESTED,
        payload={
            "spec": spec.model_dump(mode="json"),
            "owner": request.owner,
            "team": request.team,
            "expires": expiry(chosen, request, now).isoformat(),
            "reason": request.reason,
            "holder": holder,
        },
    )


def _whole(
    spec: EnvironmentSpec,
    report: Provisioned,
    now: datetime,
    *,
    holder: str,
    actor: str,
    cloned: dict[str, object] | None,
) -> Event:
    """Also where the run that made the last of it died before it could say so."""
    payload: dict[str, object] = {"steps": list(report.steps), "holder": holder, "cloned": cloned}
    return Event.once(holder, at=now, actor=actor, environment=spec.name, kind=Kind.PROVISIONED, payload=payload)


def _refuse_taken(lives: Mapping[str, EphemeralEnvironment], name: str, *, holder: str | None) -> None:
    life = lives.get(name)
    if life is None or life.state is State.DROPPED or life.holder == holder:
        return
    raise RefusedError(
        f"{life.owner} has an environment of this name since {life.created:%Y-%m-%d %H:%M} UTC ({life.state})",
        where=f"environment {name}",
        value=name,
        good=f"another feature, e.g. {name.split('_')[1]}_2; or extend that one",
        untouched="everything",
    )


def _refuse_unknown(session: Session, spec: EnvironmentSpec) -> None:
    """A database that is said to be this environment's, and that no attempt in the journal made, is not taken over."""
    name = spec.database.name
    if any(database.name == name for database in observe.databases(session, name.name)):
        raise RefusedError(
            "the database exists and bears this environment's marker, but the journal knows of no attempt to make it",
            where=f"environment {spec.name}: database.name",
            value=str(name),
            good="another feature; or that database renamed or dropped by an administrator who knows it",
            untouched="the database and everything else",
        )


def _refuse_over_team(
    work: Workspace, request: Request, spec: EnvironmentSpec, lives: Mapping[str, EphemeralEnvironment]
) -> None:
    limit = work.prices.team(request.team)
    theirs = [life for life in lives.values() if life.team == request.team and life.exists]
    spent = sum((life.spec.budget.daily_usd for life in theirs), Decimal(0))
    if limit is not None and spent + spec.budget.daily_usd > limit:
        raise RefusedError(
            f"team {request.team} may spend USD {limit} a day; its {len(theirs)} environments may spend {spent}",
            where="daily_usd",
            value=str(spec.budget.daily_usd),
            good=f"at most {max(limit - spent, Decimal(0))}, or destroy one of: "
            + (", ".join(life.name for life in theirs[:5]) or "none"),
            untouched="everything",
        )


def base_is_free(session: Session, spec: EnvironmentSpec) -> None:
    """A clone taken while its base is exchanged could be of either; the base's holder is waited for."""
    if spec.base is None:
        return
    lock = locks.read(session, spec.base.environment)
    if lock is not None and not lock.expired:
        raise RetryError(
            f"{spec.base.environment} is being changed by {lock.holder} until {lock.until:%H:%M:%S} UTC at the latest",
            where=f"environment {spec.name}: base",
            untouched="everything",
        )


def refuse_partial(session: Session, spec: EnvironmentSpec, clone: Identifier) -> None:
    """A role without privileges gets a silently partial clone (Snowflake: CREATE … CLONE): compare the inventories."""
    base = spec.base
    if base is None or base.at is not None:
        return
    wanted = observe.inventory(session, base.database)
    there = observe.inventory(session, clone)
    missing = sorted(path for path in set(wanted) - set(there) if not base.schemas or undotted(path)[0] in base.schemas)
    if missing:
        raise StopError(
            f"the clone lacks {len(missing)} of what {base.database} has: {', '.join(missing[:5])}",
            where=f"database {clone}",
            good="an admin connection whose role may read everything in the base; then run again",
            untouched=str(base.database),
        )
