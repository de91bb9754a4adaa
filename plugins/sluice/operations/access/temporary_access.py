"""Passes in the account: which there are, and how one is taken back."""

from __future__ import annotations

from contextlib import suppress

from sluice.domain.access import temporary_access
from sluice.domain.access.temporary_access import TemporaryGrant, TemporaryGrantEvent
from sluice.domain.journal.events import Event
from sluice.operations.account import Account
from sluice.operations.caller import Caller
from sluice.snowflake import access, journal
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError


def read(session: Session) -> list[TemporaryGrant]:
    """Return every pass that was given and not taken back, in one look-up."""
    return temporary_access.from_events(journal.read(session, kinds=tuple(TemporaryGrantEvent)))


def granted(account: Account) -> list[TemporaryGrant]:
    """Return the same by what the task has read of the journal."""
    return temporary_access.from_events(account.events(TemporaryGrantEvent))


def end(session: Session, grant: TemporaryGrant, caller: Caller, reason: str) -> None:
    """Leave the holder without the role, then say so: a run that dies in between is finished by the next."""
    with suppress(MissingError):  # the role or the holder is gone, and the access with it
        session.run(access.revoke(grant.role, grant.holder))
    facts = {"role": grant.role.name, "to": grant.holder.kind, "holder": grant.holder.name.name, "reason": reason}
    event = Event.once(
        f"{caller.holder}:{grant.role}:{grant.holder}",
        at=caller.now,
        actor=caller.actor,
        environment=grant.environment,
        kind=TemporaryGrantEvent.REVOKED,
        payload=facts,
    )
    journal.append(session, event)


def end_all(session: Session, environment: str, caller: Caller, reason: str) -> None:
    """Leave nobody with a pass to the environment."""
    events = journal.read(session, environment=environment, kinds=tuple(TemporaryGrantEvent))
    for one in temporary_access.from_events(events):
        end(session, one, caller, reason)
