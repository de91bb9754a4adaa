"""Masking policies at work: who reads a protected column reads the policy's expression instead.

The expression is put in wherever the column is read, in views, joins, conditions and the queries of CREATE TABLE AS
(user-guide/security-column-intro): a table's mask first, that of a view over it next. A policy on the column itself
comes before those of tags, which count for columns whose type is the policy's (user-guide/tag-based-masking-policies).
A mask is worked out with the rights of the policy's owner and speaks of the session's role.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import Expr, exp
from sqlglot.errors import ParseError, TokenError

from snowdome import types
from snowdome.errors import SqlError, invalid_identifier, syntax_error, unsupported
from snowdome.query import tag_references
from snowdome.query.identifiers import normalise
from snowdome.security.resolve import Context
from snowdome.sql.parse import parse
from snowdome.sql.translate import translate
from snowdome.state import run_sql
from snowdome.state.records import Column, Database, MaskingPolicy, Record, Relation, Role, Schema, Table, Tag

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.binding import Binding
    from snowdome.state.session import Session

BASE = "$masked"
ARGUMENTS = "$arguments"


@dataclass(frozen=True, slots=True)
class Applied:
    """A mask that counts for a column: its policy, the columns that are its arguments, and the tag it came by."""

    policy: MaskingPolicy
    using: tuple[str, ...]
    tag: Tag | None = None


def on(account: Account, relation: Relation) -> dict[str, Applied]:
    """The masks that count, by column."""
    if not account.catalog.knows(MaskingPolicy):
        return {}
    found = {name: Applied(_policy(account, m.policy), tuple(m.using)) for name, m in relation.masks.items()}
    if _bears_masking_tag(account, relation):
        for column in relation.columns:
            if column.name not in found and (by_tag := _by_tag(account, relation, column)) is not None:
                found[column.name] = by_tag
    return found


def _policy(account: Account, policy_id: int) -> MaskingPolicy:
    found = account.catalog.peek(policy_id)
    if not isinstance(found, MaskingPolicy):
        raise SqlError(
            2003, "02000", "SQL compilation error:\nA masking policy of the table does not exist or not authorized."
        )
    return found


def _bears_masking_tag(account: Account, relation: Relation) -> bool:
    """Whether any tag that may reach a column of the relation has masking policies: most have none."""
    tags: set[int] = {tag for given in relation.column_tags.values() for tag in given}
    above: Record | None = account.catalog.peek(relation.id) or relation
    while above is not None:
        tags |= set(above.tags)
        above = account.catalog.peek(above.parent) if above.parent >= 0 else None
    return any(isinstance(tag := account.catalog.peek(i), Tag) and tag.policies for i in tags)


def _by_tag(account: Account, relation: Relation, column: Column) -> Applied | None:
    """The mask that a tag brings to the column; two different ones are an error, and nothing is read."""
    wanted = family(column.type)
    found: list[Applied] = []
    for reference in tag_references.holding(account, relation, column.name):
        for policy in (_policy(account, i) for i in reference.tag.policies):
            if family(policy.arguments[0][1]) == wanted:
                others = tuple(name for name, _ in policy.arguments[1:])
                found.append(Applied(policy, (column.name, *others), reference.tag))
    if len({one.policy.id for one in found}) > 1:
        raise SqlError(
            3530,
            "42601",
            f"SQL compilation error:\nMultiple masking policies are assigned to the column {column.name} by its tags.",
        )
    return found[0] if found else None


# -- types --------------------------------------------------------------------------------------------------------
def type_named(account: Account, session: Session, written: str) -> str:
    """Snowflake's full name of the type as it was written."""
    try:
        data_type = exp.DataType.build(written, dialect="snowflake")
    except (ParseError, TokenError):
        raise syntax_error(f"unexpected '{written}'.") from None
    query = exp.select(exp.cast(exp.Null(), data_type))
    run_sql.run_expression(account, session, translate(query))
    return types.declared(data_type, str(session.duck.description[0][1]))


def family(name: str) -> str:
    """The type without its numbers: what a policy and a column have to share."""
    return types.base(name)


# -- putting them in ------------------------------------------------------------------------------------------------
def cover(
    binder: Binding, reference: exp.Table | exp.Subquery, relation: Relation, names: list[Expr] | None = None
) -> None:
    """The bound reference reads masks in place of protected columns; `names` are those of an inlined view's columns."""
    applied = on(binder.account, relation)
    if not applied:
        return
    binder.bound.session_bound = True
    missing = [name for one in applied.values() for name in one.using if name not in _columns(relation)]
    if missing:
        raise invalid_identifier(missing[0])
    outer = {key: reference.args[key] for key in ("alias", "joins", "pivots", "laterals") if reference.args.get(key)}
    for key in outer:
        reference.set(key, None)
    inner = reference.copy()
    inner.set("alias", exp.TableAlias(this=exp.to_identifier(BASE, quoted=True), columns=names or []))
    replaced = [exp.alias_(mask(binder, relation, column, one), column, quoted=True) for column, one in applied.items()]
    query = exp.select(exp.Star(replace=replaced)).from_(inner)
    reference.replace(exp.Subquery(this=query, **outer))


def _columns(relation: Relation) -> dict[str, Column]:
    return {column.name: column for column in relation.columns}


def mask(binder: Binding, relation: Relation, column: str, applied: Applied) -> Expr:
    """Return what is read in place of the column."""
    policy = applied.policy
    if policy.id in binder.masking:
        raise unsupported(f"masking policy {policy.name} that reads what it masks")
    holder = exp.Paren(this=_body(policy))
    for node in list(holder.find_all(exp.CurrentDatabase, exp.CurrentSchema, exp.Anonymous)):
        if (answer := _answer(binder, relation, column, node)) is not None:
            node.replace(answer)
    sources = {
        name: exp.column(exp.to_identifier(used, quoted=True), table=exp.to_identifier(BASE, quoted=True))
        for (name, _), used in zip(policy.arguments, applied.using, strict=True)
    }
    body = _with_arguments(holder.this, sources)
    schema = binder.account.catalog.get(Schema, policy.parent)
    database = binder.account.catalog.get(Database, schema.parent)
    context = Context(binder.context.session, database.name, schema.name, policy.owner)
    inner = binder.nested(context, masking=binder.masking | {policy.id})
    bound = inner.bind(exp.Paren(this=body))
    binder.bound.tables |= inner.bound.tables
    binder.bound.registered += inner.bound.registered
    kind = exp.DataType.build(_columns(relation)[column].type, dialect="snowflake")
    return exp.cast(bound, kind)


def _body(policy: MaskingPolicy) -> Expr:
    query = normalise(parse(None, f"SELECT ({policy.body}\n)"))
    found = query.expressions
    if not isinstance(query, exp.Select) or len(found) != 1 or not isinstance(found[0], (exp.Paren, exp.Subquery)):
        raise syntax_error(f"unexpected '{policy.body}'.")
    return found[0]


def _with_arguments(body: Expr, sources: dict[str, exp.Column]) -> Expr:
    """The body reading the columns; around a query in it the arguments are rows, so that names keep their scopes."""
    if body.find(exp.Query):
        arguments = exp.select(*(exp.alias_(source, name, quoted=True) for name, source in sources.items()))
        alias = exp.TableAlias(this=exp.to_identifier(ARGUMENTS, quoted=True))
        return exp.Subquery(this=exp.select(body).from_(exp.Subquery(this=arguments, alias=alias)))

    def one(node: Expr) -> Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in sources:
            return sources[node.name].copy()
        return node

    return body.transform(one)


def _answer(binder: Binding, relation: Relation, column: str, node: Expr) -> Expr | None:
    """What the body asks about the protected object: its database and schema, its tags, and who invokes it."""
    account = binder.account
    schema = account.catalog.get(Schema, relation.parent)
    match node:
        case exp.CurrentDatabase():
            return exp.Literal.string(account.catalog.get(Database, schema.parent).name)
        case exp.CurrentSchema():
            return exp.Literal.string(schema.name)
        case exp.Anonymous() if node.name.upper() == "INVOKER_ROLE":
            role = binder.context.owner if binder.context.owner is not None else binder.context.session.role
            record = account.catalog.peek(role)
            return exp.Literal.string(record.name) if isinstance(record, Role) else exp.Null()
        case exp.Anonymous() if node.name.upper() == "INVOKER_SHARE":
            return exp.Null()
        case exp.Anonymous() if node.name.upper().startswith("SYSTEM$GET_TAG_ON_CURRENT_"):
            whole = node.name.upper().endswith("_TABLE")
            return _tag_value(account, relation, None if whole else column, node)
        case _:
            return None


def _tag_value(account: Account, relation: Relation, column: str | None, node: exp.Anonymous) -> Expr:
    wanted = tag_references.parse_name(node.expressions[0].name) if node.expressions else None
    for reference in tag_references.holding(account, relation, column):
        if wanted is not None and reference.tag.name == wanted.last:
            return exp.Literal.string(reference.value)
    return exp.Null()


# -- changes of rows ---------------------------------------------------------------------------------------------------
def refuse_reads(account: Account, table: Table, expression: Expr) -> None:
    """A change of rows that reads a protected column of the table it changes is refused by name."""
    protected = set(on(account, table)) if account.catalog.knows(MaskingPolicy) else set()
    for node in _read(expression) if protected else ():
        for column in node.find_all(exp.Column):
            if column.name in protected:
                verb = type(expression).__name__.upper()
                raise unsupported(f"{verb} that reads the masked column {column.name} of its target")


def _read(expression: Expr) -> Iterator[Expr]:
    """The parts of a change of rows that read its target."""
    match expression:
        case exp.Update():
            yield from (e.expression for e in expression.expressions if isinstance(e, exp.EQ))
            yield from (w for w in (expression.args.get("where"),) if w is not None)
        case exp.Delete():
            yield from (w for w in (expression.args.get("where"),) if w is not None)
        case exp.Merge():
            yield expression.args["on"]
            for when in expression.find_all(exp.When):
                yield from (c for c in (when.args.get("condition"),) if c is not None)
                then = when.args.get("then")
                if isinstance(then, exp.Update):
                    yield from (e.expression for e in then.expressions if isinstance(e, exp.EQ))
