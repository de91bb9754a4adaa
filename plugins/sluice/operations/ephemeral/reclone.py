"""Renewing an environment's data from its base: a fresh clone beside it, and one exchange of names."""

from __future__ import annotations

from hashlib import blake2b

from sluice.domain.ephemeral.ephemeral_state import CloneOrigin, EphemeralEnvironment, EphemeralEvent
from sluice.domain.ephemeral.lifecycle_changes import refuse_unless_exists
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier, Marker, undotted
from sluice.domain.promotion.database_rights import entrances
from sluice.domain.promotion.inventory import Inventory
from sluice.domain.provisioning.desired_state import desired_state
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RetryError, SpecError, StopError
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import base_deployment, base_is_free, cloned_from, refuse_partial
from sluice.operations.ephemeral.lifecycle import beside, done_before, locked, note, ours
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import database_access, journal, observe, provisioning_sql, reclone_sql
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import drop_database, swap

RENEWING = "environment.renewing"
"""Noted before the exchange of names: what was carried over, and what the base bore."""


@in_one_session
def reclone(work: Workspace, name: str, caller: Caller, *, reason: str, keep: bool = False) -> EphemeralEnvironment:
    """Leave the environment with its base's data of now; with `keep`, what was made or changed in it is carried over.

    Whoever reads in it sees the former data or the new, never a mix; the former can be undropped while its retention
    lasts. A re-run goes on where the run stopped.

    Raises:
        SpecError: it has no base.
        RetryError: the base is being changed by somebody, who is named.
        StopError: the clone lacks what the base has, or a database is not as it says.
    """
    with locked(work, name, caller) as (session, life):
        if done_before(session, life, EphemeralEvent.REFRESHED, caller):
            return life
        refuse_unless_exists(life)
        spec = _now(life)
        base_is_free(session, spec)
        live, fresh = spec.database.name, beside(spec.database.name)
        marker = Marker(name, _key(caller))
        found = observe.markers(session, live.name)
        if found.get(live.name) != marker:
            ours(session, life)
            before = base_deployment(session, spec)
            carried = own(life.cloned, observe.inventory(session, live)) if keep else []
            _clone(session, spec, fresh, marker, found)
            _carry(session, live, fresh, carried)
            refuse_partial(session, spec, fresh)
            _grants(session, spec, fresh)
            _intend(session, life, caller, {"refresh": marker.deployment, "before": before, "carried": carried})
            _exchange(session, live, fresh, marker)
        else:
            before, carried = _intended(session, life, marker)
        _drop_former(session, fresh, marker)
        cloned = cloned_from(session, spec, before, own=carried)
        facts = {"reason": reason, "keep": keep, "carried": carried, "cloned": cloned}
        note(session, life, EphemeralEvent.REFRESHED, caller, facts)
    provision(work.knowing(life.spec), name, caller.now, holder=caller.holder, actor=caller.actor)
    return life


def own(cloned: CloneOrigin | None, there: Inventory) -> list[str]:
    """Return the relations that were made or changed in the environment since its clone."""
    if cloned is None:
        return sorted(there)
    return sorted(name for name, relation in there.items() if cloned.baseline.get(name) != relation.altered)


def _now(life: EphemeralEnvironment) -> EnvironmentSpec:
    if life.spec.base is None:
        raise SpecError(
            "it was made empty: there is no base to renew it from",
            where=f"environment {life.name}: base",
            good="sluice env create --base prod",
            untouched="everything",
        )
    return life.spec.model_copy(update={"base": life.spec.base.model_copy(update={"at": None})})


def _key(caller: Caller) -> str:
    """The same for every try of one run."""
    return f"refresh-{blake2b(caller.holder.encode(), digest_size=6).hexdigest()}"


def _clone(
    session: Session, spec: EnvironmentSpec, fresh: Identifier, wanted: Marker, found: dict[str, Marker | None]
) -> None:
    if fresh.name in found:  # a try that died half-way: what it had is not known, so it begins anew
        marker = found[fresh.name]
        if marker is None or marker.environment != spec.name:
            raise StopError(
                "the database does not bear this environment's marker",
                where=f"database {fresh}",
                untouched="everything",
            )
        session.run(drop_database(fresh))
    for statement in reclone_sql.clone(spec, fresh, wanted):
        session.run(statement)


def _carry(session: Session, live: Identifier, fresh: Identifier, mine: list[str]) -> None:
    if not mine:
        return
    there, texts = observe.inventory(session, live), observe.view_texts(session, live)
    passing = observe.transient_tables(session, live)
    known = {undotted(path)[0] for path in observe.inventory(session, fresh)}
    for schema in sorted({undotted(path)[0] for path in mine} - known):
        session.run(reclone_sql.create_schema(fresh, schema))
    for path in sorted(mine, key=lambda one: there[one].kind != "TABLE"):  # views may read what is carried
        kind = "TRANSIENT TABLE" if path in passing else there[path].kind
        session.run(reclone_sql.carry(live, fresh, path, kind, texts.get(path)))


def _grants(session: Session, spec: EnvironmentSpec, fresh: Identifier) -> None:
    """The environment's role owns the fresh database, and who may enter the live one may enter it, from the start."""
    live = spec.database.name
    renamed = spec.model_copy(update={"database": spec.database.model_copy(update={"name": fresh})})
    inside = [one for one in desired_state(renamed, "").grants if one.on is not None and one.on.database == fresh]
    for one in sorted(inside, key=lambda grant: (grant.kind == "DATABASE", str(grant))):
        session.run(provisioning_sql.grant((one.privilege,), one))
    rights = database_access.rights(session, (live, fresh), (), owner=spec.access.role)
    for right in sorted(entrances(rights[live]) - rights[fresh]):
        session.run(database_access.change(fresh, right, give=True))


def _intend(session: Session, life: EphemeralEnvironment, caller: Caller, facts: dict[str, object]) -> None:
    """What a try that comes after the exchange cannot see any more is in the journal before it."""
    event = Event(at=caller.now, actor=caller.actor, environment=life.name, kind=RENEWING, payload=facts)
    journal.append(session, event)


def _intended(session: Session, life: EphemeralEnvironment, marker: Marker) -> tuple[str | None, list[str]]:
    for event in reversed(journal.read(session, environment=life.name, kinds=(RENEWING,))):
        if event.payload.get("refresh") == marker.deployment:
            before, carried = event.payload.get("before"), event.payload.get("carried")
            return str(before) if before else None, [str(one) for one in carried] if isinstance(carried, list) else []
    return None, []


def _exchange(session: Session, live: Identifier, fresh: Identifier, wanted: Marker) -> None:
    """One swap; its answer lost, the markers are asked: a second swap would undo the first."""
    try:
        session.run(swap(live, fresh))
    except RetryError as error:
        if not error.lost or observe.markers(session, live.name).get(live.name) != wanted:
            raise


def _drop_former(session: Session, fresh: Identifier, wanted: Marker) -> None:
    found = observe.markers(session, fresh.name).get(fresh.name)
    if found is not None and found.environment == wanted.environment and found != wanted:
        session.run(drop_database(fresh))
