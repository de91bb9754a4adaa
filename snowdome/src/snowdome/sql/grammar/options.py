"""Properties of objects: tables of name → how its value is read, and one reader for all of them, in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from snowdome.errors import unsupported
from snowdome.sql.grammar.cursor import Cursor, duplicate_property, invalid_property, invalid_value
from snowdome.sql.grammar.tokens import Kind

Value = str | int | float | bool | tuple[str, ...] | None
Settings = tuple[tuple[str, Value], ...]
Reader = Callable[[Cursor, str], Value]


@dataclass(frozen=True, slots=True)
class Options:
    """The properties of one kind of object: those served, and those of Snowflake that are refused by name."""

    kind: str
    readers: Mapping[str, Reader]
    refused: frozenset[str] = field(default=frozenset())

    def without(self, *names: str) -> Options:
        """The same properties except these."""
        kept = {name: reader for name, reader in self.readers.items() if name not in names}
        return Options(self.kind, kept, self.refused)

    def read(self, cursor: Cursor, *stops: str) -> Settings:
        """Properties up to the end of the statement or one of the stop words; each at most once."""
        found: dict[str, Value] = {}
        while not cursor.ended and not cursor.sees_any(*stops):
            name = self.name(cursor)
            if name in found:
                raise duplicate_property(name, self.kind)
            cursor.expect("=")
            found[name] = self.readers[name](cursor, name)
            cursor.accept(",")
        return tuple(found.items())

    def read_some(self, cursor: Cursor, *stops: str) -> Settings:
        """As `read`, and at least one."""
        if cursor.ended:
            raise cursor.unexpected()
        return self.read(cursor, *stops)

    def name(self, cursor: Cursor) -> str:
        """The name of a property of this kind, taken."""
        token = cursor.peek()
        if token.kind is not Kind.WORD:
            raise cursor.unexpected()
        if token.value in self.refused:
            raise unsupported(f"{self.kind} property {token.value}")
        if token.value not in self.readers:
            raise invalid_property(token.value, self.kind)
        return cursor.take().value

    def names(self, cursor: Cursor) -> tuple[str, ...]:
        """Names of properties to unset, commas between them optional, up to the end."""
        found = [self.name(cursor)]
        while not cursor.ended:
            cursor.accept(",")
            found.append(self.name(cursor))
        return tuple(found)


def boolean(cursor: Cursor, name: str) -> bool:
    """TRUE or FALSE, bare or quoted."""
    token = cursor.take()
    if token.kind in (Kind.WORD, Kind.STRING) and token.value.upper() in ("TRUE", "FALSE"):
        return token.value.upper() == "TRUE"
    raise invalid_value(token.value, name)


def text(cursor: Cursor, name: str) -> str:
    """A string literal."""
    if cursor.peek().kind is not Kind.STRING:
        raise invalid_value(cursor.peek().text, name)
    return cursor.take().value


def remark(cursor: Cursor, name: str) -> str:
    """A comment: a string literal, or NULL for none, as SnowDDL writes it to Snowflake."""
    return "" if cursor.accept("NULL") else text(cursor, name)


def word_or_text(cursor: Cursor, name: str) -> str:
    """A string literal, or an identifier standing for its own name."""
    if cursor.peek().kind not in (Kind.STRING, Kind.WORD, Kind.QUOTED):
        raise invalid_value(cursor.peek().text, name)
    return cursor.take().value


def object_name(cursor: Cursor, name: str) -> str | None:
    """The name of one account object, folded; a string is read as written in upper case; NULL means none."""
    if cursor.accept("NULL"):
        return None
    token = cursor.peek()
    if token.kind is Kind.STRING:
        return cursor.take().value.upper()
    if token.kind not in (Kind.WORD, Kind.QUOTED):
        raise invalid_value(token.text, name)
    return cursor.identifier()


def dotted_name(cursor: Cursor, name: str) -> str | None:
    """A dotted name kept as SQL text that reads back as itself; a string is its own name; NULL means none."""
    if cursor.accept("NULL"):
        return None
    if cursor.peek().kind is Kind.STRING:
        inner = Cursor(cursor.take().value)
        found = inner.name()
        inner.end()
        return found.sql
    if cursor.peek().kind not in (Kind.WORD, Kind.QUOTED):
        raise invalid_value(cursor.peek().text, name)
    return cursor.name().sql


def integer(least: int, most: int | None = None, *, null: bool = False) -> Reader:
    """A reader of whole numbers between two bounds; optionally NULL too."""

    def read(cursor: Cursor, name: str) -> int | None:
        if null and cursor.accept("NULL"):
            return None
        start = cursor.offset
        sign = -1 if cursor.accept("-") else 1
        token = cursor.take()
        if token.kind not in (Kind.NUMBER, Kind.STRING) or not token.value.isdecimal():
            raise invalid_value(cursor.sql[start : token.stop], name)
        value = sign * int(token.value)
        if value < least or (most is not None and value > most):
            raise invalid_value(value, name)
        return value

    return read


def number(cursor: Cursor, name: str) -> int | float | None:
    """A number that is not negative; NULL means none."""
    if cursor.accept("NULL"):
        return None
    start = cursor.offset
    if cursor.accept("-"):
        raise invalid_value(f"-{cursor.peek().text}", name)
    token = cursor.take()
    try:
        value = float(token.value) if token.kind is Kind.NUMBER else None
    except ValueError:
        value = None
    if value is None:
        raise invalid_value(cursor.sql[start : token.stop], name)
    return int(value) if value.is_integer() else value


def choice(*values: str, bare: bool = True, synonyms: Mapping[str, str] | None = None) -> Reader:
    """A reader of one of these values, quoted or (by default) bare; synonyms are folded to the value."""
    folded = {value: value for value in values} | dict(synonyms or {})

    def read(cursor: Cursor, name: str) -> str:
        token = cursor.peek()
        kinds = (Kind.STRING, Kind.WORD) if bare else (Kind.STRING,)
        if token.kind not in kinds or token.value.upper() not in folded:
            raise invalid_value(token.text.strip("'"), name)
        return folded[cursor.take().value.upper()]

    return read


def name_list(cursor: Cursor, name: str) -> tuple[str, ...]:
    """A bracketed list of names or strings, possibly empty."""
    if not cursor.sees("("):
        raise invalid_value(cursor.peek().text, name)
    return cursor.bracketed(lambda: word_or_text(cursor, name))
