"""CREATE VIEW: keeps the text as written, and compiles it once to know the columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from snowdome import errors
from snowdome.errors import syntax_error, unsupported
from snowdome.objects.tables import column_masks, column_tags
from snowdome.objects.tables.create import settle, standing
from snowdome.query.binder import parts_of
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.state import transactions
from snowdome.state.records import Column, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def create(account: Account, session: Session, create: exp.Create, sql: str) -> Result:
    """The view is there."""
    if session.in_transaction:
        transactions.commit(account, session)
    tagged = column_tags.take(create)
    comment, secure, copy_grants, temporary = _properties(create)
    wanted = column_masks.take(create.this)
    schema_node = create.this if isinstance(create.this, exp.Schema) else None
    node = schema_node.this if schema_node is not None else create.this
    parts = parts_of(node)
    context = Context.of(session)
    with account.catalog.lock:
        schema = resolve.schema(account, context, parts[0], parts[1], "CREATE VIEW")
        context.require(account, "CREATE VIEW", schema)
        old = standing(account, session, schema, parts[2], temporary=temporary)
        if old is not None and not create.args.get("replace"):
            if create.args.get("exists"):
                return status(f"{parts[2]} already exists, statement succeeded.")
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{parts[2]}")
        now = account.clock.now()
        view = View(
            id=account.catalog.new_id(),
            name=parts[2],
            parent=schema.id,
            owner=session.role,
            comment=comment,
            created_on=now,
            altered_on=now,
            last_ddl=now,
            text=sql.strip().rstrip(";").rstrip(),
            query=query_text(sql),
            columns=_listed(schema_node),
            named=schema_node is not None,
            secure=secure,
            temporary=temporary,
        )
        view = column_masks.put(account, session, _described(account, session, view), wanted)
        view = column_tags.put(account, session, view, tagged)
        settle(account, session, view, replace_old=bool(create.args.get("replace")), copy_grants=copy_grants)
    return status(f"View {parts[2]} successfully created.")


def query_text(sql: str) -> str:
    """What stands after AS, as written."""
    depth = 0
    for token in sqlglot.tokenize(sql, read="snowflake"):
        if token.token_type == sqlglot.TokenType.L_PAREN:
            depth += 1
        elif token.token_type == sqlglot.TokenType.R_PAREN:
            depth -= 1
        elif token.token_type == sqlglot.TokenType.ALIAS and depth == 0:
            return sql[token.end + 1 :].strip().rstrip(";").rstrip()
    raise syntax_error("unexpected '<EOF>'.")


def _properties(create: exp.Create) -> tuple[str, bool, bool, bool]:
    comment, secure, copy_grants, temporary = "", False, False, False
    properties = create.args.get("properties")
    for item in properties.expressions if properties else ():
        match item:
            case exp.SchemaCommentProperty():
                comment = item.this.name
            case exp.SecureProperty():
                secure = True
            case exp.CopyGrantsProperty():
                copy_grants = True
            case exp.TemporaryProperty() | exp.VolatileProperty():
                temporary = True
            case _:
                raise unsupported(f"CREATE VIEW … {item.sql(dialect='snowflake')}")
    return comment, secure, copy_grants, temporary


def _listed(schema: exp.Schema | None) -> tuple[Column, ...]:
    """The columns the statement names, with their comments; types come later."""
    if schema is None:
        return ()
    found = []
    for item in schema.expressions:
        comment = item.find(exp.CommentColumnConstraint) if isinstance(item, exp.ColumnDef) else None
        for other in item.args.get("constraints") or ():
            if not isinstance(other.kind, exp.CommentColumnConstraint):
                raise unsupported(f"CREATE VIEW … column {other.sql(dialect='snowflake')}")
        found.append(Column(name=item.name, type="VARCHAR", comment=comment.this.name if comment else ""))
    return tuple(found)


def _described(account: Account, session: Session, view: View) -> View:
    """The view with its columns' types, found by binding it."""
    described = account.views.describe(session, view)
    if view.columns and len(view.columns) != len(described):
        raise errors.SqlError(2026, "42601", "SQL compilation error:\nInvalid column definition list")
    comments = dict(enumerate(view.columns))
    columns = tuple(
        Column(
            name=comments[i].name if i in comments else name,
            type=kind,
            comment=comments[i].comment if i in comments else "",
        )
        for i, (name, kind) in enumerate(described)
    )
    return replace(view, columns=columns)
