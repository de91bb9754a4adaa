"""A lock that is left over is broken with a reason, and never under somebody who works."""

from __future__ import annotations

import pytest

from sluice.domain.journal.events import Kind
from sluice.errors import RefusedError, SpecError
from sluice.operations.unlock import unlock
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

PREPARED = {"work": provisioned("dev")}
GONE = "d20261120t224901-1a2b3c"


def holder(work: Workspace) -> str | None:
    """Who holds the lock of dev."""
    with work.session("dev") as session:
        lock = locks.read(session, "dev")
    return lock.holder if lock else None


def test_a_lock_of_a_run_that_is_gone_is_broken(work: Workspace, account: Snowdome) -> None:
    """Refused while its holder was at work a moment ago; ten minutes later it is broken, and the journal says why."""
    with work.session("dev") as session:
        locks.acquire(session, "dev", GONE, 7200, actor="ann")
    with pytest.raises(SpecError, match="a reason is needed"):
        unlock(work, "dev", reason=" ", actor="bob")
    with pytest.raises(RefusedError, match=f"{GONE} was at work"):
        unlock(work, "dev", reason="the run was deleted", actor="bob")
    assert holder(work) == GONE
    account.clock(advance_seconds=11 * 60)
    done = unlock(work, "dev", reason="the run was deleted", actor="bob")
    assert (done.holder, done.unsettled, holder(work)) == (GONE, False, None)
    with work.control() as session:
        (broken,) = journal.read(session, environment="dev", kinds=(Kind.LOCK_BROKEN,))
    assert (broken.actor, broken.payload["reason"]) == ("bob", "the run was deleted")
    assert unlock(work, "dev", reason="again", actor="bob").holder is None
    with work.session("dev") as session:
        assert locks.acquire(session, "dev", "next", 60).fence > int(str(broken.payload["fence"]))


def test_who_knows_better_may_force_it(work: Workspace) -> None:
    """A person who has stopped the worker need not wait; that it was forced is on record."""
    with work.session("dev") as session:
        locks.acquire(session, "dev", GONE, 7200, actor="ann")
    assert unlock(work, "dev", reason="the worker is off", actor="bob", force=True).holder == GONE
    with work.control() as session:
        (broken,) = journal.read(session, environment="dev", kinds=(Kind.LOCK_BROKEN,))
    assert broken.payload["forced"] is True
