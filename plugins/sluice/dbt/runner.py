"""dbt's own runner, in this process: its environment set before and restored after, and what it says of a failure."""

from __future__ import annotations

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ONE_AT_A_TIME = threading.RLock()
"""dbt keeps its adapters, flags and events in globals: one run per process at a time."""

QUIET = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
FAILED = frozenset({"error", "fail", "runtime error", "partial success"})
"""How a node ends that did not do all of its work."""

_SECRET = "DBT_ENV_SECRET"  # noqa: S105  (the prefix of the variables that dbt scrubs from what it says)
_SHORTEST_SECRET = 4
_ERRORS, _LINES = 8, 40


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one dbt command in plain values: no object of dbt outlives it."""

    success: bool
    lines: tuple[str, ...]
    """What it listed."""
    failures: tuple[str, ...]
    """The nodes that failed, each with what the database or the test said first."""
    raised: str
    """The name of dbt's exception; empty when it raised none."""
    words: str
    """dbt's own words for a failure, secrets scrubbed: the last errors it reported, and what it raised."""


def invoke(words: Sequence[str], variables: Mapping[str, str], watch: Callable[[object], None] | None = None) -> Answer:
    """Run one dbt command to its end and return its result; environment and working directory are restored."""
    errors: deque[str] = deque(maxlen=_ERRORS)

    def listen(event: object) -> None:
        info = getattr(event, "info", None)
        if getattr(info, "level", "") == "error" and getattr(info, "name", "") != "MainStackTrace":
            errors.append(str(getattr(info, "msg", "")).removeprefix("Encountered an error:\n"))
        if watch is not None:
            watch(event)

    with ONE_AT_A_TIME, environment({**QUIET, **variables}), working_directory():
        from dbt.cli.main import dbtRunner

        hide = scrubber(variables)
        try:
            return _answer(dbtRunner(callbacks=[listen]).invoke([str(word) for word in words]), errors, hide)
        finally:
            _release()


def scrubber(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that puts asterisks in the place of every secret of the environment and of these variables."""
    named = {**os.environ, **variables}
    secrets = {value for name, value in named.items() if name.startswith(_SECRET) and len(value) >= _SHORTEST_SECRET}

    def hide(text: str) -> str:
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "*****")
        return text

    return hide


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Have these environment variables inside the block, and what was before after it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _answer(answer: Any, errors: Sequence[str], hide: Callable[[str], str]) -> Answer:
    exception = answer.exception
    listed = answer.result if isinstance(answer.result, list) else ()
    return Answer(
        success=bool(answer.success),
        lines=tuple(str(line) for line in listed),
        failures=tuple(hide(line) for line in _failures(answer.result)),
        raised="" if exception is None else type(exception).__name__,
        words=hide(_words(errors, "" if exception is None else str(exception))),
    )


def _failures(result: object) -> list[str]:
    """Name the nodes that failed, each with the first line of what the database or the test said."""
    results = getattr(result, "results", None) or ()
    bad = [node for node in results if str(getattr(node.status, "value", node.status)) in FAILED]
    return [f"{node.node.unique_id}: {' '.join(str(node.message or '').split())[:300]}" for node in bad]


def _words(errors: Sequence[str], raised: str) -> str:
    """What was reported and then raised, each once, line by line."""
    texts = [text for text in errors if _flat(text) not in _flat(raised)]
    lines = [line.rstrip() for text in (*texts, raised) for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_LINES:])


def _flat(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def working_directory() -> Iterator[None]:
    """Restore the working directory: dbt changes to its project's folder."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


def _release() -> None:
    """Free the semaphores of dbt's last command.

    Its manifest and its adapter each own one, of multiprocessing's "spawn" context (dbt/mp_context.py), so Python's
    resource tracker counts them. dbt frees them when its next command begins, or leaves that to the interpreter's exit.
    Airflow ends a task's process by os._exit (airflow/sdk/execution_time/supervisor.py), which runs no exit functions:
    the tracker would find them and write "leaked semaphore objects" into the log, as errors.
    """
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    gc.collect()  # both are part of cycles
