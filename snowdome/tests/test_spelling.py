"""Every statement of the corpus, spelled in other ways that mean the same: it is read as the same statement.

Blanks, lines and comments between any two words; upper and lower case; names quoted where they need not be; strings
between dollars; properties in any order; a closing semicolon. What the account side reads is compared as the statement
it becomes, what the data side reads as its tree, and what is refused must be refused with the same number.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import snowdome
from snowdome.engine import statements
from snowdome.engine.statements import parse
from snowdome.errors import SqlError
from snowdome.objects.grants.privileges import PRIVILEGES
from snowdome.query.identifiers import normalise
from snowdome.sql.grammar.tokens import Kind, Token, tokens
from snowdome.sql.parse import parse as parse_data

CORPUS = Path(__file__).parent / "corpus"
PACKAGE = Path(snowdome.__file__).parent
GRAMMAR = [
    file for name in ("sql/grammar", "objects", "engine", "warehouses") for file in (PACKAGE / name).rglob("*.py")
]
NOISE = (" ", "\n", "\r\n\t", "/* note */", '/* it\'s "odd" ; */ ', " -- note; 'x\n", " // note\n", "  \n\n ")


def corpus() -> list[str]:
    """Every statement of the corpus, those that prepare included, once."""
    found: dict[str, None] = {}
    for file in sorted(CORPUS.glob("*.yml")):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            prepare = case.get("prepare") or []
            for text in [*([prepare] if isinstance(prepare, str) else prepare), case["sql"]]:
                found[text] = None
    return list(found)


STATEMENTS = corpus()
KEYWORDS = frozenset(
    word
    for text in [
        *(t for file in GRAMMAR for t in re.findall(r'"([A-Z_][A-Z0-9_ -]*)"', file.read_text("utf-8"))),
        *(privilege for some in PRIVILEGES.values() for privilege in some),
    ]
    for word in re.split(r"[ .-]", text)
)
"""The words that the grammar knows: any other is a name."""


def written(sql: str) -> list[Token]:
    """The statement's tokens without its end and closing semicolon."""
    found = [token for token in tokens(sql) if token.kind is not Kind.END]
    return found[:-1] if found and found[-1].text == ";" else found


def meaning(sql: str) -> object:
    """What the statement is read as."""
    try:
        statement = parse(sql)
        if statement is None:
            tree = normalise(parse_data(None, sql))
            for node in tree.walk():
                node.pop_comments()
            return plain(tree.sql(dialect="snowflake", comments=False))
    except SqlError as problem:
        return problem.errno, problem.sqlstate
    return type(statement).__name__, plain(statement)


def plain(value: Any) -> Any:
    """The statement as values that compare whatever the order of properties and the spacing of kept text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name != "text"]  # the statement as written
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        items = [plain(item) for item in value]
        pairs = bool(value) and all(isinstance(item, tuple) and len(item) == 2 for item in value)
        return sorted(items, key=repr) if pairs else items
    if isinstance(value, str):
        try:
            return " ".join(t.value if t.kind is not Kind.STRING else repr(t.value) for t in written(value))
        except SqlError:
            return value
    return value


def joined(parts: Sequence[str], gaps: Sequence[str]) -> str:
    """The words with those gaps between; at least a blank where two words would become one."""
    text = parts[0]
    for (before, after), gap in zip(pairwise(parts), gaps, strict=True):
        touching = not gap and re.match(r"[\w$\"']", after) and re.search(r"[\w$\"']$", before)
        text += (" " if touching else gap) + after
    return text


# -- the ways to spell --------------------------------------------------------------------------------------------
def spaced(found: list[Token], random: Random) -> list[str]:
    """The gaps between the tokens: none where there was none in a dotted name or number, else anything."""
    return [
        random.choice(NOISE) if before.stop != after.start or random.random() < 0.2 else ""
        for before, after in pairwise(found)
    ]


def cased(token: Token, random: Random) -> str:
    """The word in another case."""
    if token.kind is not Kind.WORD:
        return token.text
    return random.choice((token.text.upper(), token.text.lower(), token.text.title(), token.text.swapcase()))


def quoted(token: Token, random: Random) -> str:
    """A name between quotes, a string between dollars."""
    if token.kind is Kind.WORD and token.value not in KEYWORDS and "$" not in token.value and random.random() < 0.7:
        return f'"{token.value}"'
    if token.kind is Kind.STRING and "$" not in token.value and token.text.startswith("'") and random.random() < 0.5:
        return f"$${token.value}$$"
    return token.text


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(STATEMENTS), st.randoms(use_true_random=False))
def test_spacing_comments_and_case_change_nothing(sql: str, random: Random) -> None:
    """However the statement is written and whatever case its words are in, it is the same statement."""
    found = written(sql)
    if not found:
        return
    lead, tail = random.choice((*NOISE, "")), random.choice(("", ";", " ;\n", " -- end", "; /* end */", "\n;\n-- x\n"))
    text = lead + joined([cased(token, random) for token in found], spaced(found, random)) + tail
    assert meaning(text) == meaning(sql), text


READ = [sql for sql in STATEMENTS if isinstance(found := meaning(sql), tuple) and isinstance(found[0], str)]
"""The statements that the account side reads and does not refuse."""


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(READ), st.randoms(use_true_random=False))
def test_quotes_change_nothing(sql: str, random: Random) -> None:
    """A name between quotes in upper case is the bare name; a string between dollars is the string."""
    found = written(sql)
    if not found:
        return
    inside = next((at for at, token in enumerate(found) if token.value in ("AS", "WHEN", "->")), len(found))
    words = [quoted(token, random) if at < inside else token.text for at, token in enumerate(found)]
    text = joined(words, [" " if before.stop != after.start else "" for before, after in pairwise(found)])
    assert meaning(text) == meaning(sql), text


def properties(found: list[Token]) -> list[list[Token]] | None:
    """The statement cut before each property outside brackets: what comes before, the properties, what comes behind."""
    pieces: list[list[Token]] = [[]]
    tail: list[Token] = []
    depth = 0
    for at, (token, after) in enumerate(pairwise([*found, Token(Kind.END, "", "", 0)])):
        if depth == 0 and len(pieces) > 1 and token.value in ("AS", "WHEN", "AFTER"):
            tail = found[at:]
            break
        if depth == 0 and token.kind is Kind.WORD and token.value in KEYWORDS and after.text == "=":
            pieces.append([])
        pieces[-1].append(token)
        depth += {"(": 1, ")": -1}.get(token.text, 0)
    return [*pieces, tail] if len(pieces) > 2 else None


ORDERED = [
    sql
    for sql in READ
    if properties(written(sql)) is not None and not re.search(r"(?i)\btriggers\b|\btag\b|->|\bunset\b", sql)
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ORDERED), st.randoms(use_true_random=False))
def test_properties_come_in_any_order(sql: str, random: Random) -> None:
    """The order of properties does not matter."""
    pieces = properties(written(sql))
    assert pieces is not None
    head, *rest, tail = pieces
    bare = [piece[:-1] if piece[-1].text == "," else piece for piece in rest]
    random.shuffle(bare)
    text = " ".join(token.text for piece in [head, *bare, tail] for token in piece)
    assert meaning(text) == meaning(" ".join(token.text for piece in pieces for token in piece)), text


@pytest.mark.parametrize("verb", ["alter", "drop"])
def test_if_exists_stands_behind_every_kind(verb: str) -> None:
    """ALTER and DROP of any kind of the corpus take IF EXISTS, and mean the same but for that."""
    for sql in STATEMENTS:
        found = written(sql)
        as_read = meaning(sql)
        words = [token.value for token in found]
        if words[:1] != [verb.upper()] or not isinstance(as_read, tuple) or not isinstance(as_read[0], str):
            continue
        fields = as_read[1]
        if "if_exists" not in fields or fields["if_exists"] or fields.get("name") is None:
            continue
        kind = max(
            (k for k in statements.STATEMENTS.readers[verb.upper()] if words[1 : 1 + len(k.split())] == k.split()),
            key=len,
        )
        at = 1 + len(kind.split())
        text = " ".join(t.text for t in found[:at]) + " if exists " + sql[found[at].start :]
        assert meaning(text) == (as_read[0], fields | {"if_exists": True}), text
