"""Tags: created, altered, dropped; set on objects and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.kind import Handler
from snowdome.objects.tags import statements as grammar
from snowdome.result import Result, status
from snowdome.security import access, lookup, resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Record, Schema, Table, Tag, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

MOST_TAGS = 50
MOST_VALUES = 300
DONE = status("Statement executed successfully.")


def run(account: Account, session: Session, statement: grammar.TagStatement) -> Result:
    """The tag statement has been carried out."""
    match statement:
        case grammar.SetTags() | grammar.UnsetTags():
            return _apply(account, session, statement)
        case grammar.CreateTag():
            return create(account, session, statement)
        case grammar.UndropTag():
            return undrop(account, session, statement.name)
    try:
        tag = lookup.tag(account, session, statement.name)
    except SqlError:
        if statement.if_exists:
            return status(f"{statement.name} already dropped or never there, statement succeeded.")
        raise
    lookup.own(account, session, tag)
    match statement:
        case grammar.RenameTag():
            return rename(account, session, tag, statement.new)
        case grammar.AllowTagValues():
            _put(account, replace(tag, allowed=_allowed(tag, statement)))
        case grammar.AlterTag():
            _put(account, _with_properties(tag, statement))
        case grammar.DropTag():
            return drop(account, tag)
    return DONE


def _put(account: Account, tag: Tag) -> None:
    with account.catalog.change() as change:
        change.put(replace(tag, altered_on=account.clock.now()))


def create(account: Account, session: Session, statement: grammar.CreateTag) -> Result:
    """The tag is there."""
    name = statement.name
    schema = resolve.schema(account, Context.of(session), name.database, name.schema, "CREATE TAG")
    access.check(account, session, "CREATE TAG", schema)
    old = account.catalog.find(Tag, name.last, schema.id)
    if old is not None and statement.how is How.IF_NOT_EXISTS:
        return status(f"{name.last} already exists, statement succeeded.")
    if old is not None and statement.how is How.PLAIN:
        raise errors.already_exists(f"{access.full_name(account, schema)}.{name.last}")
    if len(statement.allowed) > MOST_VALUES or len(set(statement.allowed)) != len(statement.allowed):
        raise invalid("ALLOWED_VALUES of a tag are at most 300, each once")
    now = account.clock.now()
    with account.catalog.change() as change:
        if old is not None:
            lookup.own(account, session, old)
            if statement.how is How.OR_ALTER:
                allowed, propagate = statement.allowed, statement.propagate
                change.put(
                    replace(
                        old,
                        allowed=allowed,
                        propagate=propagate,
                        on_conflict=statement.on_conflict,
                        comment=statement.comment,
                        altered_on=now,
                    )
                )
                return status(f"Tag {name.last} successfully altered.")
            change.erase(old.id)
        tag = Tag(
            id=change.new_id(),
            name=name.last,
            parent=schema.id,
            created_on=now,
            comment=statement.comment,
            allowed=statement.allowed,
            propagate=statement.propagate,
            on_conflict=statement.on_conflict,
        )
        change.put(new_object(account, session, tag))
    return status(f"Tag {name.last} successfully created.")


def rename(account: Account, session: Session, tag: Tag, new: Name) -> Result:
    """The tag bears the new name, in the new schema if one is written."""
    current = account.catalog.get(Schema, tag.parent)
    schema = current
    if new.schema is not None:
        schema = resolve.schema(account, Context.of(session), new.database, new.schema, "ALTER TAG")
    if schema.id != current.id:
        access.check(account, session, "CREATE TAG", schema)
    if account.catalog.find(Tag, new.last, schema.id) is not None:
        raise errors.already_exists(f"{access.full_name(account, schema)}.{new.last}")
    _put(account, replace(tag, name=new.last, parent=schema.id))
    return DONE


def _allowed(tag: Tag, statement: grammar.AllowTagValues) -> tuple[str, ...]:
    match statement.how:
        case "ADD":
            return tuple(dict.fromkeys((*tag.allowed, *statement.values)))
        case _:
            return tuple(value for value in tag.allowed if value not in statement.values)


def _with_properties(tag: Tag, statement: grammar.AlterTag) -> Tag:
    given = dict(statement.settings)
    after = replace(
        tag,
        comment=given.get("COMMENT", tag.comment) or "",
        propagate=given.get("PROPAGATE", tag.propagate),
        on_conflict=given.get("ON_CONFLICT", tag.on_conflict),
        allowed=tag.allowed if statement.allowed is None else statement.allowed,
    )
    if after.on_conflict is not None and after.propagate is None:
        if "ON_CONFLICT" in given:
            raise invalid("ON_CONFLICT goes with PROPAGATE", 1420)
        after = replace(after, on_conflict=None)
    return after


def drop(account: Account, tag: Tag) -> Result:
    """The tag has no name any more, and nothing shows it until it is undropped; one that masks columns stays."""
    if tag.policies:
        raise SqlError(
            3531, "42601", f"SQL compilation error:\nTag {tag.name} cannot be dropped as a masking policy is set on it."
        )
    with account.catalog.change() as change:
        change.drop(tag, account.clock.now())
    return status(f"{tag.name} successfully dropped.")


def undrop(account: Account, session: Session, name: Name) -> Result:
    """The latest dropped tag of that name is back."""
    schema = resolve.schema(account, Context.of(session), name.database, name.schema, "UNDROP TAG")
    dropped = account.catalog.dropped(Tag, name.last, schema.id)
    if not dropped:
        raise errors.not_found("Tag", f"{access.full_name(account, schema)}.{name.last}")
    if account.catalog.find(Tag, name.last, schema.id) is not None:
        raise errors.already_exists(f"{access.full_name(account, schema)}.{name.last}")
    lookup.own(account, session, dropped[0])
    with account.catalog.change() as change:
        change.put(replace(dropped[0], dropped_on=None))
    return status(f"Tag {name.last} successfully restored.")


# -- on objects ---------------------------------------------------------------------------------------------------
def values(account: Account, session: Session, wanted: tuple[TagValue, ...]) -> dict[int, str]:
    """The values by tag id, each one allowed and each tag one that the session may apply."""
    found: dict[int, str] = {}
    for one in wanted:
        tag = lookup.tag(account, session, one.tag)
        access.check(account, session, "APPLY", tag)
        if tag.allowed and one.value not in tag.allowed:
            raise SqlError(
                394504,
                "22023",
                f"Tag value '{one.value}' is not allowed for tag '{tag.name}'. Allowed: {', '.join(tag.allowed)}.",
            )
        found[tag.id] = one.value
    return found


def _apply(account: Account, session: Session, statement: grammar.SetTags | grammar.UnsetTags) -> Result:
    try:
        target = _target(account, session, statement)
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    if not _applies_all(account, session):
        lookup.own(account, session, target)
    column = _column(target, statement.column)
    now = _of(target, column)
    if isinstance(statement, grammar.SetTags):
        after = now | values(account, session, statement.tags)
        if len(after) > MOST_TAGS:
            raise invalid(f"an object has at most {MOST_TAGS} tags")
    else:
        gone = {lookup.tag(account, session, name).id for name in statement.tags}
        after = {tag: value for tag, value in now.items() if tag not in gone}
    with account.catalog.change() as change:
        fresh = account.catalog.peek(target.id) or target
        change.put(_with(fresh, column, after))
    return DONE


def _applies_all(account: Account, session: Session) -> bool:
    return access.holds_on_account(account, access.roles_of(account, session), "APPLY TAG")


def _target(account: Account, session: Session, statement: grammar.SetTags | grammar.UnsetTags) -> Record:
    if statement.kind == "ACCOUNT":
        return access.account_record(account)
    if statement.name is None:
        current = session.warehouse if statement.kind == "WAREHOUSE" else None
        if statement.kind == "USER":
            return account.catalog.peek(session.user) or access.account_record(account)
        if current is None:
            raise errors.no_warehouse()
        return lookup.find(account, session, statement.kind, Name((current,)))
    return lookup.find(account, session, statement.kind, statement.name, applies=_applies_all(account, session))


def _column(target: Record, column: str | None) -> str | None:
    if column is None:
        return None
    if not isinstance(target, (Table, View)) or column not in {c.name for c in target.columns}:
        raise errors.invalid_identifier(column)
    return column


def _of(target: Record, column: str | None) -> dict[int, str]:
    if column is None:
        return dict(target.tags)
    return dict(target.column_tags.get(column, {})) if isinstance(target, (Table, View)) else {}


def _with(target: Record, column: str | None, after: dict[int, str]) -> Record:
    if column is None or not isinstance(target, (Table, View)):
        return replace(target, tags=after)
    rest = {name: given for name, given in target.column_tags.items() if name != column}
    return replace(target, column_tags=rest | ({column: after} if after else {}))


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.TagStatement), run)
