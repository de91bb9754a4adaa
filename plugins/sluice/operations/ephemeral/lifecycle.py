"""Changing, setting aside, dropping and bringing back an environment that comes and goes: each under its lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, EphemeralEvent, State
from sluice.domain.ephemeral.lifecycle_changes import (
    Change,
    ChangeRequest,
    changed,
    refuse_destroying,
    refuse_unless_exists,
)
from sluice.domain.journal.control_schema import environment_journal, lock_schema
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.provisioning.desired_state import monitor_name
from sluice.domain.specs.environment import no_such_environment
from sluice.errors import RefusedError, SpecError, StopError
from sluice.operations import locking
from sluice.operations.access.temporary_access import end_all
from sluice.operations.account import Account
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import template
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import (
    control_database,
    control_sql,
    journal,
    observe,
    resource_monitors,
    row_parsing,
    show,
    statements,
    teardown_sql,
    warehouses,
)
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.suspend_sql import stop


@in_one_session
def change(work: Workspace, name: str, wish: ChangeRequest, caller: Caller) -> EphemeralEnvironment:
    """Leave the environment as the wish makes it, in the journal and in the account."""
    with work.account() as account:
        chosen = template(work, str(_life(work, account, name).spec.kind))
    with locked(work, name, caller) as (session, life):
        wanted = changed(life, wish, chosen, caller.now)
        kind = {Change.PIN: EphemeralEvent.PINNED, Change.UNPIN: EphemeralEvent.UNPINNED}.get(
            wish.change, EphemeralEvent.CHANGED
        )
        facts: dict[str, object] = {"what": str(wish.change), "reason": wish.reason}
        if kind is EphemeralEvent.CHANGED:
            facts |= {
                "spec": wanted.spec.model_dump(mode="json"),
                "owner": wanted.owner,
                "expires": wanted.expires.isoformat(),
            }
        note(session, wanted, kind, caller, facts)
    if wanted.spec != life.spec:
        provision(work.knowing(wanted.spec), name, caller.now, holder=caller.holder, actor=caller.actor)
    return wanted


def notice(
    work: Workspace,
    name: str,
    reason: str,
    caller: Caller,
    *,
    until: datetime,
    evidence: tuple[str, ...] = (),
    planned: EphemeralEnvironment | None = None,
) -> EphemeralEnvironment:
    """Have it in the journal that the owner was notified; to notify is the caller's."""
    with locked(work, name, caller) as (session, life):
        refuse_unless_exists(life)
        as_planned(life, planned)
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat()}
        note(session, life, EphemeralEvent.NOTICED, caller, facts)
    return life


def withdraw(
    work: Workspace, name: str, reason: str, caller: Caller, *, planned: EphemeralEnvironment | None = None
) -> EphemeralEnvironment:
    """Leave a noticed environment as any other: a later notice begins anew."""
    with locked(work, name, caller) as (session, life):
        as_planned(life, planned)
        if life.state is State.NOTICED:
            note(session, life, EphemeralEvent.RESTORED, caller, {"reason": reason})
    return life


def set_aside(
    work: Workspace,
    name: str,
    reason: str,
    caller: Caller,
    *,
    until: datetime,
    evidence: tuple[str, ...] = (),
    planned: EphemeralEnvironment | None = None,
) -> EphemeralEnvironment:
    """Leave the environment whole, and out of everybody's reach: role taken back, warehouse stopped, renamed."""
    with locked(work, name, caller) as (session, life):
        if done_before(session, life, EphemeralEvent.QUARANTINED, caller):
            return life
        refuse_unless_exists(life)
        as_planned(life, planned)
        refuse_foreign_warehouse(session, life)
        spec, aside = life.spec, quarantined_name(life)
        end_all(session, name, caller, f"set aside: {reason}")
        with suppress(MissingError):  # half-made: there is nothing to take back
            session.run(teardown_sql.revoke_role(spec.access.role, spec.access.user))
        with suppress(MissingError):
            stop(session, spec.warehouse.name)
        databases = ours(session, life)
        if spec.database.name in databases and aside not in databases:
            session.run(statements.rename_database(spec.database.name, aside))
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat(), "name": str(aside)}
        note(session, life, EphemeralEvent.QUARANTINED, caller, facts)
    return life


@in_one_session
def destroy(
    work: Workspace, name: str, caller: Caller, *, reason: str, confirmation: str = "", forced: bool = False
) -> EphemeralEnvironment:
    """Leave nothing of the environment in the account but what UNDROP can bring back; named by who asks, or forced."""
    with work.account() as account:
        refuse_destroying(_life(work, account, name), confirmation=confirmation, forced=forced)
    return drop(work, name, reason, caller)


def drop(
    work: Workspace,
    name: str,
    reason: str,
    caller: Caller,
    *,
    evidence: tuple[str, ...] = (),
    planned: EphemeralEnvironment | None = None,
) -> EphemeralEnvironment:
    """Leave nothing of it but what UNDROP can bring back; only what bears our marker with its name is dropped."""
    with locked(work, name, caller) as (session, life):
        if life.state is State.DROPPED:
            return life
        as_planned(life, planned)
        refuse_foreign_warehouse(session, life)
        spec, found = life.spec, ours(session, life)
        belt = foreign_monitor(session, life)
        end_all(session, name, caller, f"dropped: {reason}")
        for database in sorted(found):
            session.run(statements.drop_database(database))
        session.run(teardown_sql.drop_warehouse(spec.warehouse.name))
        if belt is None:
            session.run(teardown_sql.drop_monitor(monitor_name(spec)))
        with suppress(MissingError):  # the role stays, powerless: it owns what UNDROP brings back
            session.run(teardown_sql.revoke_role(spec.access.role, spec.access.user))
        until = caller.now + timedelta(days=spec.database.retention_days)
        left = [belt] if belt is not None else []
        facts = {"reason": reason, "evidence": list(evidence), "until": until.isoformat(), "left": left}
        note(session, life, EphemeralEvent.DROPPED, caller, facts)
    return life


def forget(work: Workspace, name: str, caller: Caller) -> None:
    """Leave nothing at all: the role and the lock of an environment that can be brought back no longer are gone.

    Its events stay, in the administrator's journal.
    """
    with work.account() as account:
        life = _life(work, account, name)
        _forget(account.computing(), life, caller)


def _forget(session: Session, life: EphemeralEnvironment, caller: Caller) -> None:
    name = life.name
    if life.state is not State.DROPPED or life.until is None or life.until > caller.now:
        raise RefusedError(
            f"it can still be brought back, or is there: {life.state}",
            where=f"environment {name}",
            untouched="everything",
        )
    markers = {
        row_parsing.name(row): Marker.parse(row_parsing.text(row, "comment")) for row in session.run(show.roles())
    }
    left: list[str] = []
    for role in (*life.spec.access.readers, life.spec.access.role):
        marker = markers.get(role)
        if marker is not None and marker.environment == name:
            session.run(teardown_sql.drop_role(role))
        elif role in markers:
            left.append(f"role {role} does not bear this environment's marker")
    session.run(teardown_sql.drop_schema(Qualified(session.control, lock_schema(name))))
    control_database.retire(session, name)
    note(session, life, EphemeralEvent.FORGOTTEN, caller, {"left": left})


@in_one_session
def bring_back(work: Workspace, name: str, reason: str, caller: Caller) -> EphemeralEnvironment:
    """Leave an environment that was set aside or dropped as it was, whole and in use again."""
    with locked(work, name, caller) as (session, life):
        if not done_before(session, life, EphemeralEvent.RESTORED, caller):
            _refuse_undoing(life, caller)
            _database_back(session, life)
            note(session, life, EphemeralEvent.RESTORED, caller, {"reason": reason})
    provision(work.knowing(life.spec), name, caller.now, holder=caller.holder, actor=caller.actor)
    return life


def _refuse_undoing(life: EphemeralEnvironment, caller: Caller) -> None:
    if life.state not in {State.QUARANTINED, State.DROPPED}:
        raise RefusedError(
            f"there is nothing to undo: it is {life.state}", where=f"environment {life.name}", untouched="everything"
        )
    if life.state is State.DROPPED and life.until is not None and life.until < caller.now:
        raise RefusedError(
            f"Snowflake kept it until {life.until:%Y-%m-%d %H:%M} UTC",
            where=f"environment {life.name}",
            good="a new environment, from its base",
            untouched="everything",
        )


def quarantined_name(life: EphemeralEnvironment) -> Identifier:
    """Return the name its database bears while it is set aside."""
    return Identifier(f"{life.spec.database.name}__Q")


def beside(live: Identifier) -> Identifier:
    """Return the name of the fresh clone while it is made."""
    return Identifier(f"{live}__F")


def _database_back(session: Session, life: EphemeralEnvironment) -> None:
    """Whether it was renamed, or dropped under either name."""
    name, aside = life.spec.database.name, quarantined_name(life)
    databases = ours(session, life)
    if name in databases:
        return
    if aside not in databases:
        last = aside if life.state is State.DROPPED and _was_aside(session, life) else name
        session.run(teardown_sql.undrop_database(last))
        if last == name:
            return
    session.run(statements.rename_database(aside, name))


def done_before(session: Session, life: EphemeralEnvironment, kind: EphemeralEvent, caller: Caller) -> bool:
    """Whether this very run came so far already: a retry goes on behind it."""
    events = journal.read(session, environment=life.name, kinds=(kind,))
    return any(event.id.endswith(f":{kind}:{caller.holder}") for event in events)


def _was_aside(session: Session, life: EphemeralEnvironment) -> bool:
    events = journal.read(session, environment=life.name, kinds=(EphemeralEvent.QUARANTINED, EphemeralEvent.RESTORED))
    return bool(events) and events[-1].kind == EphemeralEvent.QUARANTINED


def _life(work: Workspace, account: Account, name: str) -> EphemeralEnvironment:
    if name in work.environments:
        raise SpecError(
            "this environment stands for good: its file in include/environments decides",
            where="environment",
            value=name,
            good="one that comes and goes: sluice env list",
            untouched="everything",
        )
    account.refuse_unreadable(name)
    lives = account.ephemeral()
    if name not in lives:
        raise no_such_environment(
            name, [each for each, life in lives.items() if life.exists], else_good="sluice env create"
        )
    return lives[name]


@contextmanager
def locked(work: Workspace, name: str, caller: Caller) -> Iterator[tuple[Session, EphemeralEnvironment]]:
    """An administrator's session under the environment's lock, and its life as it is then."""
    with work.account() as account:
        session = account.computing()
        session.run(control_sql.create_schema(session.control, lock_schema(name)))
        session.run(control_sql.create_journal(environment_journal(session.control, name)))
        with locking.locked(session, name, caller.holder, locking.LIFECYCLE, actor=caller.actor):
            account.forget()  # read again under the lock: somebody may have changed it while we waited for it
            yield session, _life(work, account, name)


def as_planned(life: EphemeralEnvironment, planned: EphemeralEnvironment | None) -> None:
    """Whatever happened to it since the plan was made, an extension or a pin above all, keeps it."""
    if planned is not None and life != planned:
        raise RefusedError(
            f"it has changed since the sweep was planned: {life.state}{', pinned' if life.pinned else ''}",
            where=f"environment {life.name}",
            untouched="everything",
        )


def ours(session: Session, life: EphemeralEnvironment) -> set[Identifier]:
    """The databases of this environment: live, set aside, and the fresh clone of a refresh that died.

    One that does not bear its marker stops everything.
    """
    names = {life.spec.database.name, quarantined_name(life), beside(life.spec.database.name)}
    databases = [
        database for database in observe.databases(session, life.spec.database.name.name) if database.name in names
    ]
    for database in databases:
        if database.marker is None or database.marker.environment != life.name:
            raise StopError(
                "the database does not bear this environment's marker",
                where=f"database {database.name}",
                value=database.marker.environment if database.marker else None,
                good=f"a database that says it belongs to {life.name}",
                untouched="everything",
            )
    return {database.name for database in databases}


def refuse_foreign_warehouse(session: Session, life: EphemeralEnvironment) -> None:
    """A warehouse of the name that does not bear this environment's marker stops everything: it is not ours to stop."""
    warehouse = warehouses.settings(session, life.spec.warehouse.name)
    if warehouse is not None:
        warehouse.refuse_foreign(life.name)


def foreign_monitor(session: Session, life: EphemeralEnvironment) -> str | None:
    """Say why the resource monitor of this environment's name is not ours to drop; None: it is, or is not there.

    It bears no marker: it is ours where it guards our warehouse alone, or nothing and the journal has its making.
    """
    name, monitors = monitor_name(life.spec), resource_monitors.observe(session, warehouses.show_all(session))
    if name not in monitors.shown:
        return None
    if others := [str(warehouse) for warehouse in monitors.attached(name) if warehouse != life.spec.warehouse.name]:
        return f"resource monitor {name} guards {', '.join(others)}"
    provisioned = journal.read(session, environment=life.name, kinds=(Kind.PROVISIONED,))
    if not monitors.attached(name) and not resource_monitors.created_by_sluice(provisioned, name):
        return f"resource monitor {name} guards nothing of ours, and the journal does not know that we made it"
    return None


def note(
    session: Session, life: EphemeralEnvironment, kind: EphemeralEvent, caller: Caller, facts: Mapping[str, object]
) -> None:
    """Have the event in the journal once, however often the run is tried."""
    event = Event.once(
        caller.holder, at=caller.now, actor=caller.actor, environment=life.name, kind=kind, payload=dict(facts)
    )
    journal.append(session, event)
