"""What a new object starts with: its owner, and the future grants of its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from snowdome.state.records import FutureGrant, Grant, Record, Schema

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

R = TypeVar("R", bound=Record)


def new_object(account: Account, session: Session, record: R) -> R:
    """The record as a new object: owned by the session's role unless a future grant of ownership says otherwise.

    Future grants of a schema for a kind make those of its database for that kind ignored, for all roles; a database's
    future grant of ownership does not reach into schemas with managed access (docs sql-reference/sql/grant-privilege).
    """
    promised = [f for f in _promises(account, record) if f.kind == record.kind and not f.inherited]
    now = account.clock.now()
    owner = next((f.to for f in promised if f.privilege == "OWNERSHIP"), session.role)
    grants = tuple(
        Grant(privilege=f.privilege, to=f.to, option=f.option, by=f.by, on=now)
        for f in promised
        if f.privilege != "OWNERSHIP"
    )
    return replace(record, owner=owner, grants=(*record.grants, *grants))


def _promises(account: Account, record: Record) -> tuple[FutureGrant, ...]:
    parent = account.catalog.peek(record.parent)
    if not isinstance(parent, Schema):
        return parent.future if parent is not None else ()
    own = tuple(f for f in parent.future if f.kind == record.kind and not f.inherited)
    database = account.catalog.peek(parent.parent)
    wide = database.future if database is not None else ()
    return own or tuple(f for f in wide if not (parent.managed and f.privilege == "OWNERSHIP"))
