"""The commands that README and docs/ show: found in their code, so that what is documented anew is tested or named."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from sluice.cli import app

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\((?P<path>[^)#\s]+\.md)(?:#[^)\s]*)?\)")


def pages() -> tuple[Path, ...]:
    """Return README, then every page that it leads to in the order of its links, then those that it does not name.

    Without the changelog: the commands that it names are those of their time.
    """
    first = ROOT / "README.md"
    linked = [ROOT / path for match in _LINK.finditer(first.read_text()) if (path := match["path"]) != "CHANGELOG.md"]
    return tuple(dict.fromkeys([first, *linked, *sorted((ROOT / "docs").glob("*.md"))]))


_PAGES = pages()
FOLLOWED = {"docs/own-dbt-project.md": "tests/e2e/test_own_project_page.py"}
"""Pages that a test of their own follows word for word."""
_BLOCK = re.compile(r"^ *```bash\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_NAME = r"(?:[A-Z_]+=\S+ )*(?:\S*/)?(?:sluice|python -m sluice)"
_INLINE = re.compile(rf"`({_NAME} [^`]+)`", re.DOTALL)
_PROGRAM = re.compile(rf" *{_NAME} +(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Command:
    """One command line as a page shows it."""

    page: str
    """The page's path below the root."""
    words: tuple[str, ...]
    """Without the program's name."""

    def __str__(self) -> str:
        return f"sluice {shlex.join(self.words)} ({self.page})"

    @property
    def path(self) -> str:
        """Which command it is: `env create`."""
        return " ".join(_path(self.words))


def in_blocks() -> list[Command]:
    """Return every sluice command of a bash block, in the pages' order: somebody copies these and runs them."""
    return [
        command for page in _PAGES for block in _BLOCK.findall(page.read_text()) for command in _sluice(page, block)
    ]


def in_sentences() -> list[Command]:
    """Return every sluice command that a sentence or a table names; with `…` for what the reader fills in."""
    return [
        command
        for page in _PAGES
        for text in _INLINE.findall(_BLOCK.sub("", page.read_text()))
        for command in _sluice(page, " ".join(text.split()))
    ]


def make_targets() -> set[str]:
    """Return every target of `make` that a block or a sentence names."""
    text = "\n".join(page.read_text() for page in _PAGES)
    return set(re.findall(r"(?:^|`)make (?:[A-Z]+=\S+ )?([a-z]+)\b", text, re.MULTILINE))


def modules() -> set[str]:
    """Return every module of ours that a block or a sentence runs by `python -m`."""
    text = "\n".join(page.read_text() for page in _PAGES)
    return set(re.findall(r"python -m ((?:sluice|snowdome|benchmarks)[\w.]*)", text))


def options(words: tuple[str, ...]) -> set[str]:
    """Return the options that a command line names and its command does not have."""
    command = typer.main.get_command(app)
    for word in _path(words):
        command = _children(command)[word]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    passed_on = "ignore_unknown_options" in (command.context_settings or {})
    return set() if passed_on else {word for word in words if re.match(r"--[a-z]", word)} - known


def parses(words: tuple[str, ...]) -> bool:
    """Return whether a command line has all that its command needs; a sentence may only name the command."""
    command, path = typer.main.get_command(app), _path(words)
    for word in path:
        command = _children(command)[word]
    given = list(words[len(path) :])
    if path and not given:
        return not any(parameter.required or parameter.param_type_name == "argument" for parameter in command.params)
    needed = [name for parameter in command.params if parameter.required for name in parameter.opts[:1]]
    return all(name in given for name in needed if name.startswith("--"))


def _sluice(page: Path, text: str) -> Iterator[Command]:
    for line in text.replace("\\\n", " ").splitlines():
        for part in line.split(" | "):
            if match := _PROGRAM.fullmatch(part):
                yield Command(str(page.relative_to(ROOT)), tuple(shlex.split(match["rest"], comments=True)))


def _path(words: tuple[str, ...]) -> tuple[str, ...]:
    command: Any = typer.main.get_command(app)
    path: list[str] = []
    for word in words:
        if word not in _children(command):
            break
        path.append(word)
        command = _children(command)[word]
    return tuple(path)


def _children(command: Any) -> dict[str, Any]:
    return dict(getattr(command, "commands", {}))
