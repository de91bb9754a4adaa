"""Files in stages, read as rows: SELECT … FROM @stage and INFER_SCHEMA.

https://docs.snowflake.com/en/user-guide/querying-stage
https://docs.snowflake.com/en/sql-reference/functions/infer_schema
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from fakesnow import copy_into as loader
from fakesnow.transforms import stage
from sqlglot import exp

from snowdome import errors, types
from snowdome.errors import SqlError, unsupported
from snowdome.result import Result
from snowdome.security import resolve, stage_location
from snowdome.security.resolve import Context
from snowdome.state.records import FileFormat

if TYPE_CHECKING:
    from snowdome.query.account import Account

_SPLIT = re.compile(r'((?:"(?:[^"]|"")*"|[^"/])+)/?(.*)', re.DOTALL)
_NESTED = ("STRUCT", "MAP")
_METADATA = ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")
INFERRED = (
    ("COLUMN_NAME", "VARCHAR"),
    ("TYPE", "VARCHAR"),
    ("NULLABLE", "BOOLEAN"),
    ("EXPRESSION", "VARCHAR"),
    ("FILENAMES", "VARCHAR"),
    ("ORDER_ID", "NUMBER(38,0)"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Files of a stage: where they lie, and what their stage calls them."""

    files: tuple[tuple[Path, str], ...]
    options: dict[str, Any]

    @property
    def kind(self) -> str:
        """CSV, PARQUET, JSON …."""
        return str(self.options.get("TYPE", "CSV")).upper()

    def only(self, names: list[str]) -> Found:
        """The files of these names alone."""
        return replace(self, files=tuple((file, short) for file, short in self.files if short in names))

    def one(self, file: Path, short: str) -> Found:
        """One of the files."""
        return replace(self, files=((file, short),))

    def read_as(self, options: dict[str, Any]) -> Found:
        """The files, read with these options on top."""
        return replace(self, options={**self.options, **options})


def find(
    account: Account, context: Context, location: str, *, pattern: str | None = None, file_format: str | None = None
) -> Found:
    """The files whose names begin with the location's path and fit the pattern, and how they are to be read."""
    parts = _SPLIT.fullmatch(location.strip().removeprefix("@"))
    if parts is None:
        raise SqlError(1011, "42601", f"SQL compilation error:\ninvalid URL prefix found in: '{location}'")
    name, path = parts[1], parts[2]
    physical = stage_location.storage(account, context.session, name)
    root = Path(stage.internal_dir(f"{stage_location.CATALOG}.{stage_location.SCHEMA}.{physical}"))
    wanted = re.compile(pattern) if pattern else None
    files = (
        [(file, str(file.relative_to(root))) for file in sorted(root.rglob("*")) if file.is_file()]
        if root.is_dir()
        else []
    )
    chosen = tuple(
        (file, short) for file, short in files if short.startswith(path) and (not wanted or wanted.fullmatch(short))
    )
    return Found(chosen, _options(account, context, name, file_format))


def relation(account: Account, context: Context, table: exp.Table) -> exp.Subquery:
    """The rows of the files that a FROM clause names, a column `$n` for each of theirs."""
    pattern, given = table.args.get("pattern"), table.args.get("format")
    found = find(
        account,
        context,
        table.name,
        pattern=pattern.name if pattern is not None else None,
        file_format=given.name if given is not None else None,
    )
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("@", quoted=True))
    query = sqlglot.parse_one(rows_sql(account, found), read="duckdb")
    return exp.Subquery(this=query, alias=alias, joins=table.args.get("joins"))


def rows_sql(account: Account, found: Found) -> str:
    """DuckDB's query for the files' rows: `$1` and so on, and what Snowflake says of each row's place."""
    if not found.files:
        empty = ", ".join(f'NULL::VARCHAR AS "${n}"' for n in range(1, 10))
        return f'SELECT {empty}, NULL::VARCHAR AS "{_METADATA[0]}", NULL::BIGINT AS "{_METADATA[1]}" WHERE false'
    parts = []
    for file, short in found.files:
        source = _source(file, found)
        columns = _columns(account, source, found.kind)
        place = short.replace("'", "''")
        parts.append(
            f'SELECT {columns}, \'{place}\' AS "{_METADATA[0]}", row_number() OVER () AS "{_METADATA[1]}" FROM {source}'
        )
    return " UNION ALL BY NAME ".join(parts)


def over(account: Account, select: exp.Select, found: Found) -> exp.Select:
    """The query, asked of these files; a Parquet file's columns keep their types."""
    changed = select.copy()
    table = changed.args["from_"].this
    if found.kind == "PARQUET":
        for extract in list(changed.find_all(exp.JSONExtract)):
            keys = [part for part in extract.expression.expressions if isinstance(part, exp.JSONPathKey)]
            if isinstance(extract.this, exp.Parameter) and len(keys) == len(extract.expression.expressions) - 1 == 1:
                extract.replace(exp.column(exp.to_identifier(str(keys[0].this), quoted=True)))
    number(changed)
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("@", quoted=True))
    query = sqlglot.parse_one(rows_sql(account, found), read="duckdb")
    changed.args["from_"].set("this", exp.Subquery(this=query, alias=alias))
    return changed


def infer_schema(account: Account, context: Context, function: exp.Anonymous) -> Result:
    """The columns that the files have, in Snowflake's types."""
    given = {a.this.name.upper(): a.expression.name for a in function.expressions if isinstance(a, exp.Kwarg)}
    if set(given) - {"LOCATION", "FILE_FORMAT", "IGNORE_CASE"} or not {"LOCATION", "FILE_FORMAT"} <= set(given):
        raise unsupported(f"INFER_SCHEMA({', '.join(sorted(given))})")
    found = find(account, context, given["LOCATION"], file_format=given["FILE_FORMAT"])
    if found.kind not in ("PARQUET", "CSV"):
        raise unsupported(f"INFER_SCHEMA of {found.kind} files")
    if not found.files:
        raise errors.invalid(f"no files found in '{given['LOCATION']}'", 100139, "42601")
    columns: dict[str, tuple[str, list[str]]] = {}
    for file, short in found.files:
        for name, duck_type in _described(account, _typed_source(file, found)):
            columns.setdefault(name, (types.from_duck(duck_type), []))[1].append(short)
    shown = [
        (name, kind, True, _expression(found.kind, name, place, kind), ",".join(files), place)
        for place, (name, (kind, files)) in enumerate(columns.items())
    ]
    return Result(columns=INFERRED, rows=shown)


def _expression(kind: str, name: str, place: int, declared: str) -> str:
    return f"$1:{name}::{declared}" if kind == "PARQUET" else f"${place + 1}::{declared}"


def _options(account: Account, context: Context, name: str, file_format: str | None) -> dict[str, Any]:
    """The options of the file format named, or else of the stage."""
    if file_format is not None:
        found = resolve.child(account, context, FileFormat, stage_location.named(file_format))
        return dict(found.options)
    return stage_location.options(account, context, name)


def _source(file: Path, found: Found) -> str:
    url = escape(str(file))
    match found.kind:
        case "PARQUET":
            return str(loader.ReadParquet().read_expression(url).sql(dialect="duckdb"))
        case "JSON":
            return str(loader.ReadJSON().read_expression(url).sql(dialect="duckdb"))
        case "CSV":
            options = {k: v for k, v in found.options.items() if k != "PARSE_HEADER"}
            try:
                text = loader.handle_csv(options).read_expression(url).sql(dialect="duckdb")
            except NotImplementedError as problem:
                raise unsupported(f"reading a stage with {problem}") from problem
            return f"{text.removesuffix(')')}, all_varchar=true, null_padding=true)"
        case kind:
            raise unsupported(f"reading {kind} files")


def _typed_source(file: Path, found: Found) -> str:
    """The file with DuckDB's own guess at the types of a CSV file's columns."""
    if found.kind == "PARQUET":
        return _source(file, found)
    header = "true" if found.options.get("PARSE_HEADER") else "false"
    delimiter = str(found.options.get("FIELD_DELIMITER", ",")).replace("'", "''")
    return f"read_csv('{str(file).replace(chr(39), chr(39) * 2)}', header={header}, delim='{delimiter}')"


def _columns(account: Account, source: str, kind: str) -> str:
    described = _described(account, source)
    names = [name for name, _ in described]
    if kind == "CSV":
        return ", ".join(f'"{name}" AS "${place}"' for place, name in enumerate(names, 1))
    if kind == "JSON":
        return f'"{names[0]}"::JSON AS "$1"'
    own = ", ".join(_value(name, kind) for name, kind in described)
    fields = ", ".join("'" + name.replace("'", "''") + "', \"" + name.replace('"', '""') + '"' for name in names)
    return f'{own}, json_object({fields}) AS "$1"'


def _value(name: str, duck_type: str) -> str:
    """A Parquet file's column; a nested one is a semi-structured value."""
    quoted = '"' + name.replace('"', '""') + '"'
    return f"to_json({quoted}) AS {quoted}" if duck_type.endswith("]") or duck_type.startswith(_NESTED) else quoted


def _described(account: Account, source: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in account.duck.run(f"DESCRIBE SELECT * FROM {source}")]


def number(select: exp.Select) -> None:
    """The query's `$1` and `t.$1` are the columns of the files' rows."""
    for parameter in list(select.find_all(exp.Parameter)):
        if not parameter.name.isdigit():
            continue
        name = exp.to_identifier(f"${parameter.name}", quoted=True)
        if isinstance(parameter.parent, exp.Column):
            parameter.replace(name)
        else:
            parameter.replace(exp.column(name))
    for column in select.find_all(exp.Column):
        if column.name.upper() in _METADATA:
            column.set("this", exp.to_identifier(column.name.upper(), quoted=True))
