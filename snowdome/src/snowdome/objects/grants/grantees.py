"""Grantors and grantees: who gets a grant, who may give it, and what it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.account.privileges import BY_ACCOUNTADMIN
from snowdome.objects.grants import statements as grammar
from snowdome.objects.grants.privileges import every, known
from snowdome.security import access, lookup
from snowdome.state.records import ACCOUNT_ID, Database, DatabaseRole, Record, Role, Schema, User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

ACCOUNTADMIN = "ACCOUNTADMIN"


def grantee(account: Account, session: Session, wanted: grammar.Grantee) -> Record:
    """The role, database role or user that is meant."""
    if wanted.kind == "DATABASE ROLE":
        return lookup.database_role(account, session, wanted.name)
    return lookup.user(account, wanted.name.last) if wanted.kind == "USER" else lookup.role(account, wanted.name.last)


def holder(account: Account, session: Session, wanted: grammar.Grantee) -> Record:
    """The role or user that is to hold a privilege."""
    return grantee(account, session, wanted)


def container(account: Account, session: Session, on: grammar.OnAll | grammar.OnFuture) -> Database | Schema:
    """The database or schema that a bulk grant is about."""
    found = lookup.find(account, session, on.container, on.name, "GRANT")
    assert isinstance(found, (Database, Schema))  # noqa: S101 (the grammar knows no other container)
    return found


def objects(account: Account, session: Session, on: grammar.Target) -> list[Record]:
    """The objects that are there and meant."""
    match on:
        case grammar.OnAccount():
            return [access.account_record(account)]
        case grammar.OnObject():
            return [lookup.find(account, session, on.kind, on.name, "GRANT")]
        case grammar.OnAll():
            return _inside(account, container(account, session, on), on.kind)
        case grammar.OnFuture():
            return []


def _inside(account: Account, parent: Database | Schema, kind: str) -> list[Record]:
    cls = lookup.CLASSES.get(kind)
    if cls is None:
        return []
    if kind == "SCHEMA" or isinstance(parent, Schema):
        return [one for one in account.catalog.children(parent.id, cls) if one.kind == cls.kind]
    return [
        one
        for schema in account.catalog.children(parent.id, Schema)
        for one in account.catalog.children(schema.id, cls)
        if one.kind == cls.kind
    ]


def privileges(wanted: tuple[str, ...], kind: str, to: Record | None = None) -> tuple[str, ...]:
    """The privileges by name, ALL written out, each one that exists on that kind of object; users create nothing."""
    if wanted == ("ALL",):
        return tuple(p for p in every(kind) if not (isinstance(to, User) and p.startswith("CREATE ")))
    for privilege in wanted:
        if not known(privilege, kind):
            raise invalid(f"privilege '{privilege}' does not exist on a {kind.lower()}", 3008, "42501")
    return wanted


def grantor(account: Account, session: Session, record: Record, privilege: str) -> int | None:
    """Who is said to give the privilege on the record, or Snowflake's refusal.

    In a schema with managed access the owners of objects give nothing: its own owner does.
    """
    roles = access.roles_of(account, session)
    if record.id == ACCOUNT_ID and privilege in (*BY_ACCOUNTADMIN, access.MANAGE_GRANTS):
        return _account_grantor(account, roles, privilege)
    if privilege == access.MANAGE_GRANTS:
        return _manager(account, roles, record)
    schema = next((above for above in access.parents(account, record) if isinstance(above, Schema)), None)
    if access.manages_grants(account, session, record):
        return record.owner
    if schema is not None and schema.managed:
        if schema.owner in roles:
            return schema.owner
    elif record.owner in roles:
        return record.owner
    given = next((g.to for g in record.grants if g.to in roles and g.privilege == privilege and g.option), None)
    if given is None:
        raise errors.insufficient_privileges(record.kind, record.name)
    return given


def _account_grantor(account: Account, roles: frozenset[int], privilege: str) -> int | None:
    """Who is said to give an account privilege that MANAGE GRANTS alone does not reach."""
    record = access.account_record(account)
    admin = account.catalog.find(Role, ACCOUNTADMIN)
    if admin is not None and admin.id in roles:
        return admin.id
    given = next((g.to for g in record.grants if g.to in roles and g.privilege == privilege and g.option), None)
    if given is None:
        raise errors.insufficient_privileges(record.kind, record.name)
    return given


def _manager(account: Account, roles: frozenset[int], record: Record) -> int | None:
    """Who is said to let another manage a container's grants: one who may, on it or above, with the grant option."""
    if access.manages_inside(account, roles, record, option=True):
        return record.owner
    _account_grantor(account, roles, access.MANAGE_GRANTS)
    return record.owner


def future_authority(account: Account, session: Session, parent: Database | Schema) -> int | None:
    """Who is said to promise privileges there: MANAGE GRANTS, or the owner of a schema with managed access."""
    if access.manages_grants(account, session, parent):
        return parent.owner
    if isinstance(parent, Schema) and parent.managed and parent.owner in access.roles_of(account, session):
        return parent.owner
    raise errors.insufficient_privileges(parent.kind, parent.name)


def within_database(account: Account, role: Record, record: Record) -> None:
    """A database role holds privileges in its own database only."""
    if not isinstance(role, DatabaseRole):
        return
    reach = {record.id, *(above.id for above in access.parents(account, record))}
    if role.parent not in reach:
        name = access.full_name(account, role)
        raise invalid(f"database role '{name}' holds privileges in its own database only", 3008, "42501")


def role_grantor(account: Account, session: Session, role: Record) -> int | None:
    """Who is said to give the role away, or Snowflake's refusal; ACCOUNTADMIN is given by ACCOUNTADMIN."""
    roles = access.roles_of(account, session)
    if isinstance(role, Role) and role.name == ACCOUNTADMIN:
        if role.id not in roles:
            raise errors.insufficient_privileges("ROLE", role.name)
        return role.id
    try:
        return grantor(account, session, role, "USAGE")
    except SqlError:
        if isinstance(role, DatabaseRole):
            parent = account.catalog.peek(role.parent)
            if parent is not None and parent.owner in roles:
                return parent.owner
        raise
