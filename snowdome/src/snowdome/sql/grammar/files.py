"""PUT, LIST, GET and REMOVE: what is done with the files of a stage.

https://docs.snowflake.com/en/sql-reference/sql/list, …/put, …/get, …/remove. Their places are no SQL
tokens (`file:///tmp/*` has no comment in it), so the statement's text is read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.options import Options, Reader, boolean, choice, integer, text
from snowdome.sql.grammar.tokens import first_word, syntax_error, unescape

MOST_PARALLEL = 99


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a stage: `stage` as written behind the @, quotes included, and a path that files begin with."""

    stage: str
    path: str
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ListFiles:
    """LIST place."""

    place: Place


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """REMOVE place."""

    place: Place


@dataclass(frozen=True, slots=True)
class GetFiles:
    """GET place into a folder of the client's machine."""

    place: Place
    folder: str
    parallel: int


@dataclass(frozen=True, slots=True)
class PutFiles:
    """PUT files of the client's machine into a place, or into one that is bound (`place` None)."""

    source: str
    place: Place | None
    parallel: int
    auto_compress: bool
    overwrite: bool
    source_compression: str


FileStatement = ListFiles | RemoveFiles | GetFiles | PutFiles
VERBS: Mapping[str, type[FileStatement]] = {
    "PUT": PutFiles,
    "LIST": ListFiles,
    "LS": ListFiles,
    "REMOVE": RemoveFiles,
    "RM": RemoveFiles,
    "GET": GetFiles,
}
_PARALLEL = integer(1, MOST_PARALLEL)
_PATTERN: Mapping[str, Reader] = {"PATTERN": text}
COMPRESSIONS = ("GZIP", "BZ2", "BROTLI", "ZSTD", "DEFLATE", "RAW_DEFLATE", "PARQUET", "ORC", "NONE")
OPTIONS: Mapping[type[FileStatement], Options] = {
    ListFiles: Options("LIST", _PATTERN),
    RemoveFiles: Options("REMOVE", _PATTERN),
    GetFiles: Options("GET", {**_PATTERN, "PARALLEL": _PARALLEL}),
    PutFiles: Options(
        "PUT",
        {
            "PARALLEL": _PARALLEL,
            "AUTO_COMPRESS": boolean,
            "OVERWRITE": boolean,
            "SOURCE_COMPRESSION": choice("AUTO_DETECT", *COMPRESSIONS, synonyms={"AUTO": "AUTO_DETECT"}),
        },
    ),
}
_PLACE = re.compile(r"""'@((?:[^'\\]|\\.|'')*)'|@((?:"(?:[^"]|"")*"|[^\s"';])+)""", re.DOTALL)
_FOLDER = re.compile(r"'file://((?:[^'\\]|\\.|'')*)'|file://([^\s;']+)", re.IGNORECASE)
_BOUND = re.compile(r"\s+\?")
_GAP = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
_PATH = re.compile(r"""((?:"(?:[^"]|"")*"|[^/"])+)(?:/(.*))?""", re.DOTALL)


def parse(sql: str) -> FileStatement | None:
    """The statement, or None where the text is of another kind."""
    verb = first_word(sql)
    if verb not in VERBS:
        return None
    kind = VERBS[verb]
    at = sql.upper().index(verb) + len(verb)
    if kind is PutFiles:
        source, at = _take(sql, at, _FOLDER)
        bound = _BOUND.match(sql, at)
        written, at = (None, bound.end()) if bound else _take(sql, at, _PLACE)
        return _put(source, written, _options(sql, at, kind))
    written, at = _take(sql, at, _PLACE)
    folder, at = _take(sql, at, _FOLDER) if kind is GetFiles else ("", at)
    options = _options(sql, at, kind)
    place = located(written, options.get("PATTERN"))
    if kind is GetFiles:
        return GetFiles(place, folder, options.get("PARALLEL", 10))
    return RemoveFiles(place) if kind is RemoveFiles else ListFiles(place)


def _put(source: str, written: str | None, options: dict[str, Any]) -> PutFiles:
    return PutFiles(
        source,
        None if written is None else located(written),
        options.get("PARALLEL", 4),
        options.get("AUTO_COMPRESS", True),
        options.get("OVERWRITE", False),
        str(options.get("SOURCE_COMPRESSION", "AUTO_DETECT")).lower(),
    )


def located(written: str, pattern: str | None = None) -> Place:
    """The place that is written so behind the @."""
    found = _PATH.fullmatch(written)
    if found is None:
        raise syntax_error(written, 0, f"@{written}")
    return Place(found.group(1), found.group(2) or "", pattern)


def _take(sql: str, at: int, wanted: re.Pattern[str]) -> tuple[str, int]:
    gap = _GAP.match(sql, at)
    found = wanted.match(sql, gap.end()) if gap else None
    if found is None:
        start = gap.end() if gap else at
        raise syntax_error(sql, start, (sql[start:].split() or ["<EOF>"])[0])
    quoted, bare = found.groups()
    return unescape(quoted) if bare is None else bare, found.end()


def _options(sql: str, at: int, kind: type[FileStatement]) -> dict[str, Any]:
    cursor = Cursor(" " * at + sql[at:])
    found = OPTIONS[kind].read(cursor)
    cursor.end()
    return dict(found)
