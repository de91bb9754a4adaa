"""COMMENT ON, and DESCRIBE of what is no table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.errors import SqlError
from snowdome.objects import describe as columns
from snowdome.objects import show_automata, show_inside, show_policies, show_users, show_warehouses
from snowdome.result import Result, status
from snowdome.security import access, lookup
from snowdome.sql.grammar.show import CommentOn, Describe
from snowdome.state.records import Database, Record, Schema, Sequence, Table, User, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")
MODIFIABLE = frozenset({"WAREHOUSE", "DATABASE", "SCHEMA"})


def comment(account: Account, session: Session, statement: CommentOn) -> Result:
    """The object or column bears the comment."""
    kind = "TABLE" if statement.kind == "COLUMN" else statement.kind
    try:
        found = lookup.find(account, session, kind, statement.name, "COMMENT")
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    may_modify = found.kind in MODIFIABLE and access.has(account, session, "MODIFY", found)
    temporary = isinstance(found, (Table, View)) and found.temporary
    if not may_modify and not temporary:
        lookup.own(account, session, found)
    after = _commented(account, found, statement)
    if temporary and isinstance(after, (Table, View)):
        session.temporary[after.parent, after.name] = after
        return DONE
    with account.catalog.change() as change:
        change.put(after)
    return DONE


def _commented(account: Account, found: Record, statement: CommentOn) -> Record:
    now = account.clock.now()
    if isinstance(found, (Table, View)):
        if statement.column is None:
            return replace(found, comment=statement.text, altered_on=now, last_ddl=now)
        if statement.column not in {column.name for column in found.columns}:
            raise errors.invalid_identifier(statement.column)
        columns = tuple(
            replace(column, comment=statement.text) if column.name == statement.column else column
            for column in found.columns
        )
        return replace(found, columns=columns, altered_on=now, last_ddl=now)
    return replace(found, comment=statement.text, altered_on=now)


def describe(account: Account, session: Session, statement: Describe) -> Result:
    """The rows of DESCRIBE."""
    if statement.kind == "DYNAMIC TABLE":
        return columns.of_name(account, session, statement.name)
    if statement.kind in show_automata.KINDS:
        return show_automata.describe(account, session, statement.kind, statement.name)
    found = lookup.find(account, session, statement.kind, statement.name, "DESCRIBE")
    if isinstance(found, Sequence):
        return show_inside.describe(account, found)
    if isinstance(found, User):
        return show_users.describe(account, session, found)
    if (described := show_policies.describe(account, found)) is not None:
        return described
    if isinstance(found, Database):
        inside: list[Record] = list(account.catalog.children(found.id, Schema))
    elif isinstance(found, Schema):
        inside = list(account.catalog.children(found.id, Table, View))
    else:
        return show_warehouses.describe([found])
    return show_warehouses.describe([one for one in inside if access.may_see(account, session, one)])


HANDLERS = {CommentOn: comment, Describe: describe}
