"""Columns as they are declared: what DuckDB keeps (types, NOT NULL, defaults) and what only the catalog does.

Snowflake enforces NOT NULL alone: keys are remembered, never enforced, so they do not reach DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
from sqlglot import Expr, exp

from snowdome import types
from snowdome.errors import SqlError, unsupported
from snowdome.query.binder import parts_of
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.state.records import Column, Key

if TYPE_CHECKING:
    from snowdome.query.account import Account

__all__ = ["Declared", "Key", "columns", "key", "take"]


@dataclass(slots=True)
class Declared:
    """What a column list says beyond what DuckDB can be asked for."""

    types: dict[str, exp.DataType] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    defaults: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()


def take(create: exp.Create) -> Declared:
    """The declarations, with what DuckDB must not see taken out of the tree."""
    declared = Declared()
    schema = create.this
    if not isinstance(schema, exp.Schema):
        return declared
    kept: list[Expr] = []
    for item in schema.expressions:
        if isinstance(item, exp.ColumnDef):
            take_column(item, declared)
            kept.append(item)
        elif isinstance(item, exp.Identifier):
            kept.append(item)
        elif found := key(item):
            declared.keys += found
        else:
            raise unsupported(f"CREATE TABLE … {item.sql(dialect='snowflake')}")
    _distinct([item.name for item in kept])
    if len(declared.counters) > 1:
        raise unsupported(f"several AUTOINCREMENT columns ({', '.join(declared.counters)})")
    _require_keys(kept, declared)
    schema.set("expressions", kept)
    if create.expression is not None and all(isinstance(e, exp.Identifier) or e.args.get("kind") is None for e in kept):
        _rename_projection(create, [e.name for e in kept])
    return declared


def _require_keys(columns: list[Expr], declared: Declared) -> None:
    """The columns of a primary key hold no NULL (constraints-overview: it "implies that the column is … NOT NULL")."""
    declared.required |= {name for one in declared.keys if one.kind == "PRIMARY KEY" for name in one.columns}
    for column in columns:
        if not isinstance(column, exp.ColumnDef) or column.name not in declared.required:
            continue
        stated = column.args.get("constraints") or []
        if not any(isinstance(c.kind, exp.NotNullColumnConstraint) for c in stated):
            column.set("constraints", [*stated, exp.ColumnConstraint(kind=exp.NotNullColumnConstraint())])


def _distinct(names: list[str]) -> None:
    """No two columns have one name; names that differ in case alone are two in Snowflake, and refused here."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other == name and names.count(name) > 1:
            raise SqlError(2025, "42711", f"SQL compilation error:\nduplicate column name '{name}'")
        if other != name:
            raise unsupported(f"columns whose names differ in case alone ({other}, {name})")


def take_column(column: exp.ColumnDef, declared: Declared) -> None:
    """One column's declarations."""
    name = column.name
    if column.kind is not None:
        declared.types[name] = column.kind.copy()
    kept: list[Expr] = []
    for constraint in column.args.get("constraints") or ():
        if _kept_by_duckdb(name, constraint.kind, declared):
            kept.append(constraint)
        elif not _kept_by_catalog(name, constraint.kind, declared):
            raise unsupported(f"column constraint {constraint.sql(dialect='snowflake')}")
    column.set("constraints", kept)


def _kept_by_duckdb(name: str, constraint: Expr, declared: Declared) -> bool:
    """Whether DuckDB keeps the constraint too; it has been noted."""
    match constraint:
        case exp.NotNullColumnConstraint() if not constraint.args.get("allow_null"):
            declared.required.add(name)
        case exp.DefaultColumnConstraint():
            declared.defaults[name] = constraint.this.sql(dialect="snowflake")
        case exp.AutoIncrementColumnConstraint() | exp.GeneratedAsIdentityColumnConstraint():
            declared.counters[name] = constraint.sql(dialect="snowflake")
        case _:
            return False
    return True


def _kept_by_catalog(name: str, constraint: Expr, declared: Declared) -> bool:
    """Whether the constraint is one that the catalog alone remembers; it has been noted."""
    match constraint:
        case exp.NotNullColumnConstraint():
            return True
        case exp.CommentColumnConstraint():
            declared.comments[name] = constraint.this.name
        case exp.PrimaryKeyColumnConstraint():
            declared.keys += (Key(kind="PRIMARY KEY", columns=(name,)),)
            declared.required.add(name)
        case exp.UniqueColumnConstraint():
            declared.keys += (Key(kind="UNIQUE", columns=(name,)),)
        case exp.Reference():
            declared.keys += (_foreign((name,), constraint, ""),)
        case _:
            return False
    return True


def key(item: Expr, name: str = "") -> tuple[Key, ...]:
    """The keys a table constraint declares."""
    match item:
        case exp.Constraint():
            return tuple(k for e in item.expressions for k in key(e, item.name))
        case exp.PrimaryKey():
            return (Key(kind="PRIMARY KEY", columns=_names(item.expressions), name=name),)
        case exp.UniqueColumnConstraint():
            listed = item.this.expressions if isinstance(item.this, exp.Schema) else [item.this]
            return (Key(kind="UNIQUE", columns=_names(listed), name=name),)
        case exp.ForeignKey():
            return (_foreign(_names(item.expressions), item.args["reference"], name),)
        case _:
            return ()


def columns(
    duck: duckdb.DuckDBPyConnection, physical: str, declared: Declared, *, temporary: bool = False
) -> tuple[Column, ...]:
    """The columns of an anonymous table as clients see them."""
    place = "temp" if temporary else "rows"
    described = duck.execute(f'SELECT * FROM {place}.main."{physical}" LIMIT 0').description
    return tuple(_column(name, str(kind), declared) for name, kind, *_ in described)


def _column(name: str, duck_type: str, declared: Declared) -> Column:
    wanted = declared.types.get(name)
    return Column(
        name=name,
        type=types.declared(wanted, duck_type) if wanted is not None else types.from_duck(duck_type),
        nullable=name not in declared.required,
        default=declared.defaults.get(name),
        comment=declared.comments.get(name, ""),
        autoincrement=declared.counters.get(name),
    )


def may_refer(account: Account, context: Context, expression: Expr, itself: tuple[str | None, str | None, str]) -> None:
    """Every table that a foreign key refers to is there, and may be referred to (REFERENCES); a table may to itself."""
    for reference in expression.find_all(exp.Reference):
        target = reference.this.this if isinstance(reference.this, exp.Schema) else reference.this
        parts = parts_of(target)
        if parts in (itself, (None, None, itself[2])):
            continue
        found = resolve.relation(account, context, parts)
        if not found.temporary:
            context.require(account, "REFERENCES", found)


def _foreign(names: tuple[str, ...], reference: Expr, name: str) -> Key:
    target = reference.this
    referred = _names(target.expressions) if isinstance(target, exp.Schema) else ()
    table = target.this if isinstance(target, exp.Schema) else target
    return Key(
        kind="FOREIGN KEY", columns=names, name=name, refers_to=table.sql(dialect="snowflake"), referred=referred
    )


def _names(expressions: list[Expr]) -> tuple[str, ...]:
    return tuple(e.name for e in expressions)


def _rename_projection(create: exp.Create, names: list[str]) -> None:
    """CREATE TABLE t (a, b) AS query: the query's columns are called that."""
    query = create.expression
    alias = exp.TableAlias(this=exp.to_identifier("q"), columns=[exp.to_identifier(n, quoted=True) for n in names])
    inner = query.this if isinstance(query, exp.Subquery) else query
    create.set("expression", exp.select("*").from_(exp.Subquery(this=inner, alias=alias)))
    create.set("this", create.this.this)
