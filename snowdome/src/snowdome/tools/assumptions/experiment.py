"""An assumption of snowdome's, and the small experiment that compares it with an account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowdome.tools.assumptions.client import ProbeClient

SAME, DIFFERENT, UNTRIED = "same", "different", "could not be tried"


@dataclass(frozen=True, slots=True)
class Experiment:
    """What snowdome assumes: the sentence, why it had to be assumed, and what `find` finds where it is true.

    `mark` is ◇ for an inference, ? for what no documentation says, ⚙ for what only another project's tests say, and #
    for a number or a wording that was guessed.
    """

    key: str
    topic: str
    mark: str
    assumes: str
    expected: str
    find: Callable[[ProbeClient], str]


@dataclass(frozen=True, slots=True)
class NotTestable:
    """What snowdome assumes and no script can ask: `why`."""

    key: str
    topic: str
    mark: str
    assumes: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What an account answered: `outcome` is same, different or could not be tried."""

    key: str
    topic: str
    mark: str
    assumes: str
    expected: str
    found: str
    outcome: str


class Untestable(Exception):  # noqa: N818 (it is no error of the account's, nor of ours)
    """The experiment cannot be made on this account: its edition, its role or its settings do not allow it."""


def experiment(
    key: str, topic: str, mark: str, assumes: str, expected: str
) -> Callable[[Callable[[ProbeClient], str]], Experiment]:
    """The function below is the experiment for that assumption."""
    return lambda find: Experiment(key, topic, mark, assumes, expected, find)


def listed(names: Iterable[object]) -> str:
    """The names in order, as one text."""
    return ", ".join(sorted(str(name) for name in names)) or "none"
