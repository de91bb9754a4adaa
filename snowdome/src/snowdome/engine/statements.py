"""The account statements of Snowflake, folded from the kinds of objects; what is not known is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from snowdome.engine import comments, describe, show
from snowdome.errors import unsupported
from snowdome.objects import KINDS
from snowdome.objects.grants import statements as grants
from snowdome.objects.kind import Creator, Kind, Reader
from snowdome.objects.sessions import statements as sessions
from snowdome.sql.grammar import calls
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.tokens import Kind as Token
from snowdome.sql.grammar.tokens import first_word
from snowdome.sql.grammar.variables import filled

T = TypeVar("T")
VERBS: Mapping[str, Callable[[Kind], Reader | None]] = {
    "ALTER": lambda kind: kind.alter,
    "DROP": lambda kind: kind.drop,
    "UNDROP": lambda kind: kind.undrop,
}


class Statements:
    """The account statements on some kinds of objects."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self.creators: Mapping[str, Creator] = {
            name: kind.create for name, kind in self.kinds.items() if kind.create is not None
        }
        self.readers: Mapping[str, Mapping[str, Reader]] = {
            verb: {name: reader for name, kind in self.kinds.items() if (reader := of(kind)) is not None}
            for verb, of in VERBS.items()
        }
        """By verb and kind."""
        described = partial(describe.read, kinds=self.kinds)
        self.whole: Mapping[str, Reader] = {
            "CALL": calls.call,
            "GRANT": grants.grant,
            "REVOKE": grants.revoke,
            "SHOW": partial(show.read, kinds=self.kinds),
            "DESCRIBE": described,
            "DESC": described,
            "USE": sessions.use,
            "COMMENT": partial(comments.read, kinds=self.kinds),
        }
        """By verb, where it is about no kind of object or about any."""
        self.verbs = frozenset(self.whole) | frozenset(self.readers) | {"CREATE", "EXECUTE"}

    def parse(self, sql: str, variables: Mapping[str, str] | None = None) -> object | None:
        """Return the account statement that the text is, or None where it is a data statement.

        `variables` are the session's, as literals; without them `$name` stays as it is. Raises SqlError for an account
        statement that is wrong, and names what is not supported.
        """
        verb = first_word(sql)
        if verb not in self.verbs:
            return None
        if variables is not None and "$" in sql:
            sql = filled(sql, variables)
        cursor = Cursor(sql)
        cursor.take()
        if verb == "CREATE":
            return self._create(cursor)
        if verb in self.readers:
            _, reader = _by_kind(cursor, verb, self.readers[verb])
            return reader(cursor)
        if verb == "EXECUTE":
            return self._execute(cursor)
        return self.whole[verb](cursor)

    def _create(self, cursor: Cursor) -> object | None:
        how = How.PLAIN
        if cursor.accept("OR"):
            how = How.OR_REPLACE if cursor.expect_any("REPLACE", "ALTER") == "REPLACE" else How.OR_ALTER
        words: set[str] = set()
        while found := cursor.accept_any(*vocabulary.MODIFIERS):
            words.add(found)
        name, creator = _by_kind(cursor, "CREATE", self.creators)
        if not words <= self.kinds[name].modifiers:
            raise cursor.unexpected()
        return creator(cursor, how, frozenset(words))

    def _execute(self, cursor: Cursor) -> object | None:
        """Return the EXECUTE of an object; EXECUTE IMMEDIATE is for the data side, any other is refused by name."""
        for name, kind in self.kinds.items():
            if kind.execute is not None and cursor.accept(*name.split()):
                return kind.execute(cursor)
        if not cursor.sees("IMMEDIATE"):
            raise unsupported(f"EXECUTE {cursor.peek().value}")
        return None


def _by_kind(cursor: Cursor, verb: str, known: Mapping[str, T]) -> tuple[str, T]:
    """Return the longest kind that is written here, taken, with its reader; one without a reader is refused by name."""
    for length in (3, 2, 1):
        words = [cursor.peek(i).value for i in range(length)]
        kind = " ".join(words)
        if (kind in known or kind in vocabulary.KNOWN) and cursor.accept(*words):
            if kind not in known:
                raise unsupported(f"{verb} {kind}")
            return kind, known[kind]
    if cursor.peek().kind is Token.WORD and cursor.peek(1).text == ".":
        raise unsupported(f"{verb} {cursor.name()}")
    raise cursor.unexpected()


STATEMENTS = Statements(KINDS)
parse = STATEMENTS.parse
