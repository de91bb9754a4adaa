"""Changing, setting aside, dropping and bringing back an environment that comes and goes: each under its lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from sluice.domain.control import lock_schema
from sluice.domain.events import Event, Kind
from sluice.domain.lifecycle import Change, Wish, changed, refuse_destroying, refuse_unless_there
from sluice.domain.lives import Life, LifeEvent, State
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.wants import monitor_name
from sluice.errors import RefusedError, SluiceError, SpecError, StopError
from sluice.snowflake import control, estate, journal, locks, monitors, observe, retirement, rows, show, statements
from sluice.snowflake.connect import Session
from sluice.snowflake.failures import MissingError
from sluice.snowflake.stopping import stop
from sluice.stages.creation import template
from sluice.stages.hand import Hand
from sluice.stages.passing import take_back_all
from sluice.stages.provision import provision
from sluice.stages.workspace import Workspace

_LEASE = 900


def change(work: Workspace, name: str, wish: Wish, hand: Hand) -> Life:
    """Leave the environment as the wish makes it, in the journal and in the account."""
    chosen = template(work, str(_life(work, name).spec.kind))
    with held(work, name, hand) as (session, life):
        made = changed(life, wish, chosen, hand.now)
        kind = {Change.PIN: LifeEvent.PINNED, Change.UNPIN: LifeEvent.UNPINNED}.get(wish.change, LifeEvent.CHANGED)
        facts: dict[str, object] = {"what": str(wish.change), "reason": wish.reason}
        if kind is LifeEvent.CHANGED:
            facts |= {
                "spec": made.spec.model_dump(mode="json"),
                "owner": made.owner,
                "expires": made.expires.isoformat(),
            }
        note(session, made, kind, hand, facts)
    if made.spec != life.spec:
        provision(work.knowing(made.spec), name, hand.now, holder=hand.holder, actor=hand.actor)
    return made


def notice(
    work: Workspace,
    name: str,
    reason: str,
    hand: Hand,
    *,
    until: datetime,
    evidence: tuple[str, ...] = (),
    planned: Life | None = None,
) -> Life:
    """Have it in the journal that the owner was told; telling is the caller's."""
    with held(work, name, hand) as (session, life):
        refuse_unless_there(life)
        as_planned(life, planned)
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat()}
        note(session, life, LifeEvent.NOTICED, hand, facts)
    return life


def withdraw(work: Workspace, name: str, reason: str, hand: Hand, *, planned: Life | None = None) -> Life:
    """Leave a noticed environment as any other: a later notice begins anew."""
    with held(work, name, hand) as (session, life):
        as_planned(life, planned)
        if life.state is State.NOTICED:
            note(session, life, LifeEvent.RESTORED, hand, {"reason": reason})
    return life


def set_aside(
    work: Workspace,
    name: str,
    reason: str,
    hand: Hand,
    *,
    until: datetime,
    evidence: tuple[str, ...] = (),
    planned: Life | None = None,
) -> Life:
    """Leave the environment whole, and out of everybody's reach: role taken back, warehouse stopped, renamed."""
    with held(work, name, hand) as (session, life):
        if done_before(session, life, LifeEvent.QUARANTINED, hand):
            return life
        refuse_unless_there(life)
        as_planned(life, planned)
        refuse_foreign_warehouse(session, life)
        spec, aside = life.spec, quarantined_name(life)
        take_back_all(session, name, hand, f"set aside: {reason}")
        with suppress(MissingError):  # half-made: there is nothing to take back
            session.run(retirement.revoke_role(spec.access.role, spec.access.user))
        with suppress(MissingError):
            stop(session, spec.warehouse.name)
        found = ours(session, life)
        if spec.database.name in found and aside not in found:
            session.run(statements.rename_database(spec.database.name, aside))
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat(), "name": str(aside)}
        note(session, life, LifeEvent.QUARANTINED, hand, facts)
    return life


def destroy(
    work: Workspace, name: str, hand: Hand, *, reason: str, confirmation: str = "", forced: bool = False
) -> Life:
    """Leave nothing of the environment in the account but what UNDROP can bring back; named by who asks, or forced."""
    refuse_destroying(_life(work, name), confirmation=confirmation, forced=forced)
    return drop(work, name, reason, hand)


def drop(
    work: Workspace,
    name: str,
    reason: str,
    hand: Hand,
    *,
    evidence: tuple[str, ...] = (),
    planned: Life | None = None,
) -> Life:
    """Leave nothing of it but what UNDROP can bring back; only what bears our marker with its name is dropped."""
    with held(work, name, hand) as (session, life):
        if life.state is State.DROPPED:
            return life
        as_planned(life, planned)
        refuse_foreign_warehouse(session, life)
        spec, found = life.spec, ours(session, life)
        belt = foreign_monitor(session, life)
        take_back_all(session, name, hand, f"dropped: {reason}")
        for database in sorted(found):
            session.run(statements.drop_database(database))
        session.run(retirement.drop_warehouse(spec.warehouse.name))
        if belt is None:
            session.run(retirement.drop_monitor(monitor_name(spec)))
        with suppress(MissingError):  # the role stays, powerless: it owns what UNDROP brings back
            session.run(retirement.revoke_role(spec.access.role, spec.access.user))
        until = hand.now + timedelta(days=spec.database.retention_days)
        left = [belt] if belt is not None else []
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat(), "left": left}
        note(session, life, LifeEvent.DROPPED, hand, facts)
    return life


def forget(work: Workspace, name: str, hand: Hand) -> None:
    """Leave nothing at all: the role and the lock of an environment that can be brought back no longer are gone."""
    life = _life(work, name)
    if life.state is not State.DROPPED or life.until is None or life.until > hand.now:
        raise RefusedError(
            f"it can still be brought back, or is there: {life.state}",
            where=f"environment {name}",
            untouched="everything",
        )
    with work.control() as session:
        bears = {rows.name(row): Marker.parse(rows.text(row, "comment")) for row in session.run(show.roles())}
        left: list[str] = []
        for role in (*life.spec.access.readers, life.spec.access.role):
            marker = bears.get(role)
            if marker is not None and marker.environment == name:
                session.run(retirement.drop_role(role))
            elif role in bears:
                left.append(f"role {role} does not bear this environment's marker")
        session.run(retirement.drop_schema(Qualified(session.control, lock_schema(name))))
        note(session, life, LifeEvent.FORGOTTEN, hand, {"left": left})


def bring_back(work: Workspace, name: str, reason: str, hand: Hand) -> Life:
    """Leave an environment that was set aside or dropped as it was, whole and in use again."""
    with held(work, name, hand) as (session, life):
        if not done_before(session, life, LifeEvent.RESTORED, hand):
            _refuse_undoing(life, hand)
            _database_back(session, life)
            note(session, life, LifeEvent.RESTORED, hand, {"reason": reason})
    provision(work.knowing(life.spec), name, hand.now, holder=hand.holder, actor=hand.actor)
    return life


def _refuse_undoing(life: Life, hand: Hand) -> None:
    if life.state not in {State.QUARANTINED, State.DROPPED}:
        raise RefusedError(
            f"there is nothing to undo: it is {life.state}", where=f"environment {life.name}", untouched="everything"
        )
    if life.state is State.DROPPED and life.until is not None and life.until < hand.now:
        raise RefusedError(
            f"Snowflake kept it until {life.until:%Y-%m-%d %H:%M} UTC",
            where=f"environment {life.name}",
            good="a new environment, from its base",
            untouched="everything",
        )


def quarantined_name(life: Life) -> Identifier:
    """Return the name its database bears while it is set aside."""
    return Identifier(f"{life.spec.database.name}__Q")


def beside(live: Identifier) -> Identifier:
    """Return the name of the fresh clone while it is made."""
    return Identifier(f"{live}__F")


def _database_back(session: Session, life: Life) -> None:
    """Whether it was renamed, or dropped under either name."""
    name, aside = life.spec.database.name, quarantined_name(life)
    found = ours(session, life)
    if name in found:
        return
    if aside not in found:
        last = aside if life.state is State.DROPPED and _was_aside(session, life) else name
        session.run(retirement.undrop_database(last))
        if last == name:
            return
    session.run(statements.rename_database(aside, name))


def done_before(session: Session, life: Life, kind: LifeEvent, hand: Hand) -> bool:
    """Whether this very run came so far already: a retry goes on behind it."""
    events = journal.read(session, environment=life.name, kinds=(kind,))
    return any(event.id.endswith(f":{kind}:{hand.holder}") for event in events)


def _was_aside(session: Session, life: Life) -> bool:
    events = journal.read(session, environment=life.name, kinds=(LifeEvent.QUARANTINED, LifeEvent.RESTORED))
    return bool(events) and events[-1].kind == LifeEvent.QUARANTINED


def _life(work: Workspace, name: str) -> Life:
    if name in work.environments:
        raise SpecError(
            "this environment stands for good: its file in include/environments decides",
            where="environment",
            value=name,
            good="one that comes and goes: sluice env list",
            untouched="everything",
        )
    lives = work.lives()
    if name not in lives:
        raise SpecError(
            "there is no such environment",
            where="environment",
            value=name,
            good=", ".join(one for one, life in lives.items() if life.there) or "sluice env create",
            untouched="everything",
        )
    return lives[name]


@contextmanager
def held(work: Workspace, name: str, hand: Hand) -> Iterator[tuple[Session, Life]]:
    """An administrator's session under the environment's lock, and its life as it is then."""
    with work.control() as session:
        session.run(control.create_schema(session.control, lock_schema(name)))
        locks.acquire(session, name, hand.holder, _LEASE, actor=hand.actor)
        try:
            yield session, _life(work, name)
        except SluiceError:
            with suppress(SluiceError):  # the first error is the one to read; a lock left over has a lease
                locks.release(session, name, hand.holder, actor=hand.actor)
            raise
        locks.release(session, name, hand.holder, actor=hand.actor)


def as_planned(life: Life, planned: Life | None) -> None:
    """Whatever happened to it since the plan was made, an extension or a pin above all, keeps it."""
    if planned is not None and life != planned:
        raise RefusedError(
            f"it has changed since the sweep was planned: {life.state}{', pinned' if life.pinned else ''}",
            where=f"environment {life.name}",
            untouched="everything",
        )


def ours(session: Session, life: Life) -> set[Identifier]:
    """The databases of this environment: live, set aside, and the fresh clone of a refresh that died.

    One that does not bear its marker stops everything.
    """
    names = {life.spec.database.name, quarantined_name(life), beside(life.spec.database.name)}
    found = [one for one in observe.databases(session, life.spec.database.name.name) if one.name in names]
    for one in found:
        if one.marker is None or one.marker.environment != life.name:
            raise StopError(
                "the database does not bear this environment's marker",
                where=f"database {one.name}",
                value=one.marker.environment if one.marker else None,
                good=f"a database that says it belongs to {life.name}",
                untouched="everything",
            )
    return {one.name for one in found}


def refuse_foreign_warehouse(session: Session, life: Life) -> None:
    """A warehouse of the name that does not bear this environment's marker stops everything: it is not ours to stop."""
    there = estate.warehouse(session, life.spec.warehouse.name)
    if there is not None:
        there.refuse_foreign(life.name)


def foreign_monitor(session: Session, life: Life) -> str | None:
    """Say why the resource monitor of this environment's name is not ours to drop; None: it is, or is not there.

    It bears no marker: it is ours where it guards our warehouse alone, or nothing and the journal has its making.
    """
    name, found = monitor_name(life.spec), monitors.observe(session)
    if name not in found.shown:
        return None
    if others := [str(one) for one in found.attached(name) if one != life.spec.warehouse.name]:
        return f"resource monitor {name} guards {', '.join(others)}"
    made = journal.read(session, environment=life.name, kinds=(Kind.PROVISIONED,))
    if not found.attached(name) and not monitors.made(made, name):
        return f"resource monitor {name} guards nothing of ours, and the journal does not know that we made it"
    return None


def note(session: Session, life: Life, kind: LifeEvent, hand: Hand, facts: Mapping[str, object]) -> None:
    """Have the event in the journal once, however often the run is tried."""
    event = Event.once(
        hand.holder, at=hand.now, actor=hand.actor, environment=life.name, kind=kind, payload=dict(facts)
    )
    journal.append(session, event)
