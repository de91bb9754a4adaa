"""A typed dbt command, read by dbt's own parser: which command it is, and its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SELECTION = (
    *("--select", "--exclude", "--selector", "--indirect-selection", "--state"),
    *("--resource-type", "--exclude-resource-type"),
)
"""The options that choose nodes; `ls` takes them as every building command does."""


@dataclass(frozen=True, slots=True)
class Typed:
    """One command line of dbt's, as far as dbt can read it."""

    name: str
    """The command, e.g. `build` or `docs generate`; empty where dbt only says what is wrong, its help or version."""
    accepted: frozenset[str]
    """Every option the command takes."""
    given: Mapping[str, Any]
    """What was given, by option, values as they were written."""

    def text(self, option: str) -> str | None:
        """Return the value of an option that takes one, or None."""
        return None if self.given.get(option) is None else str(self.given[option])

    @property
    def selection(self) -> list[str]:
        """The options and values by which `ls` chooses the same nodes."""
        words: list[str] = []
        for option in _SELECTION:
            values = _flat(self.given.get(option))
            words += [option, *values] if values else []
        return words


def typed(words: Sequence[str]) -> Typed:
    """Return the command line as dbt's own parser reads it; what it refuses, or answers with its help, has no name."""
    import click
    from dbt.cli.main import cli

    group: Any = cli
    names: list[str] = []
    rest, given = list(words), dict[str, Any]()
    while True:
        context = click.Context(group, info_name="dbt")
        try:
            options, rest, _ = group.make_parser(context).parse_args(args=list(rest))
        except click.UsageError:
            return Typed("", frozenset(), {})
        if any(options.get(param.name) for param in group.get_params(context) if _ends(param)):
            return Typed("", frozenset(), {})
        given |= {name: options[param.name] for param in group.params if param.name in options for name in param.opts}
        if not isinstance(group, click.Group):
            return Typed(" ".join(names), frozenset(name for param in group.params for name in param.opts), given)
        subcommand = group.get_command(context, rest[0]) if rest else None
        if subcommand is None:
            return Typed("", frozenset(), given)
        group, rest = subcommand, rest[1:]
        names.append(str(subcommand.name))


def _ends(param: Any) -> bool:
    """Whether an option alone is the command: help and version."""
    return bool(param.is_eager and getattr(param, "is_flag", False))


def _flat(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [text for part in value for text in _flat(part)]
    return [str(value)]
