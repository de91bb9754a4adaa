"""Views: kept as they were written, read at the moment of use.

What DuckDB sees is a compiled copy whose names are anonymous tables. The copy is used for as long as every name in the
view still means what it meant when the copy was made; a swap, a rename or a rebuild of a table makes the next reader
compile anew. So a view with a three-part name reads whatever bears that name now, as in Snowflake.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
from fakesnow.dialect import parse_one
from sqlglot import Expr, exp
from sqlglot.errors import ParseError

from snowdome.errors import SqlError
from snowdome.query import masking
from snowdome.query.binder import Binder
from snowdome.query.bound import Compiled
from snowdome.query.identifiers import normalise
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql import semistructured
from snowdome.sql.translate import translate
from snowdome.state import run_sql
from snowdome.state.duckdb_rows import qualified
from snowdome.state.error_mapping import from_duckdb
from snowdome.state.records import Database, Schema, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.query.time_travel import Moment
    from snowdome.state.session import Session


@contextmanager
def _expanding(view: View) -> Iterator[None]:
    """What the view reads and is not there is missing inside the view: 002037, with what is missing."""
    try:
        yield
    except SqlError as problem:
        if problem.errno not in (2003, 2037):
            raise
        words = f"SQL compilation error:\nFailure during expansion of view '{view.name}': {problem.message}"
        raise SqlError(2037, "42601", words) from problem


class Views:
    """The compiled copies of the account's views."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._compiled: dict[int, Compiled] = {}
        self._parsed: dict[tuple[int, int], Expr] = {}
        self._made = 0

    def compiled(self, session: Session, view: View) -> Compiled:
        """The view as DuckDB has it, right for this moment."""
        known = self._compiled.get(view.id)
        with _expanding(view):
            if known is not None and self._holds(session, view, known):
                return known
            fresh = self._compile(session, view)
        self._compiled[view.id] = fresh
        if known is not None and known.physical is not None and known.physical != fresh.physical:
            self._account.duck.retire(known.physical)
        return fresh

    def inline(self, session: Session, view: View, moment: Moment | None = None) -> tuple[Expr, list[str]]:
        """The view's query bound for this session (as of the moment), and what was registered for it."""
        binder = Binder(self._account, self.context(session, view), moment)
        with _expanding(view):
            query = binder.bind(self._query(view))
            self._check_width(session, view, query)
        return query, binder.bound.registered

    def _check_width(self, session: Session, view: View, query: Expr) -> None:
        """A view whose `*` has come to mean more or fewer columns than it was made with cannot be read (002057)."""
        if not isinstance(query, exp.Query) or not query.is_star:
            return
        run_sql.run_expression(self._account, session, run_sql.no_rows(translate(query.copy())))
        found = len(run_sql.columns(session.duck))
        if found != len(view.columns):
            schema = self._account.catalog.get(Schema, view.parent)
            raise SqlError(
                2057,
                "42601",
                f"SQL compilation error:\nView definition for '{resolve.full_name(self._account, schema)}.{view.name}' "
                f"declared {len(view.columns)} column(s), but view query produces {found} column(s).",
            )

    def describe(self, session: Session, view: View) -> tuple[tuple[str, str], ...]:
        """The names and types of the columns of the view's query."""
        binder = Binder(self._account, self.context(session, view))
        try:
            query = binder.bind(self._query(view))
            known = semistructured.kinds(query, binder.bound.columns)
            run_sql.run_expression(self._account, session, run_sql.no_rows(translate(query)))
            return semistructured.refined(run_sql.columns(session.duck), known)
        finally:
            session.unregister(binder.bound.registered)
            self._parsed.pop((view.id, view.version), None)

    def context(self, session: Session, view: View) -> Context:
        """Where the view's names are looked up: in its own schema, with its owner's rights."""
        schema = self._account.catalog.get(Schema, view.parent)
        database = self._account.catalog.get(Database, schema.parent)
        return Context(session, database.name, schema.name, view.owner)

    def _query(self, view: View) -> Expr:
        key = (view.id, view.version)
        if key not in self._parsed:
            try:
                self._parsed[key] = normalise(parse_one(view.query))
            except ParseError as problem:
                raise SqlError(1003, "42000", f"SQL compilation error:\n{problem}") from None
        return self._parsed[key].copy()

    def _holds(self, session: Session, view: View, known: Compiled) -> bool:
        if known.version != view.version or known.driven != self._account.clock.driven:
            return False
        context = self.context(session, view)
        for parts, meant in known.reads.items():
            found = resolve.relation(self._account, context, parts)
            context.require(self._account, "SELECT", found)
            if isinstance(found, View):
                now = self.compiled(session, found).physical
            else:
                now = f"{found.physical}:{found.version}"
            if now != meant or masking.on(self._account, found):
                return False
        return True

    def _compile(self, session: Session, view: View) -> Compiled:
        binder = Binder(self._account, self.context(session, view))
        query = binder.bind(self._query(view))
        bound = binder.bound
        self._check_width(session, view, query)
        physical = None
        if bound.session_bound:
            session.unregister(bound.registered)
        else:
            self._made += 1
            physical = f"v{view.id}_{self._made}"
            self._create(physical, view, query)
        return Compiled(
            view.version,
            bound.reads,
            frozenset(bound.tables),
            binder.column_usage.base_columns(),
            physical,
            driven=self._account.clock.driven,
        )

    def _create(self, physical: str, view: View, query: Expr) -> None:
        columns = ""
        if view.named:
            names = ", ".join(exp.to_identifier(c.name, quoted=True).sql(dialect="duckdb") for c in view.columns)
            columns = f"({names})"
        body = translate(query).sql(dialect="duckdb")
        try:
            self._account.duck.run(f"CREATE VIEW {qualified(physical)} {columns} AS {body}")
        except duckdb.Error as problem:
            raise from_duckdb(self._account, problem) from problem
