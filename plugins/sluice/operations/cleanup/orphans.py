"""Leftovers in the account: looked up in a constant number of statements, and dropped with their reason on record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from typing import assert_never

from sluice.dbt import artifacts
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
from sluice.domain.cleanup.orphans import AccountInventory, Orphan, OrphanKind, OwnedObject, orphans
from sluice.domain.ephemeral.ephemeral_state import EPHEMERAL_EVENTS, EphemeralEvent
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier, Marker, dotted, undotted
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SluiceError, StopError
from sluice.operations.account import Account
from sluice.operations.caller import Caller
from sluice.operations.locking import CLEANUP, locked
from sluice.operations.workspace import Workspace
from sluice.snowflake import (
    journal,
    locks,
    observe,
    promotion_sql,
    resource_monitors,
    row_parsing,
    show,
    statements,
    teardown_sql,
    usage,
    warehouses,
)
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError

DROPPED = "leftover.dropped"


def find(work: Workspace, policy: CleanupPolicy, now: datetime, *, holder: str | None = None) -> tuple[Orphan, ...]:
    """Return everything that deployments and environments left behind; nothing is changed.

    `holder` is the run that asks: what an earlier try of it has locked is not somebody else's.
    """
    with work.account() as account:
        found = _inventory(work, account, holder)
    return orphans(found, policy.leftovers, policy.protected, now)


def clear(
    work: Workspace,
    found: tuple[Orphan, ...],
    policy: CleanupPolicy,
    caller: Caller,
    failed: list[tuple[str, str]],
    *,
    allowed: int | None = None,
) -> tuple[Orphan, ...]:
    """Drop what may go, each under its environment's lock, and return what was dropped.

    More than the policy's bound at once, and nothing is dropped until somebody allows so many.
    """
    chosen = [one for one in found if one.drop]
    most = max(policy.at_most.count, allowed or 0)
    if len(chosen) > most:
        failed.append(("leftovers", f"{len(chosen)} would be dropped, at most {most} may: run it with `allow`"))
        return ()
    done: list[Orphan] = []
    with work.control() as session:
        for orphan in chosen:
            try:
                with _alone(work, session, orphan, caller):
                    _drop(session, orphan, caller)
                    done.append(orphan)
            except SluiceError as error:
                failed.append((orphan.name, error.message))
    return tuple(done)


def _inventory(work: Workspace, account: Account, holder: str | None) -> AccountInventory:
    session = account.computing()
    events, moves = account.events(EPHEMERAL_EVENTS), journal.moves(session)
    lives = account.ephemeral()
    specs: dict[str, EnvironmentSpec] = {**{name: life.spec for name, life in lives.items()}, **work.environments}
    databases = [one for one in account.seen(observe.databases) if one.marker is not None]
    in_place = {
        name: spec
        for name, spec in work.environments.items()
        if spec.promotion.strategy == "in_place" and any(one.name == spec.database.name for one in databases)
    }
    live = {one.name: one.marker for one in databases}
    shown = account.seen(warehouses.show_all)
    monitors = resource_monitors.observe(session, shown)
    return AccountInventory(
        databases=tuple(
            OwnedObject(one.name, one.marker, one.created_on) for one in databases if one.marker is not None
        ),
        warehouses=tuple(OwnedObject(row.name, row.marker) for row in shown if row.marker is not None and row.metered),
        roles=tuple(_marked_roles(session)),
        monitors=tuple(monitors.shown),
        monitored={name: guarded for name in monitors.shown if (guarded := monitors.attached(name))},
        created_by_sluice=frozenset(
            name for name in monitors.shown if resource_monitors.created_by_sluice(events, name)
        ),
        specs=specs,
        journalled=frozenset({event.environment for event in (*events, *moves)} | work.environments.keys()),
        forgotten=frozenset(event.environment for event in events if event.kind == EphemeralEvent.FORGOTTEN),
        expiries=_expiries(moves, {one.name.name: one.marker for one in databases}),
        last_seen=_ended(session),
        locked=frozenset(
            locks.locked_by_others(session, specs, except_holder=holder, having_tables=account.seen(locks.schemas))
        ),
        used=account.seen(usage.observe).last,
        inventories={name: observe.inventory(session, spec.database.name) for name, spec in in_place.items()},
        manifests={
            name: found
            for name, spec in in_place.items()
            if (found := _manifest(work, name, live.get(spec.database.name))) is not None
        },
    )


def _marked_roles(session: Session) -> list[OwnedObject]:
    found = [
        (row_parsing.name(row), Marker.parse(row_parsing.text(row, "comment"))) for row in session.run(show.roles())
    ]
    return [OwnedObject(name, marker) for name, marker in found if marker is not None]


def _expiries(events: list[Event], markers: Mapping[str, Marker | None]) -> dict[str, datetime]:
    """Return until when each database is retained, as its own environment says: no other may say it."""
    made: dict[str, datetime] = {}
    for event in events:
        kept = event.payload.get("retained")
        if isinstance(kept, Mapping) and kept.get("until"):
            marker = markers.get(str(kept["name"]))
            if marker is None or marker.environment != event.environment:
                continue
            made[str(kept["name"])] = datetime.fromisoformat(str(kept["until"])).astimezone(UTC)
    return made


def _ended(session: Session) -> dict[str, datetime]:
    return {str(deployment): at for deployment, at in journal.last_events(session).items()}


def _manifest(work: Workspace, environment: str, marker: Marker | None) -> frozenset[str] | None:
    """The relations of the release that is live; None where its manifest is not known: then nothing is stale."""
    if marker is None or marker.deployment is None or marker.release is None:
        return None
    path = artifacts.deployment_home(work.store, environment, marker.deployment) / "manifest.json"
    try:
        nodes = artifacts.nodes(path)
    except SluiceError:
        return None
    return frozenset(relation for node in nodes.values() if (relation := node.relation))


def _alone(work: Workspace, session: Session, orphan: Orphan, caller: Caller) -> AbstractContextManager[object]:
    """The lock of the orphan's environment; nothing, where the environment has no spec and so no runs."""
    if orphan.environment not in work.environments:
        return nullcontext()
    return locked(session, orphan.environment, caller.holder, CLEANUP, actor=caller.actor)


def _drop(session: Session, orphan: Orphan, caller: Caller) -> None:
    with suppress(MissingError):  # an earlier try dropped it, and died before it could say so
        _drop_one(session, orphan)
    facts = {
        "what": str(orphan.what),
        "name": orphan.name,
        "reason": orphan.reason,
        "evidence": list(orphan.evidence),
    }
    event = Event.once(
        f"{caller.holder}:{orphan.name}",
        at=caller.now,
        actor=caller.actor,
        environment=orphan.environment,
        kind=DROPPED,
        payload=facts,
    )
    journal.append(session, event)


def _drop_one(session: Session, orphan: Orphan) -> None:
    match orphan.what:
        case OrphanKind.RETAINED | OrphanKind.CANDIDATE | OrphanKind.CLONE:
            name = Identifier.from_account(orphan.name)
            _refuse_another(orphan, observe.markers(session, orphan.name), deployment=orphan.deployment)
            session.run(statements.drop_database(name))
        case OrphanKind.WAREHOUSE:
            name = Identifier.from_account(orphan.name)
            row = warehouses.find(session, name)  # again, under the lock
            _refuse_another(orphan, {} if row is None else {row.name.name: row.marker})
            session.run(teardown_sql.drop_warehouse(name))
        case OrphanKind.ROLE:
            there = {found.name.name: found.marker for found in _marked_roles(session)}
            _refuse_another(orphan, there)
            session.run(teardown_sql.drop_role(Identifier.from_account(orphan.name)))
        case OrphanKind.MONITOR:
            name = Identifier.from_account(orphan.name)
            if guarded := resource_monitors.observe(session, warehouses.show_all(session)).attached(name):
                raise StopError(
                    "it guards a warehouse now",
                    where=orphan.name,
                    value=str(guarded[0]),
                    good="none",
                    untouched=orphan.name,
                )
            session.run(teardown_sql.drop_monitor(name))
        case OrphanKind.RELATION:
            database, *path = undotted(orphan.name)
            session.run(promotion_sql.drop_relation(database, dotted(*path), orphan.kind))
        case _:
            assert_never(orphan.what)


def _refuse_another(orphan: Orphan, there: Mapping[str, Marker | None], *, deployment: str | None = None) -> None:
    """What has changed hands since it was looked at is not ours any more; nor is what changed names the same."""
    if orphan.name not in there:
        return  # an earlier try dropped it
    marker = there[orphan.name]
    if marker is None or marker.environment != orphan.environment or marker.deployment != deployment:
        raise StopError(
            "it does not bear the marker any more that it bore when it was looked at",
            where=orphan.name,
            value=f"{marker.environment}, {marker.deployment}" if marker else None,
            good=f"{orphan.environment}, {deployment}",
            untouched=orphan.name,
        )
