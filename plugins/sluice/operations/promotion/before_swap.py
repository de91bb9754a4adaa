"""Right before a swap: nothing that live holds vanishes, and nobody gains or loses by it what people gave or took."""

from __future__ import annotations

from collections.abc import Mapping

from sluice.domain.names import Identifier
from sluice.domain.promotion import database_rights
from sluice.domain.promotion.contents import ContainedObject, vanishing
from sluice.domain.promotion.database_rights import Alignment, Right, alignment, entrances
from sluice.errors import RefusedError, StopError
from sluice.operations.promotion.candidate import BUILT, CLONED
from sluice.operations.promotion.sight import rights_on, sight_of_all
from sluice.operations.stage import Stage
from sluice.snowflake import database_access
from sluice.snowflake.connect import Session
from sluice.snowflake.contents import COMMON, contents

ALIGNED = "rights.aligned"
_SHOWN = 20


def align(running: Stage, live: Identifier, incoming: Identifier, *, comes_back: bool) -> dict[str, object]:
    """Have the incoming database hold what live holds, and its grantees what they have on live now; return the facts.

    What live holds and a candidate does not is refused by name, but for what the release removes. A database that
    `comes_back` does so because it was decided: what that takes from live is reported, and stays beside it. Grants that
    were given or revoked since are given or revoked on the incoming one, too.

    Raises:
        RefusedError: something would vanish, or a grant cannot be mirrored; live is untouched.
    """
    with sight_of_all(running) as session:
        held = contents(session, live)
        coming = contents(session, incoming, {*COMMON, *(thing.kind for thing in held)})
        gone = vanishing(held, coming, removed=() if comes_back else _removed(running))
        if gone and not comes_back:
            raise _refusal(running, "these are in live, and would be gone from it", gone)
        rights = rights_on(running, session, incoming)
        changes = alignment(
            rights[live],
            rights[incoming],
            cloned=None if comes_back else _cloned(running),
            live_contents=held,
            incoming_contents=coming,
        )
        if changes.refused and not comes_back:
            raise _refusal(running, "these rights were changed on live and cannot be mirrored", changes.refused)
        _apply(session, incoming, changes)
    return _facts(running, changes, gone)


def _apply(session: Session, incoming: Identifier, changes: Alignment) -> None:
    for right in changes.revoke:
        session.run(database_access.change(incoming, right, give=False))
    for right in changes.grant:
        session.run(database_access.change(incoming, right, give=True))


def _facts(running: Stage, changes: Alignment, gone: tuple[ContainedObject, ...]) -> dict[str, object]:
    facts: dict[str, object] = {
        "granted": _texts(tuple(sorted(set(changes.grant) - entrances(changes.grant)))),
        "revoked": _texts(changes.revoke),
        "not_mirrored": _texts(changes.refused),
        "objects_no_longer_live": _texts(gone),
    }
    reported = {key: value for key, value in facts.items() if value}
    if reported:
        running.note(ALIGNED, reported)
    return reported


def _texts(things: tuple[Right, ...] | tuple[ContainedObject, ...]) -> list[str]:
    shown = [str(thing) for thing in things[:_SHOWN]]
    return [*shown, f"and {len(things) - _SHOWN} more"] if len(things) > _SHOWN else shown


def _refusal(running: Stage, message: str, things: tuple[Right, ...] | tuple[ContainedObject, ...]) -> RefusedError:
    return RefusedError(
        f"{message}: {'; '.join(_texts(things))}",
        where=f"environment {running.deployment.environment}, database {running.live}",
        good="what came since the clone, in a new promotion; of other owners' objects: rights on them for "
        f"{running.spec.access.role}, or another database",
        untouched=running.live.name,
    )


def _cloned(running: Stage) -> frozenset[Right]:
    noted = running.recall(CLONED)
    if not noted or not isinstance(noted[-1].payload.get("rights"), Mapping):
        raise StopError(
            "it is not on record who had which rights on live when it was cloned",
            where=f"journal of {running.deployment.environment}",
            value=running.deployment.id,
            good="a new promotion",
            untouched=running.live.name,
        )
    return database_rights.from_json(noted[-1].payload["rights"])


def _removed(running: Stage) -> set[str]:
    built = running.recall(BUILT)
    removed = built[-1].payload.get("removed") if built else None
    return {str(name) for name in removed} if isinstance(removed, list) else set()
