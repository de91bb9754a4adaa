"""Sight of all that a database holds and of everyone's rights: the administrator's session, for looking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sluice.domain.names import Identifier
from sluice.domain.promotion.database_rights import Right
from sluice.operations.stage import Stage
from sluice.snowflake import database_access
from sluice.snowflake.connect import Session
from sluice.snowflake.contents import require_sight_of_all


@contextmanager
def sight_of_all(running: Stage) -> Iterator[Session]:
    """Yield the administrator's session, which sees every object and grant; its statements count as the stage's.

    Raises:
        RefusedError: its role does not see them all, so that nothing can be said of what it does not see.
    """
    tag = {"deployment": running.deployment.id, "stage": running.name}
    with running.work.admin(running.deployment.environment, tag=tag) as session:
        require_sight_of_all(session)
        try:
            yield session
        finally:
            running.session.statements += session.statements


def rights_on(running: Stage, session: Session, beside: Identifier) -> dict[Identifier, frozenset[Right]]:
    """Return who may do what with live, and with a database beside it, but for the environment's own role."""
    access = running.spec.access
    return database_access.rights(session, (running.live, beside), access.readers, owner=access.role)
