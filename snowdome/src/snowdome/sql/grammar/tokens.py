"""Words, names, strings, numbers and signs of a Snowflake statement, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from snowdome.errors import SqlError


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `value` is what it means (name folded, string unescaped), `text` what was written."""

    kind: Kind
    value: str
    text: str
    start: int

    @property
    def stop(self) -> int:
        """The offset just behind the token."""
        return self.start + len(self.text)


# One alternative per kind of lexeme; the group that matched names it.
_LEXEME = re.compile(
    r"""
      (?P<space>   \s+ | --[^\n]* | //[^\n]* | /\*.*?\*/ )
    | (?P<word>    [A-Za-z_][A-Za-z0-9_$]* )
    | (?P<quoted>  "(?:[^"]|"")*" )
    | (?P<string>  '(?:[^'\\]|''|\\.)*' )
    | (?P<dollar>  \$\$.*?\$\$ )
    | (?P<number>  (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_]) | \d[A-Za-z0-9_]* )
    | (?P<sign>    => | -> | :: | != | <> | <= | >= | \|\| | [^\s] )
    """,
    re.VERBOSE | re.DOTALL,
)

_SPACE = re.compile(r"(?:\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_ESCAPE = re.compile(r"''|\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")


def first_word(sql: str) -> str:
    """The first word of a statement in upper case, comments passed over; empty if it does not start with one."""
    space = _SPACE.match(sql)
    found = _WORD.match(sql, space.end() if space else 0)
    return found.group().upper() if found else ""


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a statement, made as they are asked for; the last one is END."""
    at = 0
    while found := _LEXEME.match(sql, at):
        at = found.end()
        text = found.group()
        match found.lastgroup:
            case "space":
                continue
            case "word":
                yield Token(Kind.WORD, text.upper(), text, found.start())
            case "quoted":
                yield Token(Kind.QUOTED, text[1:-1].replace('""', '"'), text, found.start())
            case "string":
                yield Token(Kind.STRING, unescape(text[1:-1]), text, found.start())
            case "dollar":
                yield Token(Kind.STRING, text[2:-2], text, found.start())
            case "number":
                yield Token(Kind.NUMBER, text, text, found.start())
            case _:
                yield _sign(sql, text, found.start())
    yield Token(Kind.END, "", "", len(sql))


def _sign(sql: str, text: str, start: int) -> Token:
    if text in "'\"" or sql.startswith(("$$", "/*"), start):
        raise syntax_error(sql, start, "<EOF>")
    return Token(Kind.SIGN, text, text, start)


def unescape(body: str) -> str:
    """The value of a single-quoted string from what stands between its quotes."""

    def one(found: re.Match[str]) -> str:
        mark = found.group(1)
        if mark is None:
            return "'"
        if mark[0] in "ux" and len(mark) > 1:
            return chr(int(mark[1:], 16))
        if mark.isdigit() and mark[0] in "01234567":
            return chr(int(mark, 8))
        return _ESCAPES.get(mark, mark)

    return _ESCAPE.sub(one, body) if "'" in body or "\\" in body else body


def quote_string(value: str) -> str:
    """A single-quoted literal that reads back as `value`."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def quote_identifier(name: str) -> str:
    """The name as an identifier that reads back as itself: bare where Snowflake would fold it to itself."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def place(sql: str, offset: int) -> tuple[int, int]:
    """Line (from 1) and position (from 0) of an offset, as Snowflake counts them."""
    return sql.count("\n", 0, offset) + 1, offset - (sql.rfind("\n", 0, offset) + 1)


def syntax_error(sql: str, offset: int, unexpected: str) -> SqlError:
    """Snowflake's 001003 for a token that may not stand where it does."""
    line, position = place(sql, offset)
    message = f"SQL compilation error:\nsyntax error line {line} at position {position} unexpected '{unexpected}'."
    return SqlError(1003, "42000", message)
