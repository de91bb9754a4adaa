"""Binds a data statement to the catalog: every name in it becomes the anonymous table it means at this moment.

The caller holds the catalog's lock while binding, so all names of a statement are read from one state of the account.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from fakesnow import transforms
from sqlglot import Expr, exp

from snowdome import functions, resolve, table_functions
from snowdome.duck import ROWS, VIEWS
from snowdome.errors import SqlError, unsupported
from snowdome.records import Sequence, View
from snowdome.resolve import Context, Relation

if TYPE_CHECKING:
    from snowdome.account import Account

INFORMATION_SCHEMA = "INFORMATION_SCHEMA"
Parts = tuple[str | None, str | None, str]


@dataclass(slots=True)
class Bound:
    """What a statement was bound to."""

    reads: dict[Parts, str] = field(default_factory=dict)
    """Each name that was read, and the anonymous table and version it meant."""
    tables: set[int] = field(default_factory=set)
    """The ids of the tables that were read, those behind views included."""
    session_bound: bool = False
    """Whether the answer depends on who asks or when, so that it cannot be shared."""
    registered: list[str] = field(default_factory=list)
    """Relations registered on the session's connection for this statement alone."""


class Binder:
    """Binds the names of one statement or of one view's query."""

    def __init__(self, account: Account, context: Context) -> None:
        self.account = account
        self.context = context
        self.bound = Bound()

    def bind(self, expression: Expr, *, targets: frozenset[int] = frozenset()) -> Expr:
        """The expression with physical names; `targets` are the ids of nodes the caller binds himself."""
        for table in list(expression.find_all(exp.Table)):
            if id(table) not in targets:
                self._table(table)
        for call in list(expression.find_all(exp.TableFromRows)):
            self._result_scan(call)
        self.columns(expression)
        return functions.bind(self, expression)

    def columns(self, expression: Expr) -> None:
        """Columns are qualified with the names of references alone, and a sequence's NEXTVAL is a call."""
        for column in list(expression.find_all(exp.Column)):
            self._column(column)

    # -- tables -------------------------------------------------------------------------------------------------
    def _table(self, table: exp.Table) -> None:
        if not isinstance(table.this, exp.Identifier):
            self._function_or_stage(table)
            return
        parts = parts_of(table)
        if parts[1] is None and _is_cte(table, parts[2]):
            return
        if parts[1] == INFORMATION_SCHEMA or (parts[1] is None and self.context.schema == INFORMATION_SCHEMA):
            self._information_schema(table, parts)
            return
        found = resolve.relation(self.account, self.context, parts)
        self.account.require(self.context, "SELECT", found)
        self.point(table, found, parts)

    def point(self, table: exp.Table, found: Relation, parts: Parts) -> None:
        """The reference reads that table or view, under the name the statement knows it by."""
        if isinstance(found, View):
            self._view(table, found, parts)
            return
        physical = self.account.physical(self.context.session, found)
        self.bound.reads[parts] = f"{physical}:{found.version}"
        self.bound.tables.add(found.id)
        if found.temporary:
            self.bound.session_bound = True
        redirect(table, physical, temporary=found.temporary)

    def _view(self, table: exp.Table, view: View, parts: Parts) -> None:
        compiled = self.account.views.compiled(self.context.session, view)
        self.bound.tables |= compiled.tables
        if compiled.physical is not None:
            self.bound.reads[parts] = compiled.physical
            redirect(table, compiled.physical)
            return
        self.bound.session_bound = True
        query, registered = self.account.views.inline(self.context.session, view)
        self.bound.registered += registered
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(parts[2], quoted=True))
        if view.named and not alias.args.get("columns"):
            alias.set("columns", [exp.to_identifier(c.name, quoted=True) for c in view.columns])
        inlined = exp.Subquery(this=query, alias=alias, joins=table.args.get("joins"), pivots=table.args.get("pivots"))
        table.replace(inlined)

    def _information_schema(self, table: exp.Table, parts: Parts) -> None:
        parent = resolve.database(self.account, self.context, parts[0])
        rows = self.account.information_schema.table(self.context, parent, parts[2])
        name = self._register(rows)
        keep_alias(table, parts[2])
        table.set("this", exp.to_identifier(name, quoted=True))
        table.set("db", None)
        table.set("catalog", None)

    def _result_scan(self, source: exp.TableFromRows) -> None:
        """TABLE(RESULT_SCAN(…)) is the kept answer of an earlier statement; other functions answer afresh."""
        call = source.this
        result = table_functions.answer(self.account, self.context, call)
        if result is None:
            if not (isinstance(call, exp.Anonymous) and call.name.upper() == "RESULT_SCAN"):
                return
            argument = call.expressions[0]
            results, session = self.account.results, self.context.session
            query_id = argument.name if isinstance(argument, exp.Literal) else results.last_id(session, -1)
            outcome = results.get(query_id or "")
            if outcome is None or outcome.result is None:
                raise SqlError(709, "02000", f"Statement {query_id} not found")
            result = outcome.result
        table = exp.Table(this=exp.to_identifier(self._register(result.arrow()), quoted=True))
        for key in ("alias", "joins"):
            table.set(key, source.args.get(key))
        source.replace(table)

    def _register(self, rows: pa.Table) -> str:
        """The rows can be read under that name by this statement alone."""
        self.bound.session_bound = True
        name = f"r{self.account.catalog.new_id()}"
        self.context.session.duck.register(name, rows)
        self.bound.registered.append(name)
        return name

    def _function_or_stage(self, table: exp.Table) -> None:
        if isinstance(table.this, exp.Var) and table.name.startswith("@"):
            raise unsupported("reading a stage in a query")

    # -- columns ------------------------------------------------------------------------------------------------
    def _column(self, column: exp.Column) -> None:
        if column.name.upper() == "NEXTVAL" and column.table:
            parts = (_text(column.args.get("catalog")), _text(column.args.get("db")), column.table)
            try:
                found = resolve.child(self.account, self.context, Sequence, parts)
            except SqlError:
                return
            self.account.require(self.context, "USAGE", found)
            call = exp.Anonymous(this="nextval", expressions=[exp.Literal.string(f"{ROWS}.main.{found.physical}")])
            self.bound.session_bound = True
            if isinstance(column.parent, exp.Select):
                column.replace(exp.alias_(call, "NEXTVAL", quoted=True))
            else:
                column.replace(call)
            return
        if column.args.get("db"):
            column.set("db", None)
            column.set("catalog", None)


def normalise(expression: Expr, parameters: list[object] | None = None) -> Expr:
    """The expression with IDENTIFIER(…) read and unquoted identifiers in upper case."""
    if expression.find(exp.DynamicIdentifier) or any(
        isinstance(t.this, exp.Anonymous) and t.name.upper() == "IDENTIFIER" for t in expression.find_all(exp.Table)
    ):
        expression = expression.transform(lambda e: transforms.identifier(e, parameters), copy=False)
    for identifier in expression.find_all(exp.Identifier):
        if not identifier.quoted:
            name = identifier.name.upper()
            identifier.set("this", name)
            if name in duck_words():
                identifier.set("quoted", True)
    return expression


@functools.cache
def duck_words() -> frozenset[str]:
    """The words that DuckDB reserves, and Snowflake may not: as names they have to be quoted."""
    query = "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        return frozenset(word for (word,) in connection.execute(query).fetchall())


def parts_of(table: exp.Table) -> Parts:
    """Database, schema and name of a reference; `db..name` means schema PUBLIC."""
    catalog, db = _text(table.args.get("catalog")), table.args.get("db")
    schema = _text(db)
    if db is not None and schema is None and catalog is not None:
        schema = "PUBLIC"
    return catalog, schema, table.name


def redirect(table: exp.Table, physical: str, *, temporary: bool = False, alias: bool = True) -> None:
    """The reference names the anonymous object, and keeps answering to its own name."""
    if alias:
        keep_alias(table, table.name)
    catalog = "temp" if temporary else VIEWS if physical.startswith("v") else ROWS
    table.set("this", exp.to_identifier(physical, quoted=True))
    table.set("db", exp.to_identifier("main"))
    table.set("catalog", exp.to_identifier(catalog))


def keep_alias(table: exp.Table, name: str) -> None:
    """Columns qualified with the reference's own name still find it."""
    alias = table.args.get("alias")
    if alias is None:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    elif alias.this is None:
        alias.set("this", exp.to_identifier(name, quoted=True))


def _text(identifier: Expr | None) -> str | None:
    return identifier.name or None if identifier is not None else None


def _is_cte(table: exp.Table, name: str) -> bool:
    """Whether a WITH around the reference defines the name at that place."""
    node: Expr = table
    while (parent := node.parent) is not None:
        if isinstance(node, exp.CTE) and isinstance(parent, exp.With):
            for cte in parent.expressions:
                if cte is node and not parent.recursive:
                    break
                if cte.alias == name:
                    return True
                if cte is node:
                    break
            # the statement's own WITH has been looked at: go on above the statement
            node = parent.parent or parent
            continue
        with_ = parent.args.get("with_") or parent.args.get("with")
        if with_ is not None and with_ is not node and any(cte.alias == name for cte in with_.expressions):
            return True
        node = parent
    return False
