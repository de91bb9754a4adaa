"""How many digits a quotient and an average have: DuckDB answers a floating number, Snowflake one of fixed point.

https://docs.snowflake.com/en/sql-reference/operators-arithmetic: a quotient has six digits more behind the point than
its numerator, at most twelve. https://docs.snowflake.com/en/sql-reference/functions/avg: an average likewise, and
three more as a window function. What the operands are is read off the bound statement; where that does not say it,
the answer stays a floating number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import Expr, exp

from snowdome.types import base, numbers

MOST = 38
Columns = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number of fixed point: its digits before and behind the point."""

    leading: int
    scale: int

    @property
    def type(self) -> exp.DataType:
        """DuckDB's type for it."""
        return exp.DataType.build(f"DECIMAL({min(MOST, self.leading + self.scale)}, {self.scale})", dialect="duckdb")


WHOLE = Fixed(MOST, 0)
COUNTED = Fixed(18, 0)
_COUNTS = (exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Length, exp.DateDiff, exp.ApproxDistinct)
_SAME = (exp.Paren, exp.Neg, exp.Abs, exp.Min, exp.Max, exp.AnyValue, exp.Distinct, exp.Lag, exp.Lead, exp.FirstValue)
_WIDEST = (exp.Mod, exp.Coalesce, exp.Greatest, exp.Least)


def fixed(expression: Expr, tables: Mapping[str, Columns]) -> None:
    """Quotients and averages of fixed-point numbers are such numbers; `tables` are the columns of anonymous tables."""
    if expression.find(exp.Div, exp.Avg) is None:
        return
    reader = _Reader(tables)
    for node in reversed(list(expression.find_all(exp.Div, exp.Avg))):
        whole: Expr = node
        while isinstance(whole.parent, (exp.Filter, exp.WithinGroup)) or (
            isinstance(whole.parent, exp.Window) and whole.parent.this is whole
        ):
            whole = whole.parent
        found = reader.of(whole)
        if found is not None and not _is_cast(whole, found):
            placeholder = exp.Null()
            whole.replace(placeholder)
            inner = exp.Paren(this=whole) if isinstance(whole, exp.Div) else whole
            placeholder.replace(exp.Cast(this=inner, to=found.type))


def _is_cast(node: Expr, found: Fixed) -> bool:
    """Whether a view's own binding has already said it."""
    outer = node.parent.parent if isinstance(node.parent, exp.Paren) else node.parent
    return isinstance(outer, exp.Cast) and outer.to == found.type


class _Reader:
    """Reads off a bound statement what kind of number an expression is."""

    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = tables

    def of(self, node: Expr | None) -> Fixed | None:  # noqa: C901, PLR0911 (one line per kind of expression)
        """The expression's digits; None where it is a floating number, no number, or unknown."""
        match node:
            case exp.Literal():
                return None if node.is_string else literal(str(node.this))
            case exp.Cast():
                return declared(node.to)
            case exp.Column():
                return self._column(node)
            case exp.Subquery() if isinstance(node.this, exp.Select) and len(node.this.expressions) == 1:
                return self.of(node.this.expressions[0])
            case exp.Alias():
                return self.of(node.this)
            case exp.Case() | exp.If():
                return self._branches(node)
            case _ if isinstance(node, _COUNTS):
                return COUNTED
            case _ if isinstance(node, _SAME):
                inner = node.this if not isinstance(node, exp.Distinct) else node.expressions[0]
                return self.of(inner)
            case _ if isinstance(node, _WIDEST):
                return widest([self.of(part) for part in (node.this, *_others(node))])
            case exp.Nullif():
                return self.of(node.this)
            case _:
                return self._made(node)

    def _made(self, node: Expr | None) -> Fixed | None:  # noqa: PLR0911 (one line per kind of expression)
        """The digits of sums, products, quotients and aggregates."""
        if isinstance(node, (exp.Window, exp.Filter, exp.WithinGroup)):
            inner = node.this
            if isinstance(node, exp.Window) and isinstance(inner, exp.Avg):
                return _average(self.of(inner.this), 3)
            return self.of(inner)
        if isinstance(node, exp.Avg):
            return _average(self.of(node.this), 6)
        if isinstance(node, exp.Sum):
            found = self.of(node.this)
            return Fixed(MOST - found.scale, found.scale) if found is not None else None
        if isinstance(node, exp.Round):
            return self._rounded(node)
        if not isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
            return None
        left, right = self.of(node.this), self.of(node.expression)
        if left is None or right is None:
            return None
        if isinstance(node, exp.Mul):
            scale = min(left.scale + right.scale, max(left.scale, right.scale, 12))
            return Fixed(left.leading + right.leading, scale)
        if isinstance(node, exp.Div):
            return Fixed(left.leading + right.scale, max(left.scale, min(left.scale + 6, 12)))
        return Fixed(max(left.leading, right.leading) + 1, max(left.scale, right.scale))

    def _rounded(self, node: exp.Round) -> Fixed | None:
        found, digits = self.of(node.this), node.args.get("decimals")
        if found is None or not (digits is None or digits.is_int):
            return None
        wanted = 0 if digits is None else max(0, int(digits.to_py()))
        return Fixed(found.leading + 1, min(found.scale, wanted))

    def _branches(self, node: Expr) -> Fixed | None:
        found = [branch.args.get("true") for branch in node.args.get("ifs") or [node]]
        found.append(node.args.get("default") or node.args.get("false"))
        return widest([self.of(b) for b in found if b is not None and not isinstance(b, exp.Null)])

    # -- columns ------------------------------------------------------------------------------------------------
    def _column(self, column: exp.Column) -> Fixed | None:
        select = column.find_ancestor(exp.Select)
        while select is not None:
            for source in _sources(select):
                if not column.table or source.alias_or_name == column.table:
                    known = self._in(source, column.name)
                    if known is not False:
                        return known if isinstance(known, Fixed) else None
            select = select.find_ancestor(exp.Select)
        return None

    def _in(self, source: Expr, name: str) -> Fixed | bool | None:
        """The column of that name in the source: False where it is not there, None where it is no such number."""
        if isinstance(source, exp.Table):
            columns = self._tables.get(source.name)
            if columns is not None:
                return stored(columns[name]) if name in columns else False
            cte = _cte(source)
            return self._projected(cte.this, name) if cte is not None else None
        return self._projected(source.this, name) if isinstance(source, exp.Subquery) else None

    def _projected(self, query: Expr, name: str) -> Fixed | bool | None:
        while isinstance(query, exp.SetOperation):
            query = query.this
        if not isinstance(query, exp.Select):
            return None
        for projection in query.expressions:
            if projection.alias_or_name == name:
                return self.of(projection)
            if projection.is_star:
                return next((f for s in _sources(query) if (f := self._in(s, name)) is not False), False)
        return False


def literal(text: str) -> Fixed | None:
    """A number as it is written."""
    whole, _, part = text.partition(".")
    if not (whole + part).isdigit():
        return None
    return Fixed(max(1, len(whole.lstrip("0"))), len(part))


def declared(kind: exp.DataType) -> Fixed | None:
    """A type named in a cast."""
    if kind.this in exp.DataType.INTEGER_TYPES:
        return WHOLE
    if kind.this != exp.DataType.Type.DECIMAL:
        return None
    sizes = [int(size.name) for size in kind.find_all(exp.DataTypeParam)]
    if not sizes:
        return WHOLE
    scale = sizes[1] if len(sizes) > 1 else 0
    return Fixed(sizes[0] - scale, scale)


def stored(kind: str) -> Fixed | None:
    """A column's type."""
    if base(kind) != "NUMBER":
        return None
    precision, scale = numbers(kind)
    return Fixed((precision or MOST) - (scale or 0), scale or 0)


def widest(found: list[Fixed | None]) -> Fixed | None:
    """Room for all of them."""
    known = [one for one in found if one is not None]
    if len(known) < len(found) or not known:
        return None
    return Fixed(max(one.leading for one in known), max(one.scale for one in known))


def _average(found: Fixed | None, more: int) -> Fixed | None:
    if found is None:
        return None
    scale = max(found.scale, min(found.scale + more, 12))
    return Fixed(MOST - scale, scale)


def _others(node: Expr) -> list[Expr]:
    return [*node.expressions, *([node.args["expression"]] if node.args.get("expression") is not None else [])]


def _sources(select: exp.Select) -> list[Expr]:
    found = select.args.get("from_")
    return [*([found.this] if found is not None else []), *(join.this for join in select.args.get("joins") or ())]


def _cte(table: exp.Table) -> exp.CTE | None:
    node: Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            if cte.alias == table.name:
                return cte  # type: ignore[no-any-return]
        node = node.parent
    return None
