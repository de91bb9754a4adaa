"""INFORMATION_SCHEMA's views of roles and privileges: who has which role, and who holds what on which object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from snowdome.security import access
from snowdome.security.show_format import role_name
from snowdome.state.records import ACCOUNT_ID, Database, Record, Role, Schema

if TYPE_CHECKING:
    from snowdome.security.resolve import Context
    from snowdome.usage.account import Account

Row = dict[str, Any]
_GRANT = "GRANTOR GRANTEE GRANTED_TO"
OBJECT_PRIVILEGES = f"{_GRANT} OBJECT_CATALOG OBJECT_SCHEMA OBJECT_NAME OBJECT_TYPE PRIVILEGE_TYPE IS_GRANTABLE CREATED"
TABLE_PRIVILEGES = f"{_GRANT} TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE WITH_HIERARCHY CREATED"
ENABLED_ROLES = "ROLE_NAME ROLE_OWNER"
APPLICABLE_ROLES = "GRANTEE ROLE_NAME ROLE_OWNER IS_GRANTABLE"


def enabled_roles(account: Account, context: Context) -> Iterator[Row]:
    """The roles that are active in the session, those inherited included."""
    for role_id in sorted(access.roles_of(account, context.session)):
        record = account.catalog.peek(role_id)
        if isinstance(record, Role):
            yield {"ROLE_NAME": record.name, "ROLE_OWNER": role_name(account, record.owner) or None}


def applicable_roles(account: Account, context: Context) -> Iterator[Row]:
    """Every role the user can have, once for each user or role that it comes through."""
    roles = access.available_roles(account, context.session.user)
    mine = {context.session.user, *(role.id for role in roles)}
    for role in roles:
        for grant in role.grants:
            grantee = account.catalog.peek(grant.to)
            if grant.to in mine and grantee is not None:
                yield {
                    "GRANTEE": grantee.name,
                    "ROLE_NAME": role.name,
                    "ROLE_OWNER": role_name(account, role.owner) or None,
                    "IS_GRANTABLE": "YES" if grant.option else "NO",
                }


def object_privileges(account: Account, context: Context, database: Database) -> Iterator[Row]:
    """The privileges on the account's objects and on those of the database that the session may see."""
    for record in _seen(account, context, database):
        catalog, schema = _place(account, record)
        for row in _held(account, record):
            yield row | {
                "OBJECT_CATALOG": catalog,
                "OBJECT_SCHEMA": schema,
                "OBJECT_NAME": record.name,
                "OBJECT_TYPE": record.kind,
            }


def usage_privileges(account: Account, context: Context, database: Database) -> Iterator[Row]:
    """Of these, USAGE and the ownership that stands for it."""
    for row in object_privileges(account, context, database):
        if row["PRIVILEGE_TYPE"] in ("USAGE", "OWNERSHIP"):
            yield row


def table_privileges(account: Account, context: Context, database: Database) -> Iterator[Row]:
    """The privileges on tables and views of the database that the session may see."""
    for record in _seen(account, context, database):
        if record.space != "RELATION":
            continue
        _, schema = _place(account, record)
        for row in _held(account, record):
            yield row | {
                "TABLE_CATALOG": database.name,
                "TABLE_SCHEMA": schema,
                "TABLE_NAME": record.name,
                "WITH_HIERARCHY": "NO",
            }


def _seen(account: Account, context: Context, database: Database) -> Iterator[Record]:
    for record in account.catalog.all(Record):
        chain = [record, *access.parents(account, record)]
        inside = record.parent in (ACCOUNT_ID, -1) or database.id in {one.id for one in chain}
        if inside and account.catalog.is_live(record) and access.may_see(account, context.session, record):
            yield record


def _place(account: Account, record: Record) -> tuple[str | None, str | None]:
    """The names of the database and the schema that the record is in."""
    above = list(access.parents(account, record))
    database = next((one.name for one in above if isinstance(one, Database)), None)
    return database, next((one.name for one in above if isinstance(one, Schema)), None)


def _held(account: Account, record: Record) -> Iterator[Row]:
    if record.owner is not None:
        owner = account.catalog.peek(record.owner)
        if owner is not None:
            yield _row(owner, owner, "OWNERSHIP", record.created_on, option=True)
    for grant in record.grants:
        grantee = account.catalog.peek(grant.to)
        if grantee is not None:
            by = account.catalog.peek(grant.by) if grant.by is not None else None
            yield _row(by, grantee, grant.privilege, grant.on, option=grant.option)


def _row(by: Record | None, to: Record, privilege: str, at: object, *, option: bool) -> Row:
    return {
        "GRANTOR": by.name if by is not None else None,
        "GRANTEE": to.name,
        "GRANTED_TO": to.kind.replace(" ", "_"),
        "PRIVILEGE_TYPE": privilege,
        "IS_GRANTABLE": "YES" if option else "NO",
        "CREATED": at,
    }
