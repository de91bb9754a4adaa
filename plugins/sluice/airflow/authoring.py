"""What the author of a DAG writes: names and templates; what is wrong for sure is refused when the DAG is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from sluice.domain.naming import EphemeralName
from sluice.domain.specs import EnvironmentSpec, readable_environments
from sluice.errors import SpecError
from sluice.settings import settings

DEPLOYMENT = re.compile(r"previous|d[0-9]{8}t[0-9]{6}-[0-9a-f]{6}")
"""What a rollback brings back: a deployment's id, or the one before."""


def specs() -> dict[str, EnvironmentSpec]:
    """Return the specified environments: YAML is all that reading a DAG file reads."""
    found, errors = _read()
    if errors:
        raise errors[0]
    return found


def readable_specs() -> dict[str, EnvironmentSpec]:
    """Return the specs that can be read: one that cannot takes no other environment's DAGs with it."""
    return _read()[0]


def is_template(text: str) -> bool:
    """Whether the text is known only when a task runs."""
    return "{{" in text or "{%" in text


def spec_of(environment: object) -> EnvironmentSpec:
    """Return an environment's spec; refuse a name that none has, and what is no name: the DAG file's import error."""
    if not isinstance(environment, str):
        raise SpecError(
            "the name of an environment belongs here, not a task's result nor anything else",
            where="environment",
            value=type(environment).__name__,
            good=_quoted(readable_specs()),
            untouched="everything",
        )
    if is_template(environment):
        raise SpecError(
            "an environment is named here, not templated: its spec decides which tasks there are",
            where="environment",
            value=environment,
            good=_quoted(readable_specs()),
            untouched="everything",
        )
    found, errors = _read()
    if environment in found:
        return found[environment]
    if errors:  # it may be in the file that cannot be read
        raise errors[0]
    raise SpecError(
        "there is no such environment",
        where=str(settings().environments),
        value=environment,
        good=", ".join(found),
        untouched="everything",
    )


def known_later(environment: object) -> bool:
    """Whether only a running task can know which environment this is, and so whether it is there."""
    return not isinstance(environment, str) or is_template(environment) or _is_ephemeral(environment)


def refuse_unknown(environment: object) -> None:
    """Refuse a name that no environment has, as soon as the DAG is read; what is known later passes."""
    if not known_later(environment):
        spec_of(environment)


def refuse_no_deployment(deployment: object) -> None:
    """Refuse what names no deployment, as soon as the DAG is read; what is known later passes."""
    if isinstance(deployment, str) and not is_template(deployment) and not DEPLOYMENT.fullmatch(deployment):
        raise SpecError(
            "not a deployment",
            where="deployment",
            value=deployment,
            good='"previous", or an id such as "d20261120t224901-1a2b3c" (sluice history)',
            untouched="everything",
        )


def rendered(value: object) -> str:
    """Return a rendered argument as text; nothing, and a template that rendered None, is the empty text."""
    return "" if value is None or value == "None" else str(value).strip()


def yes(value: object, where: str) -> bool:
    """Return a rendered argument as yes or no, or refuse what is neither."""
    if isinstance(value, bool):
        return value
    said = rendered(value).lower()
    if said in {"", "false", "no", "0"}:
        return False
    if said in {"true", "yes", "1"}:
        return True
    raise SpecError("neither true nor false", where=where, value=value, good="true", untouched="everything")


def refuse_neither(value: object, where: str) -> None:
    """Refuse what is neither true nor false, as soon as the DAG is read; what is known later passes."""
    if isinstance(value, str) and not is_template(value):
        yes(value, where)


def _read() -> tuple[dict[str, EnvironmentSpec], list[SpecError]]:
    """Return the specs and what is wrong with them: read once for all that one DAG file asks, and when they change."""
    folder = settings().environments
    files = [path for path in sorted(folder.glob("*.y*ml")) if path.is_file()]
    stamps = tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    specs, errors = _read_once(folder, stamps)
    return dict(specs), list(errors)


@lru_cache(maxsize=4)
def _read_once(
    folder: Path, stamps: tuple[tuple[str, int, int], ...]
) -> tuple[dict[str, EnvironmentSpec], list[SpecError]]:
    del stamps
    return readable_environments(folder)


def _is_ephemeral(name: str) -> bool:
    try:
        EphemeralName.parse(name)
    except SpecError:
        return False
    return True


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
