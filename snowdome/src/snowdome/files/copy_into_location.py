"""COPY INTO a location: a query's rows as files of a stage.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-location
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesnow.transforms import stage
from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from snowdome import errors
from snowdome.errors import unsupported
from snowdome.result import Result
from snowdome.security import resolve, stage_location
from snowdome.security.resolve import Context
from snowdome.sql.grammar.tokens import quote_string
from snowdome.state.records import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

    from snowdome.query.account import Account
    from snowdome.state.session import Session

UNLOAD = 0x3000 + 0x800
ENDINGS = {"CSV": ".csv", "PARQUET": ".parquet", "JSON": ".json"}
CODECS = {"GZIP": ("gzip", ".gz"), "AUTO": ("gzip", ".gz"), "ZSTD": ("zstd", ".zst"), "NONE": ("none", "")}
SNAPPY = {"AUTO": "snappy", "SNAPPY": "snappy", "NONE": "uncompressed"}
COUNTS = ("rows_unloaded", "input_bytes", "output_bytes")


def source(expression: exp.Copy) -> Expr:
    """The query whose rows are unloaded."""
    found = expression.args["files"][0]
    if isinstance(found, exp.Subquery):
        query: Expr = found.this
        return query.copy()
    return exp.select("*").from_(found.copy())


def unload(account: Account, session: Session, expression: exp.Copy, found: Result) -> Result:
    """The rows are in one file under the location."""
    if not isinstance(expression.this, exp.Table) or not expression.this.name.startswith("@"):
        raise unsupported("COPY INTO a location that is not a stage")
    given = {p.name.upper(): p for p in expression.args.get("params") or ()}
    if unknown := set(given) - {"FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE", "DETAILED_OUTPUT"}:
        raise unsupported(f"COPY INTO a location … {min(unknown)}")
    name, _, path = expression.this.name[1:].partition("/")
    context = Context.of(session)
    options = _format(account, context, name, given.get("FILE_FORMAT"))
    kind = str(options.get("TYPE", "CSV")).upper()
    if kind not in ENDINGS:
        raise unsupported(f"COPY INTO a location as {kind}")
    storage = stage_location.storage(account, session, name, "WRITE")
    root = Path(stage.internal_dir(f"{stage_location.CATALOG}.{stage_location.SCHEMA}.{storage}"))
    file = root / (path if _true(given.get("SINGLE")) else f"{path}data_0_0_0{_ending(kind, options)}")
    if file.exists() and not _true(given.get("OVERWRITE")):
        raise errors.invalid(
            "Files already existing at the unload destination. Use overwrite option to force unloading.", 1030
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = found.arrow()
    _write(session, rows, file, kind, options, header=_true(given.get("HEADER")))
    counts = (rows.num_rows, rows.nbytes, file.stat().st_size)
    return Result(
        columns=tuple((n, "NUMBER(38,0)") for n in COUNTS), rows=(counts,), type_id=UNLOAD, affected=counts[0]
    )


def _write(session: Session, rows: pa.Table, file: Path, kind: str, options: dict[str, Any], *, header: bool) -> None:
    session.duck.register("unloaded", rows)
    compression = str(options.get("COMPRESSION", "AUTO")).upper()
    try:
        written = [f"FORMAT {kind.lower()}"]
        if kind == "PARQUET":
            written.append(f"COMPRESSION {_known(SNAPPY, compression)}")
        else:
            written.append(f"COMPRESSION {_known(CODECS, compression)[0]}")
        if kind == "CSV":
            quote = str(options.get("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE"))
            null = options.get("NULL_IF", ["\\N"])
            written += [
                f"HEADER {str(header).lower()}",
                f"DELIMITER {quote_string(str(options.get('FIELD_DELIMITER', ',')))}",
                f"QUOTE {quote_string('' if quote.upper() == 'NONE' else quote)}",
                f"NULLSTR {quote_string(str(null[0]) if isinstance(null, list) and null else str(null or ''))}",
            ]
        session.duck.execute(f"COPY unloaded TO {quote_string(str(file))} ({', '.join(written)})")
    finally:
        session.duck.unregister("unloaded")


def _known(codecs: dict[str, Any], name: str) -> Any:
    if name not in codecs:
        raise unsupported(f"COMPRESSION = {name}")
    return codecs[name]


def _ending(kind: str, options: dict[str, Any]) -> str:
    compression = str(options.get("COMPRESSION", "AUTO")).upper()
    if kind == "PARQUET":
        return ".snappy.parquet" if _known(SNAPPY, compression) == "snappy" else ".parquet"
    return f"{ENDINGS[kind]}{_known(CODECS, compression)[1]}"


def _format(account: Account, context: Context, name: str, given: exp.CopyParameter | None) -> dict[str, Any]:
    if given is None:
        return stage_location.options(account, context, name)
    options: dict[str, Any] = parse_options(given.expressions)
    if (named := options.pop("FORMAT_NAME", None)) is not None:
        found = resolve.child(account, context, FileFormat, stage_location.named(str(named)))
        return {**found.options, **options}
    return options


def _true(parameter: exp.CopyParameter | None) -> bool:
    return parameter is not None and parameter.expression is not None and parameter.expression.sql().upper() == "TRUE"
