"""A place in a statement's tokens, and the small steps a parser takes from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from snowdome.errors import SqlError, invalid, several_statements, unsupported
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind, Token, syntax_error, tokens

T = TypeVar("T")


class Cursor:
    """Reads a statement token by token; every wrong token is a Snowflake syntax error at its place."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._source = tokens(sql)
        self._seen: list[Token] = []
        self._at = 0

    # -- looking -------------------------------------------------------------------------------------------------
    def peek(self, ahead: int = 0) -> Token:
        """The token `ahead` places from here, without taking it."""
        while len(self._seen) <= self._at + ahead:
            if self._seen and self._seen[-1].kind is Kind.END:
                return self._seen[-1]
            self._seen.append(next(self._source))
        return self._seen[self._at + ahead]

    def sees(self, *words: str) -> bool:
        """Whether exactly these unquoted words (or signs) come next."""
        return all(self._is(self.peek(i), word) for i, word in enumerate(words))

    def sees_any(self, *words: str) -> bool:
        """Whether the next token is one of these unquoted words."""
        return any(self._is(self.peek(), word) for word in words)

    @staticmethod
    def _is(token: Token, word: str) -> bool:
        return token.kind in (Kind.WORD, Kind.SIGN) and token.value == word

    @property
    def ended(self) -> bool:
        """Whether the statement is over (a closing semicolon does not count)."""
        return self.peek().kind is Kind.END or (self.sees(";") and self.peek(1).kind is Kind.END)

    @property
    def offset(self) -> int:
        """Where the next token starts in the text."""
        return self.peek().start

    # -- taking --------------------------------------------------------------------------------------------------
    def take(self) -> Token:
        """The next token, taken."""
        token = self.peek()
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def back_to(self, at: int) -> None:
        """Return to a `mark`."""
        self._at = at

    @property
    def mark(self) -> int:
        """This place, to come back to."""
        return self._at

    def accept(self, *words: str) -> bool:
        """Take these words if all of them come next."""
        if not self.sees(*words):
            return False
        self._at += len(words)
        return True

    def accept_any(self, *words: str) -> str | None:
        """Take the next word if it is one of these, and say which."""
        return self.take().value if self.sees_any(*words) else None

    def expect(self, *words: str) -> None:
        """Take these words; anything else is a syntax error."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def expect_any(self, *words: str) -> str:
        """Take one of these words; anything else is a syntax error."""
        found = self.accept_any(*words)
        if found is None:
            raise self.unexpected()
        return found

    def end(self) -> None:
        """The statement is over; anything more is a syntax error."""
        if not self.ended:
            raise self.unexpected()

    # -- values --------------------------------------------------------------------------------------------------
    def identifier(self) -> str:
        """One identifier."""
        token = self.peek()
        if token.kind not in (Kind.WORD, Kind.QUOTED) or not token.value:
            raise self.unexpected()
        self._at += 1
        return token.value

    def name(self, most: int = 3) -> Name:
        """A dotted name of at most `most` parts; `db..table` means schema PUBLIC; IDENTIFIER('…') is read too."""
        if self.sees("IDENTIFIER", "("):
            return self._identifier_call(most)
        parts = [self.identifier()]
        while self.accept("."):
            parts.append("PUBLIC" if self.sees(".") and len(parts) == 1 else self.identifier())
        if len(parts) > most:
            raise self.unexpected()
        return Name(tuple(parts))

    def _identifier_call(self, most: int) -> Name:
        self.expect("IDENTIFIER", "(")
        token = self.take()
        if token.kind is Kind.SIGN and token.value in "$:?":
            raise unsupported(f"IDENTIFIER({token.value}…) with a variable in an account statement")
        if token.kind is not Kind.STRING:
            raise syntax_error(self.sql, token.start, token.text)
        inner = Cursor(token.value)
        name = inner.name(most)
        inner.end()
        self.expect(")")
        return name

    def string(self) -> str:
        """A string literal."""
        if self.peek().kind is not Kind.STRING:
            raise self.unexpected()
        return self.take().value

    def number_text(self) -> str:
        """A number as written, its sign included."""
        sign = "-" if self.accept("-") else ""
        if self.peek().kind is not Kind.NUMBER:
            raise self.unexpected()
        return sign + self.take().value

    def integer(self) -> int:
        """A whole number."""
        text = self.number_text()
        try:
            return int(text)
        except ValueError:
            self._at -= 1
            raise self.unexpected() from None

    def listed(self, item: Callable[[], T]) -> tuple[T, ...]:
        """Items separated by commas, at least one."""
        items = [item()]
        while self.accept(","):
            items.append(item())
        return tuple(items)

    def bracketed(self, item: Callable[[], T]) -> tuple[T, ...]:
        """Items in brackets, possibly none."""
        self.expect("(")
        if self.accept(")"):
            return ()
        items = self.listed(item)
        self.expect(")")
        return items

    def text_until(self, stop: Callable[[], bool]) -> str:
        """The text as written up to where `stop` says so outside brackets, its tokens taken."""
        start = end = self.offset
        depth = 0
        while not self.ended and (depth > 0 or not stop()):
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind is Kind.SIGN else 0
            end = token.stop
        if depth:
            raise self.unexpected()
        return self.sql[start:end]

    def rest(self) -> str:
        """Everything that is left, as written."""
        return self.text_until(lambda: False)

    # -- refusing ------------------------------------------------------------------------------------------------
    def unexpected(self) -> SqlError:
        """Snowflake's syntax error for the next token, or its refusal of several statements where one is due."""
        token = self.peek()
        if self.sees("->", ">"):
            return unsupported("->> (a statement that reads the answer of the one before)")
        if self.sees(";") and self._at > 0 and self.peek(1).kind is not Kind.END:
            return several_statements(1 + self._statements_after())
        return syntax_error(self.sql, token.start, token.text or "<EOF>")

    def _statements_after(self) -> int:
        """How many statements follow the next token, a semicolon."""
        found, ahead = 0, 0
        while self.peek(ahead).kind is not Kind.END:
            follows = self.peek(ahead + 1)
            starts = follows.kind is not Kind.END and not self._is(follows, ";")
            found += self._is(self.peek(ahead), ";") and starts
            ahead += 1
        return found


def invalid_value(value: object, parameter: str) -> SqlError:
    """Snowflake's 001008 for a value that a property may not have."""
    return invalid(f"invalid value [{value}] for parameter '{parameter}'")


def invalid_property(name: str, kind: str) -> SqlError:
    """Snowflake's 001420 for a property that this kind of object does not have."""
    return invalid(f"invalid property '{name}' for '{kind}'", 1420)


def duplicate_property(name: str, kind: str) -> SqlError:
    """The refusal of a property that is given twice."""
    return invalid(f"duplicate property '{name}' specified for '{kind}'", 1425)
