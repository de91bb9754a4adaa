"""Names of ephemeral environments, `{purpose}_{feature}_{owner}_{date}`: made, checked, read back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sluice.errors import SpecError

NEW = "a new one"
"""What `provision_environment` is given instead of a name: one is made from the feature or the branch."""
LONGEST = 63
"""Characters of a name: with what is put around it, every name in the account stays below Snowflake's 255."""
LONGEST_WORD = 30
"""Characters of its owner, and of its purpose: a feature needs room too."""
RESERVED = frozenset({"account_usage", "information_schema", "snowflake", "sluice", "control", "public", "tags"})

_WORD = re.compile(r"[a-z][a-z0-9]*")
_FEATURE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
EPHEMERAL_NAME = re.compile(
    r"(?P<purpose>[a-z][a-z0-9]*)_(?P<feature>[a-z0-9_]+)_(?P<owner>[a-z][a-z0-9]*)_(?P<date>\d{8})"
)
EPHEMERAL_EXAMPLE = "dev_user_segmentation_john_20231201"


@dataclass(frozen=True, slots=True)
class EphemeralName:
    """The parts of a name; equal parts make equal text."""

    purpose: str
    feature: str
    owner: str
    created: date

    @classmethod
    def make(cls, purpose: str, feature: str, owner: str, created: date) -> EphemeralName:
        """Return the name of these parts; text from people is brought into shape, and refused where nothing is left.

        A feature too long for the name is cut and ends in a digest of the whole, so that two long ones stay apart.
        """
        owner_word = _slug(owner.split("@", 1)[0]).replace("_", "")
        feature_words = _slug(feature)
        for what, text, word, good in (
            ("owner", owner, owner_word, "john"),
            ("purpose", purpose, _slug(purpose).replace("_", ""), "dev"),
        ):
            if not _WORD.fullmatch(word):
                raise _refuse(f"an environment's {what} begins with a letter", what, text, good)
            if len(word) > LONGEST_WORD:
                raise _refuse(f"an environment's {what} has at most {LONGEST_WORD} characters", what, text, good)
        if not feature_words:
            raise _refuse("there is no letter or digit to make a name of", "feature", feature, "user_segmentation")
        if feature_words in RESERVED:
            raise _refuse("this word is reserved", "feature", feature, f"{feature_words}_model")
        name = cls(_slug(purpose).replace("_", ""), feature_words, owner_word, created)
        return cls(name.purpose, _fitted(feature_words, len(str(name)) - LONGEST), name.owner, created)

    @classmethod
    def from_branch(cls, branch: str, purpose: str, owner: str, created: date) -> EphemeralName:
        """Return the name for a git branch: `feature/DATA-12-user-segmentation` is the feature behind the slash."""
        return cls.make(purpose, branch.rstrip("/").rsplit("/", 1)[-1], owner, created)

    @classmethod
    def parse(cls, text: str, where: str = "environment") -> EphemeralName:
        """Return the parts of a name, or refuse what is none."""
        match = EPHEMERAL_NAME.fullmatch(text) if isinstance(text, str) and len(text) <= LONGEST else None
        try:
            if match and _FEATURE.fullmatch(match["feature"]):
                created = datetime.strptime(match["date"], "%Y%m%d").date()  # noqa: DTZ007 (a date has no zone)
                return cls(match["purpose"], match["feature"], match["owner"], created)
        except ValueError:
            pass
        raise _refuse(
            f"not a name of the form purpose_feature_owner_date (at most {LONGEST} characters)",
            where,
            text,
            EPHEMERAL_EXAMPLE,
        )

    def __str__(self) -> str:
        return f"{self.purpose}_{self.feature}_{self.owner}_{self.created:%Y%m%d}"


def refuse_collision(name: EphemeralName, taken: Collection[str]) -> None:
    """Refuse a name that an environment or a database has already, whatever its case."""
    if str(name) in {one.lower() for one in taken}:
        raise _refuse(
            "an environment of this name exists already", "environment", str(name), f"{name.feature}_2 as the feature"
        )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")


def _fitted(feature: str, excess: int) -> str:
    if excess <= 0:
        return feature
    digest = hashlib.blake2b(feature.encode(), digest_size=3).hexdigest()
    kept = feature[: max(len(feature) - excess - len(digest) - 1, 1)].rstrip("_")
    return f"{kept}_{digest}"


def _refuse(message: str, where: str, value: object, good: str) -> SpecError:
    return SpecError(message, where=where, value=value, good=good, untouched="everything")
