"""Binds a data statement to the catalog: every name in it becomes the anonymous table it means at this moment.

The caller holds the catalog's lock while binding, so all names of a statement are read from one state of the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import sqlglot
from sqlglot import Expr, exp

from snowdome.errors import SqlError, invalid_identifier, unsupported
from snowdome.query import (
    functions,
    staged_files,
    streams,
    table_functions,
    time_travel,
    time_travel_clause,
)
from snowdome.query import masking as masking_policies
from snowdome.query.bound import Bound, Parts
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql import numeric_scale
from snowdome.state.duckdb_rows import ROWS, VIEWS
from snowdome.state.pipelines import DynamicTable, Stream
from snowdome.state.records import Relation, Sequence, Table, View
from snowdome.usage import usage_schema, views
from snowdome.usage.column_usage import ColumnUsage

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.time_travel import Moment

INFORMATION_SCHEMA = "INFORMATION_SCHEMA"


class Binder:
    """Binds the names of one statement or of one view's query."""

    def __init__(
        self,
        account: Account,
        context: Context,
        moment: Moment | None = None,
        *,
        masking: frozenset[int] = frozenset(),
    ) -> None:
        self.account = account
        self.context = context
        self.moment = moment
        self.masking = masking
        """The masking policies whose expressions are being bound."""
        self.bound = Bound()
        self.column_usage = ColumnUsage()

    def nested(self, context: Context, *, masking: frozenset[int] = frozenset()) -> Binder:
        """Return a binder of names that mean something in that context."""
        return Binder(self.account, context, masking=masking)

    def bind(self, expression: Expr, *, targets: frozenset[int] = frozenset()) -> Expr:
        """The expression with physical names; `targets` are the ids of nodes the caller binds himself."""
        names = list(expression.find_all(exp.Table, exp.TableFromRows, exp.Column, exp.Star, exp.Div, exp.Avg))
        self.column_usage.names(names)
        for table in names:
            if isinstance(table, exp.Table) and id(table) not in targets:
                self._table(table)
        for call in names:
            if isinstance(call, exp.TableFromRows):
                self._result_scan(call)
        if self.context.owner is None and self.context.session.trace is not None:
            self.column_usage.give(self.context.session.trace)
        for column in names:
            if isinstance(column, exp.Column):
                self._column(column)
        if any(isinstance(node, (exp.Div, exp.Avg)) for node in names):
            numeric_scale.fixed(expression, self.bound.columns)
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
        stream = self._stream(parts)
        if stream is not None:
            self._changes(table, stream, parts)
            return
        found = resolve.relation(self.account, self.context, parts)
        self.context.require(self.account, "SELECT", found)
        if isinstance(found, DynamicTable) and found.as_of is None:
            raise not_initialized(found.name)
        moment = self._moment(table)
        if moment is None:
            self.point(table, found, parts)
        else:
            self._past(table, found, parts, moment)

    def _moment(self, table: exp.Table) -> Moment | None:
        """The moment that the reference is about, taken off it; inside a view, that of the view's reference."""
        if table.args.get("changes") is not None:
            raise unsupported("CHANGES (…)")
        clause = table.args.get("when")
        if clause is None:
            return self.moment
        table.set("when", None)
        return time_travel_clause.of(self, str(clause.this), str(clause.args["kind"]), clause.expression)

    def _stream(self, parts: Parts) -> Stream | None:
        """The stream of that name, where no table or view bears it."""
        try:
            schema = resolve.schema(self.account, self.context, parts[0], parts[1])
        except SqlError:
            return None
        if self.account.catalog.occupant(Table, parts[2], schema.id) is not None:
            return None
        hidden = (schema.id, parts[2]) in self.context.session.temporary
        found = None if hidden else self.account.catalog.find(Stream, parts[2], schema.id)
        return found if found is not None and self.context.may_see(self.account, found) else None

    def _changes(self, table: exp.Table, stream: Stream, parts: Parts) -> None:
        """The reference reads what changed in the stream's table since the stream's offset."""
        if table.args.get("when") is not None or self.moment is not None:
            raise unsupported("Time Travel of a stream")
        source = streams.source(self.account, stream)
        for one in (stream, source):
            self.context.require(self.account, "SELECT", one)
        query, meta, offset = streams.query(self.account, self.context.session, stream)
        read = sqlglot.parse_one(query.replace("{meta}", self._register(meta)), read="duckdb")
        self.bound.streams[stream.id] = offset
        self.bound.tables.add(source.id)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(parts[2], quoted=True))
        inner = exp.Subquery(this=read, alias=alias, joins=table.args.get("joins"), pivots=table.args.get("pivots"))
        table.replace(inner)
        masking_policies.cover(self, inner, source)

    def _past(self, table: exp.Table, found: Relation, parts: Parts, moment: Moment) -> None:
        """The reference reads what the table or view held at that moment."""
        self.bound.session_bound = True
        if isinstance(found, View):
            self._inline(table, found, parts, moment)
            return
        self.bound.tables.add(found.id)
        query = sqlglot.parse_one(time_travel.query(self.account, found, moment), read="duckdb")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(parts[2], quoted=True))
        read = exp.Subquery(this=query, alias=alias, joins=table.args.get("joins"), pivots=table.args.get("pivots"))
        table.replace(read)
        masking_policies.cover(self, read, found)

    def point(self, table: exp.Table, found: Relation, parts: Parts) -> None:
        """The reference reads that table or view, under the name the statement knows it by."""
        self.column_usage.relation(found, table.alias_or_name)
        if isinstance(found, View):
            self._view(table, found, parts)
            return
        physical = self.account.physical(self.context.session, found)
        self.bound.reads[parts] = f"{physical}:{found.version}"
        self.bound.tables.add(found.id)
        self.bound.columns[physical] = {column.name: column.type for column in found.columns}
        if found.temporary:
            self.bound.session_bound = True
        redirect(table, physical, temporary=found.temporary)
        masking_policies.cover(self, table, found)

    def _view(self, table: exp.Table, view: View, parts: Parts) -> None:
        schema = usage_schema.is_usage(self.account.catalog, view)
        if schema is not None:
            self._usage(table, view, schema)
            return
        compiled = self.account.views.compiled(self.context.session, view)
        self.bound.tables |= compiled.tables
        self.column_usage.behind(compiled.bases)
        if compiled.physical is not None:
            self.bound.columns[compiled.physical] = {column.name: column.type for column in view.columns}
            self.bound.reads[parts] = compiled.physical
            redirect(table, compiled.physical)
            masking_policies.cover(self, table, view)
            return
        self._inline(table, view, parts, None)

    def _inline(self, table: exp.Table, view: View, parts: Parts, moment: Moment | None) -> None:
        """The view's query stands in place of the reference."""
        self.bound.session_bound = True
        query, registered = self.account.views.inline(self.context.session, view, moment)
        self.bound.registered += registered
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(parts[2], quoted=True))
        names: list[Expr] = [exp.to_identifier(c.name, quoted=True) for c in view.columns] if view.named else []
        if names and not alias.args.get("columns"):
            alias.set("columns", [name.copy() for name in names])
        inlined = exp.Subquery(this=query, alias=alias, joins=table.args.get("joins"), pivots=table.args.get("pivots"))
        table.replace(inlined)
        masking_policies.cover(self, inlined, view, names)

    def _usage(self, table: exp.Table, view: View, schema: str) -> None:
        """The reference reads one of SNOWFLAKE's usage views, as the clock says it is now."""
        names = views.relation(self.account, self.context.session, schema, view)
        self.bound.registered += names
        self.bound.tables.add(view.id)
        self.bound.session_bound = True
        self.column_usage.named.pop()  # access_history does not say who read usage views
        keep_alias(table, view.name)
        table.set("this", exp.to_identifier(names[-1], quoted=True))
        table.set("db", None)
        table.set("catalog", None)

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
        result = table_functions.answer(self, call)
        if result is None:
            if not (isinstance(call, exp.Anonymous) and call.name.upper() == "RESULT_SCAN"):
                return
            argument = call.expressions[0]
            results, session = self.account.results, self.context.session
            query_id = argument.name if isinstance(argument, exp.Literal) else results.last_id(session, -1)
            outcome = results.get(query_id or "", session)
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
        if not isinstance(table.this, (exp.Var, exp.Literal)) or not table.name.startswith("@"):
            return
        self.bound.session_bound = True
        select = table.find_ancestor(exp.Select)
        table.replace(staged_files.relation(self.account, self.context, table))
        if select is not None:
            staged_files.number(select)

    # -- columns ------------------------------------------------------------------------------------------------
    def _column(self, column: exp.Column) -> None:
        if column.name.upper() == "NEXTVAL" and column.table:
            parts = (_text(column.args.get("catalog")), _text(column.args.get("db")), column.table)
            try:
                found = resolve.child(self.account, self.context, Sequence, parts)
            except SqlError:
                select = column.find_ancestor(exp.Select)
                if select is not None and not select.args.get("from_"):
                    raise invalid_identifier(resolve.dotted(*parts, "NEXTVAL")) from None
                return
            self.context.require(self.account, "USAGE", found)
            # without the database: a column's default with it could not be copied to a snapshot's
            call = exp.Anonymous(this="nextval", expressions=[exp.Literal.string(f"main.{found.physical}")])
            self.bound.session_bound = True
            if isinstance(column.parent, exp.Select):
                column.replace(exp.alias_(call, "NEXTVAL", quoted=True))
            else:
                column.replace(call)
            return
        if column.args.get("db"):
            column.set("db", None)
            column.set("catalog", None)


def not_initialized(name: str) -> SqlError:
    """The refusal to read a dynamic table before its first refresh."""
    return SqlError(
        2803,
        "55000",
        f"SQL compilation error:\nDynamic Table '{name}' is not initialized. Please run a manual refresh or wait for "
        "a scheduled refresh before querying.",
    )


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
