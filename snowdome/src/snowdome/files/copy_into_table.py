"""COPY INTO a table from a query over staged files: the query is asked of each file.

https://docs.snowflake.com/en/user-guide/data-load-transform
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from snowdome.errors import unsupported
from snowdome.query import staged_files
from snowdome.result import Result
from snowdome.sql.translate import translate
from snowdome.state import run_sql, text_length
from snowdome.state.records import Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.security.resolve import Context
    from snowdome.state.session import Session

COPY = 0x3600
COLUMNS = (
    ("file", "VARCHAR"),
    ("status", "VARCHAR"),
    ("rows_parsed", "NUMBER(38,0)"),
    ("rows_loaded", "NUMBER(38,0)"),
    ("error_limit", "NUMBER(38,0)"),
    ("errors_seen", "NUMBER(38,0)"),
    ("first_error", "VARCHAR"),
    ("first_error_line", "NUMBER(38,0)"),
    ("first_error_character", "NUMBER(38,0)"),
    ("first_error_column_name", "VARCHAR"),
)
NOTHING = (("status", "VARCHAR"),)
_HISTORY = "rows._fs_information_schema._fs_load_history"
_KNOWN = {"FILE_FORMAT", "FORCE", "PURGE", "ON_ERROR", "PATTERN", "FILES"}


def query(expression: exp.Copy) -> exp.Select | None:
    """The query that the COPY loads from, if it does."""
    source = expression.args["files"][0]
    return source.this if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Select) else None


def load(
    account: Account,
    session: Session,
    context: Context,
    expression: exp.Copy,
    select: exp.Select,
    *,
    target: Expr,
    table: Table,
    parameters: Any,
) -> Result:
    """The query's rows are in the table, file by file; what was loaded before is left out unless FORCE is given."""
    options = _options(expression, parameters)
    source = select.args["from_"].this
    form = options.get("FILE_FORMAT", {})
    found = staged_files.find(
        account, context, source.name, pattern=options.get("PATTERN"), file_format=form.pop("FORMAT_NAME", None)
    )
    if names := options.get("FILES"):
        prefix = source.name.partition("/")[2]
        found = found.only([f"{prefix}{name}" for name in names])
    found = found.read_as(form)
    if not found.files:
        return Result(columns=NOTHING, rows=(("Copy executed with 0 files processed.",),), type_id=COPY, affected=0)
    shown: list[tuple[Any, ...]] = []
    for file, short in found.files:
        if not options.get("FORCE") and _loaded(session, table, file):
            shown.append((short, "LOAD_SKIPPED", 0, 0, None, 1, "File was loaded before.", None, None, None))
            continue
        insert = exp.Insert(this=target.copy(), expression=staged_files.over(account, select, found.one(file, short)))
        run_sql.run_expression(account, session, translate(text_length.checked(insert, table)))
        count = run_sql.count(session)
        _remember(session, table, file, count)
        shown.append((short, "LOADED", count, count, 1, 0, None, None, None, None))
        if options.get("PURGE"):
            file.unlink()
    return Result(columns=COLUMNS, rows=shown, type_id=COPY, affected=sum(row[3] for row in shown))


def _options(expression: exp.Copy, parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in expression.args.get("params") or ():
        name, value = parameter.name.upper(), parameter.expression
        if name not in _KNOWN:
            raise unsupported(f"COPY INTO … {name}")
        if name == "FILE_FORMAT":
            found[name] = dict(parse_options(parameter.expressions))
        elif name == "FILES":
            found[name] = [literal.name for literal in parameter.find_all(exp.Literal)]
        elif isinstance(value, exp.Boolean):
            found[name] = value.this
        elif isinstance(value, exp.Placeholder):
            found[name] = str(parameters[-1])
        else:
            found[name] = value.name
    if str(found.get("ON_ERROR", "ABORT_STATEMENT")).upper() != "ABORT_STATEMENT":
        raise unsupported(f"COPY INTO … ON_ERROR = {found['ON_ERROR']}")
    return found


def _loaded(session: Session, table: Table, file: Path) -> bool:
    asked = f"SELECT 1 FROM {_HISTORY} WHERE file_name = ? AND table_name = ? LIMIT 1"
    return session.duck.execute(asked, [_mark(file), f"t{table.id}"]).fetchone() is not None


def _remember(session: Session, table: Table, file: Path, count: int) -> None:
    now = datetime.now(UTC).isoformat()
    values = ["main", _mark(file), f"t{table.id}", now, "LOADED", count, count, None, None, None, None, 0, None]
    session.duck.execute(f"INSERT INTO {_HISTORY} VALUES ({', '.join('?' * len(values))})", values)


def _mark(file: Path) -> str:
    """The file as it is now: one that has changed is another."""
    state = file.stat()
    return f"{file}#{state.st_size}#{state.st_mtime_ns}"
