"""A dbt command line as dbt's own parser reads it: every command that would do something is known by its name."""

from __future__ import annotations

import click
import pytest
from dbt.cli.main import cli

from sluice.dbt.command import typed
from sluice.dbt.terminal import _BUILDS


def every_command() -> list[tuple[str, ...]]:
    """Every command of dbt's, by its words."""
    found: list[tuple[str, ...]] = []
    for name, command in cli.commands.items():
        below = getattr(command, "commands", None)
        found += [(name, inner) for inner in below] if below else [(name,)]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_option_leaves_a_command_its_name(words: tuple[str, ...]) -> None:
    """Only help and version end a command; any other option, given by itself, does not hide what is run."""
    command = cli
    for word in words:
        command = command.commands[word]
    for param in command.get_params(click.Context(command)):
        if not isinstance(param, click.Option) or param.name in {"version", "_click_default_help"}:
            continue
        given = [*words, param.opts[0]] if param.is_flag else [*words, param.opts[0], "1"]
        assert typed(given).name == typed(words).name != "", given


@pytest.mark.parametrize(
    "words",
    [["bild"], ["run", "--bogus"], ["run", "--select"], ["--version"], ["-h"], ["docs"], [], ["build", "--help"]],
)
def test_what_dbt_only_explains_has_no_name(words: list[str]) -> None:
    """A command that is none, a wrong option, help and version: dbt says it, and nothing is built."""
    assert typed(words).name == ""
    with pytest.raises(SystemExit):
        cli.main(args=words, prog_name="dbt")


def test_selections_are_those_of_ls() -> None:
    """Options that choose nodes are carried over, however they were spelt; others are not."""
    command = typed(
        ["--debug", "build", "-s", "a", "b", "--models", "c", "--exclude=d", "--full-refresh", "--vars", "{}"]
    )
    assert command.selection == ["--select", "a", "b", "c", "--exclude", "d"]
    assert command.text("--vars") == "{}"
    assert command.given["--full-refresh"]


def test_every_command_that_builds_is_known() -> None:
    """Of dbt's commands these make something in the database; a new one would have to be looked at."""
    reading = {
        "clean",
        "compile",
        "debug",
        "deps",
        "docs",
        "init",
        "list",
        "ls",
        "parse",
        "show",
        "source",
        "run-operation",
    }
    assert set(cli.commands) == reading | set(_BUILDS)
