"""GRANT OWNERSHIP: transfers it, with the grants on the object kept or revoked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.grants import grantees
from snowdome.objects.grants import statements as grammar
from snowdome.objects.grants.privileges import WITHOUT_FUTURE
from snowdome.security import access, show_format
from snowdome.state.pipelines import Task
from snowdome.state.records import FutureGrant, Grant, Record, Schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

OWNERSHIP = "OWNERSHIP"
ROLES = frozenset({"ROLE", "DATABASE ROLE"})
"""Their ownership passes on with who has them, also where nothing was said (docs sql-reference/sql/grant-ownership)."""


def run(account: Account, session: Session, statement: grammar.GrantOwnership) -> None:
    """The role owns the objects, or those to come."""
    to = grantees.holder(account, session, statement.to)
    if isinstance(statement.on, grammar.OnAccount):
        raise invalid("the account has no owner", 3008, "42501")
    if isinstance(statement.on, grammar.OnFuture):
        _promise(account, session, statement.on, to)
        return
    for record in grantees.objects(account, session, statement.on):
        grantees.within_database(account, to, record)
        transfer(account, session, record, to, statement.current)


def transfer(account: Account, session: Session, record: Record, to: Record, current: str | None) -> None:
    """The role owns the record; its grants are copied, revoked, or, where nothing was said, must not be there."""
    roles = access.roles_of(account, session)
    manages = access.manages_grants(account, session)
    if not manages and record.owner not in roles:
        if not access.may_see(account, session, record):
            raise errors.not_found(record.kind.capitalize(), access.full_name(account, record))
        raise errors.insufficient_privileges(record.kind, record.name)
    if record.owner == to.id:
        return
    _stays_below(account, account.catalog.peek(record.parent), to)
    grants = record.grants
    if current is None and grants and record.kind not in ROLES:
        raise dependent_grants(account, record, grants[0])
    if current == "COPY" and not (manages or to.id in roles):
        raise errors.insufficient_privileges(record.kind, record.name)
    kept = grants if current is None else ()
    if current == "COPY":  # docs: the new owner is the grantor of them all
        kept = tuple(replace(g, by=to.id) for g in grants)
    with account.catalog.change() as change:
        change.put(_at_rest(account, replace(record, owner=to.id, grants=kept)))


def _stays_below(account: Account, schema: Record | None, to: Record) -> None:
    """With managed access only roles below the schema's owner own objects (docs sql-reference/sql/grant-privilege)."""
    if not isinstance(schema, Schema) or not schema.managed or schema.owner is None:
        return
    if to.id not in access.closure(account, frozenset({schema.owner})):
        raise invalid(
            f"in a schema with managed access ownership passes to roles below the schema's owner, not to '{to.name}'",
            3008,
            "42501",
        )


def _at_rest(account: Account, record: Record) -> Record:
    """A task that changes hands is suspended (sql/grant-ownership)."""
    if not isinstance(record, Task) or not record.started:
        return record
    account.timers.forget((Task.kind, record.id))
    return replace(record, started=False, suspended_on=account.clock.now(), suspended_why="GRANT_OWNERSHIP")


def dependent_grants(account: Account, record: Record, grant: Grant) -> SqlError:
    """Snowflake's refusal to leave grants behind that hang on the one that goes."""
    return SqlError(
        3036,
        "42501",
        f"SQL execution error: Dependent grant of privilege '{grant.privilege}' on securable "
        f"'{access.full_name(account, record)}' to role '{show_format.role_name(account, grant.to)}' exists. "
        "It must be revoked first. More than one dependent grant may exist: use 'SHOW GRANTS' command to view them. "
        "To revoke all dependent grants while transferring object ownership, use convenience command "
        "'GRANT OWNERSHIP ON <target_objects> TO <target_role> REVOKE CURRENT GRANTS'.",
    )


def _promise(account: Account, session: Session, on: grammar.OnFuture, to: Record) -> None:
    """Objects of the kind made later belong to the role; one role for each kind."""
    parent = grantees.container(account, session, on)
    if on.kind in WITHOUT_FUTURE:
        raise invalid(f"there are no future grants on objects of kind {on.kind}", 3008, "42501")
    by = grantees.future_authority(account, session, parent)
    grantees.within_database(account, to, parent)
    _stays_below(account, parent, to)
    same = [f for f in parent.future if f.privilege == OWNERSHIP and f.kind == on.kind]
    if same and same[0].to == to.id:
        return
    if same:
        name = show_format.role_name(account, same[0].to)
        raise invalid(
            f"future ownership of {on.kind.lower()}s there is promised to '{name}': revoke it first", 3038, "42501"
        )
    promise = FutureGrant(privilege=OWNERSHIP, kind=on.kind, to=to.id, by=by, on=account.clock.now())
    with account.catalog.change() as change:
        change.put(replace(parent, future=(*parent.future, promise)))
