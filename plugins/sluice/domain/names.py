"""Names: how they are checked, quoted, made and read back."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.errors import SpecError

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
"""A name that Snowflake takes without quotes."""
WRITTEN_NAME = re.compile(r'"([^"]|"")+"|[^\s"]([^"]*[^\s"])?')
"""A name as people write it, for forms: nearly all that `Identifier.parse` takes, and all of that."""
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
DEPLOYMENT_ID = re.compile(r"d(\d{8}t\d{6})-([0-9a-f]{6})")
_CANDIDATE = "__C_"
_RETAINED = "__R_"
_LONGEST = 255
LONGEST_DATABASE = 225
"""Characters of a live database's name: what is put behind it for candidates and retained databases has to fit too."""


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One Snowflake name, exactly as the account keeps it; `.sql` is always safe to put into a statement."""

    name: str

    @classmethod
    def parse(cls, text: str, what: str = "name") -> Identifier:
        """Return the name that a person means by `text`, or refuse it.

        Letters, digits, `_` and `$` alone: as Snowflake takes them unquoted, in capitals. In double quotes: exactly
        what is between them, a doubled quote being one. Anything else, with dashes, spaces or dots: as it is written.
        """
        if not isinstance(text, str) or not text:
            raise _refuse_name("a name has at least one character", what, text)
        if not text.isprintable():
            raise _refuse_name("a name has no line breaks, tabs or characters that cannot be seen", what, text)
        if text != text.strip():
            raise _refuse_name("a name neither begins nor ends with a space, unless in double quotes", what, text)
        if PLAIN_NAME.fullmatch(text):
            name = text.upper()
        elif quoted := _QUOTED.fullmatch(text):
            name = quoted[1].replace('""', '"')
        elif '"' in text:
            raise _refuse_name("a double quote within a name is doubled, and the whole is in double quotes", what, text)
        else:
            name = text
        if len(name) > _LONGEST:
            raise _refuse_name(f"a name has at most {_LONGEST} characters, this one has {len(name)}", what, text)
        return cls(name)

    @classmethod
    def unquoted(cls, text: str, what: str = "name") -> Identifier:
        """Return the name that Snowflake makes of `text` without quotes, or refuse it: for SQL that others write."""
        if not isinstance(text, str) or not PLAIN_NAME.fullmatch(text) or len(text) > _LONGEST:
            raise _refuse_name(
                "a name is a letter or underscore, then letters, digits, underscores or dollar signs (at most 255)",
                what,
                text,
            )
        return cls(text.upper())

    @classmethod
    def from_account(cls, raw: str) -> Identifier:
        """Return a name read from the account, character for character."""
        return cls(raw)

    @property
    def sql(self) -> str:
        """The quoted form, whatever the name holds."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def needs_quotes(self) -> bool:
        """Whether the name cannot be written without quotes: `olist-dev`, `olist`; not `OLIST`."""
        return not (PLAIN_NAME.fullmatch(self.name) and self.name == self.name.upper())

    @property
    def written(self) -> str:
        """The name as a file, a connection or a log-in says it: in quotes only if it needs them; `parse` reads it."""
        return self.sql if self.needs_quotes else self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, order=True)
class Qualified:
    """A name with the containers it lies in."""

    database: Identifier
    schema: Identifier | None = None
    name: Identifier | None = None

    @classmethod
    def of(cls, *parts: str | Identifier) -> Qualified:
        """Return the qualified name of up to three parts, plain text being checked as an unquoted name."""
        return cls(*(part if isinstance(part, Identifier) else Identifier.parse(part) for part in parts))

    @classmethod
    def parse(cls, text: str, what: str = "name") -> Qualified:
        """Return the name of up to three parts that `text` says, dots between them; a part with a dot is in quotes."""
        parts = [f'"{quoted}"' if quoted else plain for quoted, plain in _PART.findall(text)]
        if ".".join(parts) != text or not 1 <= len(parts) <= 3:  # noqa: PLR2004 (database, schema, name)
            raise _refuse_name("a dotted name has one to three parts", what, text, "DATABASE.SCHEMA.NAME")
        return cls(*(Identifier.parse(part, what) for part in parts))

    @property
    def parts(self) -> tuple[Identifier, ...]:
        """The parts that are there, from the database down."""
        return tuple(part for part in (self.database, self.schema, self.name) if part is not None)

    @property
    def sql(self) -> str:
        """The quoted, dotted form."""
        return ".".join(part.sql for part in self.parts)

    @property
    def written(self) -> str:
        """The name as a file says it: parts in quotes only if they need them; `parse` reads it."""
        return ".".join(part.written for part in self.parts)

    def __str__(self) -> str:
        return dotted(*self.parts)


def dotted(*parts: str | Identifier) -> str:
    """Return names as the account keeps them with dots between: a part that holds a dot or a quote is in quotes."""
    texts = (part.name if isinstance(part, Identifier) else part for part in parts)
    return ".".join(Identifier(text).sql if not text or set('."') & set(text) else text for text in texts)


def undotted(path: str) -> tuple[Identifier, ...]:
    """Return the names that `dotted` has joined."""
    parts = (plain or quoted.replace('""', '"') for quoted, plain in _PART.findall(path))
    return tuple(Identifier.from_account(part) for part in parts)


def as_account_has(rendered: str) -> tuple[Identifier, ...]:
    """Return the parts of a name in SQL text as the account keeps them: those that are not quoted in capitals."""
    parts = (plain.upper() or quoted.replace('""', '"') for quoted, plain in _PART.findall(rendered))
    return tuple(Identifier.from_account(part) for part in parts)


def _refuse_name(message: str, what: str, value: object, good: str | None = None) -> SpecError:
    return SpecError(message, where=what, value=value, good=good or _suggest(value), untouched="everything")


def _suggest(text: object) -> str:
    kept = re.sub(r"[^A-Za-z0-9_$]+", "_", str(text)).strip("_")[:_LONGEST].upper()
    if kept and not kept[0].isdigit():
        return kept
    return f"DB_{kept}"[:_LONGEST] if kept else "ANALYTICS"


def deployment_id(at: datetime, key: str) -> str:
    """Return an id that sorts by time and is the same for the same moment and key, e.g. a DAG run's id."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dt%H%M%S")
    return f"d{stamp}-{hashlib.blake2b(key.encode(), digest_size=3).hexdigest()}"


def parse_deployment_id(text: str) -> datetime:
    """Return the moment a deployment id was made, or refuse what is not one."""
    match = DEPLOYMENT_ID.fullmatch(text or "")
    try:
        if match:
            return datetime.strptime(match[1], "%Y%m%dt%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise SpecError(
        "this is not a deployment id",
        where="deployment",
        value=text,
        good="d20261120t224901-1a2b3c (see `sluice history <environment>`)",
        untouched="everything",
    )


def candidate_name(live: Identifier, deployment: str) -> Identifier:
    """Return the name of the database that `deployment` builds beside `live`."""
    return _with_suffix(live, _CANDIDATE, deployment)


def retained_name(live: Identifier, deployment: str) -> Identifier:
    """Return the name under which the former live database of `deployment` is kept for rollback."""
    return _with_suffix(live, _RETAINED, deployment)


def _with_suffix(live: Identifier, infix: str, deployment: str) -> Identifier:
    parse_deployment_id(deployment)
    name = live.name + infix + deployment[1:].replace("-", "_").upper()
    if len(name) > _LONGEST:
        raise SpecError(
            f"the name leaves no room for a deployment's suffix: {len(name)} characters of {_LONGEST}",
            where="database.name",
            value=live.name,
            good=f"a database name of at most {LONGEST_DATABASE} characters",
            untouched="everything",
        )
    return Identifier(name)


@dataclass(frozen=True, slots=True)
class Marker:
    """What an object of ours says about itself in its comment: immutable facts, so that it may travel by swap."""

    environment: str
    deployment: str | None = None
    release: str | None = None

    @property
    def comment(self) -> str:
        """The text that is put into the object's comment."""
        facts = {"sluice": 1, "environment": self.environment, "deployment": self.deployment, "release": self.release}
        return json.dumps(facts, separators=(", ", ": "))

    @classmethod
    def parse(cls, comment: str | None) -> Marker | None:
        """Return the marker in a comment, or None: the object is not ours."""
        try:
            facts = json.loads(comment or "")
        except ValueError:
            return None
        if not isinstance(facts, dict) or facts.get("sluice") != 1 or not isinstance(facts.get("environment"), str):
            return None
        return cls(facts["environment"], _text(facts.get("deployment")), _text(facts.get("release")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
