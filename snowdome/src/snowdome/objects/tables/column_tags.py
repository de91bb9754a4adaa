"""TAG (…) in CREATE TABLE and CREATE VIEW: on the table or view itself, and in its column list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from sqlglot import Expr, exp

from snowdome.errors import SqlError
from snowdome.objects.tags import handlers as tags
from snowdome.security import lookup
from snowdome.sql.grammar.clauses import MAX_TAG_VALUE, TagValue
from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Table, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

T = TypeVar("T", bound=Table | View)


@dataclass(slots=True)
class Written:
    """The tags that a statement gives, to the whole and to columns by name."""

    whole: tuple[TagValue, ...] = ()
    columns: dict[str, tuple[TagValue, ...]] = field(default_factory=dict)


def take(create: exp.Create) -> Written:
    """The tags, taken out of the tree."""
    found = Written()
    properties = create.args.get("properties")
    if properties is not None:
        kept = [item for item in properties.expressions if not isinstance(item, exp.Tags)]
        found.whole = tuple(
            _tag(one) for item in properties.expressions if isinstance(item, exp.Tags) for one in item.expressions
        )
        properties.set("expressions", kept)
    schema = create.this
    for column in schema.expressions if isinstance(schema, exp.Schema) else ():
        constraints = column.args.get("constraints") or []
        written = [c for c in constraints if isinstance(c.kind, exp.Tags)]
        if written:
            found.columns[column.name] = tuple(_tag(one) for c in written for one in c.kind.expressions)
            column.set("constraints", [c for c in constraints if c not in written])
    return found


def _tag(item: Expr) -> TagValue:
    written = item.this
    sql = written.sql(dialect="snowflake", identify=not isinstance(written, exp.Var))
    name = Name((written.name,)) if isinstance(written, exp.Var) else Cursor(sql).name()
    value = item.args["value"].name
    if len(value) > MAX_TAG_VALUE:
        raise invalid_value(value[:20] + "…", f"TAG {sql} (at most {MAX_TAG_VALUE} characters)")
    return TagValue(name, value)


def put(account: Account, session: Session, record: T, written: Written) -> T:
    """The new table or view with those tags, where the session may put them there."""
    if not written.whole and not written.columns:
        return record
    columns = dict(record.column_tags)
    for name, wanted in written.columns.items():
        columns[name] = columns.get(name, {}) | _values(account, session, wanted)
    whole = dict(record.tags) | _values(account, session, written.whole)
    return replace(record, tags=whole, column_tags=columns)


def _values(account: Account, session: Session, wanted: tuple[TagValue, ...]) -> dict[int, str]:
    return tags.values(account, session, tuple(_meant(account, session, one) for one in wanted))


def _meant(account: Account, session: Session, one: TagValue) -> TagValue:
    """The tag by its name as written or, where there is none, as Snowflake folds it: sqlglot does not keep quotes."""
    if len(one.tag.parts) > 1 or one.tag.last == one.tag.last.upper():
        return one
    try:
        lookup.tag(account, session, one.tag)
    except SqlError:
        return replace(one, tag=Name((one.tag.last.upper(),)))
    return one
