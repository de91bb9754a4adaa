"""The forms of sluice's DAGs: every field typed, bounded and explained; Airflow refuses what does not fit.

Airflow's form keeps its button dead while a field is empty whose type does not allow null. So every field may be left
empty, unless it is built as required: then it cannot, and its explanation begins with that word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE, EPHEMERAL_NAME, LONGEST
from sluice.domain.names import DEPLOYMENT_ID
from sluice.domain.releases.release import RELEASE_ID
from sluice.domain.sizes import Size


def text(
    title: str,
    description: str,
    *,
    required: bool = False,
    default: str | None = None,
    shortest: int = 0,
    longest: int = 255,
    pattern: str | None = None,
    suggested: Sequence[str] = (),
    section: str | None = None,
) -> Param:
    """Return a field of one line; `suggested` is offered, and anything else may be typed."""
    schema: dict[str, Any] = {"maxLength": longest}
    if required:
        schema["minLength"] = max(shortest, 1)
    if pattern:
        schema["pattern"] = pattern if required else f"^$|{pattern}"
    if suggested:
        schema["examples"] = list(suggested)
    return _field("string", title, description, default, required=required, section=section, **schema)


def texts(
    title: str,
    description: str,
    *,
    required: bool = False,
    longest: int = 255,
    pattern: str | None = None,
    section: str | None = None,
) -> Param:
    """Return a field of several lines, each a value of its own; empty lines do not count."""
    items: dict[str, Any] = {"type": "string", "maxLength": longest}
    if pattern:
        items["pattern"] = f"^$|{pattern}"
    more: dict[str, Any] = {"minItems": 1} if required else {}
    return _field("array", title, description, None, required=required, section=section, items=items, **more)


def choice(
    title: str,
    description: str,
    choices: Sequence[str],
    *,
    default: str | None = None,
    empty: str | None = None,
    shown: Mapping[str, str] | None = None,
    section: str | None = None,
) -> Param:
    """Return a drop-down; `empty` is what is shown for no choice, and without it there has to be one.

    `shown` gives other words to choices that do not speak for themselves.
    """
    # Airflow shows the words for None beside every choice that has none of its own: so each has its own.
    words: dict[str | None, str] = {} if empty is None else {None: empty}
    words |= {str(each): (shown or {}).get(each, str(each)) for each in choices}
    schema: dict[str, Any] = {"enum": list(words), "values_display": words}
    return _field("string", title, description, default, required=empty is None, section=section, **schema)


def whole(title: str, description: str, *, default: int | None = None, section: str | None = None) -> Param:
    """Return a field for a whole number of at least one."""
    return _field("integer", title, description, default, section=section, minimum=1)


def dollars(title: str, description: str, *, section: str | None = None) -> Param:
    """Return a field for an amount of money."""
    return _field("number", title, description, None, section=section, exclusiveMinimum=0)


def fraction(title: str, description: str, *, default: float, least: float) -> Param:
    """Return a field for a number up to one."""
    return _field("number", title, description, default, minimum=least, maximum=1)


def moment(title: str, description: str, *, section: str | None = None) -> Param:
    """Return a field for a date with a time."""
    return _field("string", title, description, None, section=section, format="date-time")


def switch(title: str, description: str, *, default: bool = False) -> Param:
    """Return a switch."""
    return _field("boolean", title, description, default)


def pattern_of(domain: re.Pattern[str]) -> str:
    """Return a pattern of the domain as a JSON schema writes it: of the whole text, its groups without names."""
    return f"^({re.sub(r'[(][?]P<[a-z]+>', '(', domain.pattern)})$"


def release() -> Param:
    """Which release; empty: the one the upstream environment runs."""
    return text(
        "Release",
        "A release id. Empty: the release that the upstream environment runs. Another one is refused.",
        pattern=pattern_of(RELEASE_ID),
    )


def full_refresh() -> Param:
    """Whether every model is built from nothing."""
    return switch("Full refresh", "Build every model from nothing.")


def keep_candidate() -> Param:
    """Whether a failed candidate stays for inspection."""
    return switch(
        "Keep the candidate after a failure",
        "A candidate that did not pass stays for inspection instead of being dropped.",
    )


def reason(*, required: bool = False) -> Param:
    """Why; kept in the journal."""
    shortest = 3 if required else 0
    return text(
        "Reason", "Kept in the journal and shown to approvers.", required=required, shortest=shortest, longest=500
    )


def environment(names: Sequence[str], default: str | None = None, *, description: str = "") -> Param:
    """One of the environments that include/environments specifies."""
    return choice(
        "Environment", description or "One of include/environments.", names, default=default or next(iter(names), None)
    )


def ephemeral() -> Param:
    """An ephemeral environment, by its name."""
    return text(
        "Environment",
        f'Its name, e.g. {EPHEMERAL_EXAMPLE}; "sluice env list" prints them.',
        required=True,
        longest=LONGEST,
        pattern=pattern_of(EPHEMERAL_NAME),
    )


def deployment() -> Param:
    """Which retained deployment; empty: the previous one."""
    return text(
        "Deployment",
        'A retained deployment\'s id ("sluice history" prints them), or "previous", which is meant where it is empty.',
        default="previous",
        pattern=f"^previous$|{pattern_of(DEPLOYMENT_ID)}",
    )


def size(title: str, description: str, *, empty: str, section: str | None = None) -> Param:
    """A warehouse size, any that a spec takes."""
    return choice(title, description, list(Size), empty=empty, section=section)


def _field(
    kind: str,
    title: str,
    description: str,
    default: object,
    *,
    required: bool = False,
    section: str | None = None,
    **schema: Any,
) -> Param:
    if required and default is None:
        description = f"Required. {description}"
    if section is not None:
        schema["section"] = section
    return Param(default, description, type=kind if required else ["null", kind], title=title, **schema)
