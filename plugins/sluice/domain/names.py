"""Names: how they are checked, quoted, made and read back."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.errors import SpecError

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")
DEPLOYMENT_ID = re.compile(r"d(\d{8}t\d{6})-([0-9a-f]{6})")
_CANDIDATE = "__C_"
_RETAINED = "__R_"
_LONGEST = 255


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One Snowflake name, exactly as the account keeps it; `.sql` is always safe to put into a statement."""

    name: str

    @classmethod
    def parse(cls, text: str, what: str = "name") -> Identifier:
        """Return the name that Snowflake would make of `text` written without quotes, or refuse it."""
        if not isinstance(text, str) or not PLAIN_NAME.fullmatch(text):
            raise SpecError(
                "a name is a letter or underscore, then letters, digits, underscores or dollar signs (at most 255)",
                where=what,
                value=text,
                good=_suggest(text),
                untouched="everything",
            )
        return cls(text.upper())

    @classmethod
    def found(cls, raw: str) -> Identifier:
        """Return a name read from the account, character for character."""
        return cls(raw)

    @property
    def sql(self) -> str:
        """The quoted form, whatever the name holds."""
        return '"' + self.name.replace('"', '""') + '"'

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

    @property
    def parts(self) -> tuple[Identifier, ...]:
        """The parts that are there, from the database down."""
        return tuple(part for part in (self.database, self.schema, self.name) if part is not None)

    @property
    def sql(self) -> str:
        """The quoted, dotted form."""
        return ".".join(part.sql for part in self.parts)

    def __str__(self) -> str:
        return ".".join(part.name for part in self.parts)


def _suggest(text: object) -> str:
    kept = re.sub(r"[^A-Za-z0-9_$]+", "_", str(text)).strip("_")[:_LONGEST].upper()
    if kept and not kept[0].isdigit():
        return kept
    return f"DB_{kept}" if kept else "OLIST_DEV"


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
    return _beside(live, _CANDIDATE, deployment)


def retained_name(live: Identifier, deployment: str) -> Identifier:
    """Return the name under which the former live database of `deployment` is kept for rollback."""
    return _beside(live, _RETAINED, deployment)


def _beside(live: Identifier, infix: str, deployment: str) -> Identifier:
    parse_deployment_id(deployment)
    made = live.name + infix + deployment[1:].replace("-", "_").upper()
    if len(made) > _LONGEST:
        raise SpecError(
            f"the name leaves no room for a deployment's suffix: {len(made)} characters of {_LONGEST}",
            where="database.name",
            value=live.name,
            good="a database name of at most 225 characters",
            untouched="everything",
        )
    return Identifier(made)


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
