"""What a log keeps of a statement: passwords, secrets, tokens and private keys are blotted out.

Snowflake shows such values in the query history as smileys; so does the log here, and every history made from it.
Statements that only read or change rows hold data, not secrets: of those only private keys are blotted out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from snowdome.sql.grammar.tokens import first_word

BLOT = "'☺☺☺☺'"
ROWS_ONLY = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TRUNCATE", "SHOW"})
_GAP = r"(?:\s|/\*.*?\*/|--[^\n]*+(?:\n|\Z)|//[^\n]*+(?:\n|\Z))*+"
_QUOTED = r"''[^']+''|'(?:[^'\\]|''|\\.)*+(?:'|\Z)|\$\$.*?(?:\$\$|\Z)"
_BARE = r"""(?!NULL\b)(?:"(?:[^"]|"")*+"|[\w.+/$-]+)"""
_NAME = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET(?:_KEY|_STRING)?|TOKEN|PRIVATE_KEY|MASTER_KEY|API_KEY)(?![\w$])\"?"
)
_VALUE = re.compile(
    rf"{_GAP}(?:(?:=>|:=|=){_GAP}(?P<given>{_QUOTED}|{_BARE})|(?P<bare>{_QUOTED}))", re.DOTALL | re.IGNORECASE
)
_KEY = re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(?:-----END[A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_LONGEST_NAME = 80


def redacted(sql: str) -> str:
    """The statement without its secrets; one that holds none is returned as it is."""
    if "PRIVATE KEY-----" in sql:
        sql = _KEY.sub("☺☺☺☺", sql)
    text, done = "", 0
    for start, stop in _secrets(sql):
        text += sql[done:start] + BLOT
        done = stop
    return text + sql[done:] if done else sql


def without_secrets(message: str, sql: str) -> str:
    """A message about the statement, such as a syntax error that quotes it, without the statement's secrets."""
    for start, stop in _secrets(sql):
        value = sql[start:stop]
        for written in (value, value.strip("'$\"")):
            if written:
                message = message.replace(written, "☺☺☺☺")
    return _KEY.sub("☺☺☺☺", message)


def _secrets(sql: str) -> Iterator[tuple[int, int]]:
    """Where the values of secret properties stand."""
    if first_word(sql) in ROWS_ONLY:
        return
    done, upper = 0, sql.upper()
    if len(upper) != len(sql):  # letters whose upper case is two
        upper = "".join(letter.upper() if letter.isascii() else letter for letter in sql)
    for name in _NAME.finditer(upper):
        if name.start() < done or not _is_whole(sql, name.start()):
            continue
        value = _VALUE.match(sql, name.end())
        if value is not None:
            group = "given" if value["given"] is not None else "bare"
            done = value.end(group)
            yield value.start(group), done


def _is_whole(sql: str, at: int) -> bool:
    """Whether a word ends there that is the secret's name, alone or behind an underscore (AWS_TOKEN)."""
    before = re.search(r"[\w$]*\Z", sql[max(0, at - _LONGEST_NAME) : at])
    prefix = before.group().upper() if before is not None else ""
    return not prefix or (prefix.endswith("_") and "$" not in prefix and prefix != "MUST_CHANGE_")
