"""From a kind and a name in a statement to the record, for the one who asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.security import access, resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.names import Name
from snowdome.state.pipelines import EVERY_RECORD
from snowdome.state.records import Account as AccountRecord
from snowdome.state.records import (
    Database,
    DatabaseRole,
    NetworkPolicy,
    Policy,
    Record,
    Role,
    Schema,
    Table,
    Tag,
    User,
    View,
)

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

P = TypeVar("P", bound=Policy)
LISTS = ("ALLOWED_NETWORK_RULE_LIST", "BLOCKED_NETWORK_RULE_LIST")
"""The settings of a network policy that name network rules."""
OF_ACCOUNT: dict[str, type[Record]] = {cls.kind: cls for cls in EVERY_RECORD if cls.home == "ACCOUNT"}
OF_SCHEMA: dict[str, type[Record]] = {
    "HYBRID TABLE": Table,
    **{cls.kind: cls for cls in EVERY_RECORD if cls.home == "SCHEMA"},
}
RELATIONS = frozenset({"TABLE", "VIEW", "HYBRID TABLE", "DYNAMIC TABLE"})
CLASSES = OF_ACCOUNT | OF_SCHEMA | {"SCHEMA": Schema, "DATABASE ROLE": DatabaseRole}


def find(
    account: Account, session: Session, kind: str, name: Name, verb: str = "ALTER", *, applies: bool = False
) -> Record:
    """The record of that kind and name that the session may see (or, if it `applies`, tag), or Snowflake's 002003."""
    context = replace(Context.of(session), applies=applies)
    if kind in OF_ACCOUNT:
        return of_account(account, session, OF_ACCOUNT[kind], name.last, applies=applies)
    if kind == "SCHEMA":
        return resolve.schema(account, context, name.schema, name.last, verb)
    if kind == "DATABASE ROLE":
        return database_role(account, session, name)
    if kind in RELATIONS:
        return resolve.relation(account, context, (name.database, name.schema, name.last), verb)
    if kind in OF_SCHEMA:
        return resolve.child(account, context, OF_SCHEMA[kind], (name.database, name.schema, name.last), verb)
    raise errors.not_found(kind.capitalize(), name.sql)


def of_account(account: Account, session: Session, cls: type[Record], name: str, *, applies: bool = False) -> Record:
    """The account's record of that class and name; roles and users are no secret to those who grant."""
    record = account.catalog.find(cls, name)
    if record is None or not (applies or cls in (Role, User) or access.may_see(account, session, record)):
        raise errors.not_found(cls.kind.capitalize(), name)
    return record


def role(account: Account, name: str) -> Role:
    """The account role of that name."""
    found = account.catalog.find(Role, name)
    if found is None:
        raise errors.not_found("Role", name)
    return found


def user(account: Account, name: str) -> User:
    """The user of that name."""
    found = account.catalog.find(User, name)
    if found is None:
        raise errors.not_found("User", name)
    return found


def database_role(account: Account, session: Session, name: Name) -> DatabaseRole:
    """The database role of that name, in the current database if none is written."""
    database = resolve.database(account, Context.of(session), name.schema)
    found = account.catalog.find(DatabaseRole, name.last, database.id)
    if found is None:
        raise errors.not_found("Database role", f"{database.name}.{name.last}")
    return found


def own(account: Account, session: Session, record: Record) -> None:
    """The session owns the record, or Snowflake's refusal is raised."""
    access.check(account, session, "OWNERSHIP", record)


def tag(account: Account, session: Session, name: Name) -> Tag:
    """The tag of that name; who may apply every tag needs no privilege on its schema."""
    context = Context.of(session)
    if access.holds_on_account(account, access.roles_of(account, session), "APPLY TAG"):
        return _tag_anywhere(account, context, name)
    return resolve.child(account, context, Tag, (name.database, name.schema, name.last), "ALTER TAG")


def _tag_anywhere(account: Account, context: Context, name: Name) -> Tag:
    database_name, schema_name = name.database or context.database, name.schema or context.schema
    parent = account.catalog.find(Database, database_name) if database_name else None
    around = account.catalog.find(Schema, schema_name, parent.id) if parent and schema_name else None
    found = account.catalog.find(Tag, name.last, around.id) if around else None
    if found is None:
        raise errors.not_found("Tag", resolve.dotted(database_name, schema_name, name.last))
    return found


def policy(account: Account, session: Session, cls: type[P], name: Name) -> P:
    """The policy of that class and name, or Snowflake's 002003."""
    if cls is NetworkPolicy:
        found = of_account(account, session, cls, name.last)
        assert isinstance(found, cls)  # noqa: S101 (of_account was asked for that class)
        return found
    return resolve.child(account, Context.of(session), cls, (name.database, name.schema, name.last), "ALTER")


def policy_users(account: Account, used: Policy) -> list[Record]:
    """What the policy is on: tables and views, tags, users, the account; for a rule, network policies."""
    found: list[Record] = []
    for record in account.catalog.all(Table, View, Tag, User, AccountRecord, NetworkPolicy):
        match record:
            case Table() | View():
                uses = any(mask.policy == used.id for mask in record.masks.values())
            case Tag():
                uses = used.id in record.policies
            case User() | AccountRecord():
                uses = used.id in record.policies.values()
            case NetworkPolicy():
                uses = any(used.id in record.settings.get(name, ()) for name in LISTS)
            case _:
                uses = False
        if uses and (account.catalog.is_live(record) or isinstance(record, AccountRecord)):
            found.append(record)
    return found
