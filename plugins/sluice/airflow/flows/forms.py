"""The forms of our DAGs: every parameter typed, bounded and explained; Airflow refuses what does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param


def release() -> Param:
    """Which release; empty: the one the upstream environment runs."""
    return Param(
        None,
        type=["null", "string"],
        pattern="^r[0-9a-f]{16}$",
        title="Release",
        description="A release id. Empty: the release that the upstream environment runs. Another one is refused.",
    )


def full_refresh() -> Param:
    """Whether every model is built from nothing."""
    return Param(False, type="boolean", title="Full refresh", description="Build every model from nothing.")


def keep_candidate() -> Param:
    """Whether a failed candidate stays for inspection."""
    return Param(
        False,
        type="boolean",
        title="Keep the candidate after a failure",
        description="A candidate that did not pass stays for inspection instead of being dropped.",
    )


def reason(*, required: bool = False) -> Param:
    """Why; kept in the journal."""
    return Param(
        "" if not required else None,
        type="string",
        minLength=3 if required else 0,
        maxLength=500,
        title="Reason",
        description="Kept in the journal and shown to approvers.",
    )


def environment(names: Sequence[str], default: str | None = None) -> Param:
    """One of the environments that include/environments specifies."""
    return Param(default or names[0], type="string", enum=list(names), title="Environment")


def ephemeral() -> Param:
    """An environment that comes and goes, by its name."""
    return Param(
        None,
        type="string",
        pattern="^[a-z][a-z0-9]*_[a-z0-9_]+_[a-z][a-z0-9]*_[0-9]{8}$",
        title="Environment",
        description="Its name, e.g. dev_user_segmentation_john_20231201 (`sluice env list`).",
    )


def deployment() -> Param:
    """Which retained deployment."""
    return Param(
        "previous",
        type="string",
        pattern="^(previous|d[0-9]{8}t[0-9]{6}-[0-9a-f]{6})$",
        title="Deployment",
        description='A retained deployment\'s id (`sluice history`), or "previous".',
    )
