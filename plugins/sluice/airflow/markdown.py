"""Markdown as Airflow's UI renders it: GitHub's, raw HTML left out. Whatever a text holds, it is shown as that text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&@]|:(?=//)|(?<=www)\.)")
_NO_BREAK = str.maketrans({" ": "\u00a0", "-": "\u2011"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control characters, line ends, and those that turn the direction of what follows."""


def plain(value: object, most: int = 500) -> str:
    """Return a text in one line, without characters that nobody sees, cut to so many characters."""
    visible = "".join(" " if unicodedata.category(sign) in _INVISIBLE else sign for sign in str(value))
    line = " ".join(visible.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def text(value: object, most: int = 500) -> str:
    """Return Markdown that shows a text as it is, in one line; for use behind words of sluice's or in a table's cell.

    Only an address (https://…, www.…, somebody@…) becomes a link, which shows where it leads: GitHub's Markdown makes
    links of those after escapes are resolved.
    """
    return _MARKUP.sub(r"\\\1", plain(value, most))


def bold(value: object, most: int = 500) -> str:
    """Return Markdown that shows a text as it is, in bold."""
    shown = text(value, most)
    return f"**{shown}**" if shown else ""


def code(value: object) -> str:
    """Return Markdown that shows a text as code."""
    shown = plain(value)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns: labels in bold, which do not wrap, and cells that are Markdown already."""
    cells = [(bold(label, 40).translate(_NO_BREAK), cell) for label, cell in rows]
    return "\n".join(["| | |", "|---|---|", *(f"| {label} | {cell} |" for label, cell in cells)])


def names(values: Sequence[str], count: int | None = None, *, most: int = 10) -> str:
    """Return the first names and how many more there are: `a, b and 36 more`; `count` is how many there were."""
    shown, rest = values[:most], (len(values) if count is None else count) - most
    listed = ", ".join(text(value, 40) for value in shown)
    return f"{listed} and {rest} more" if rest > 0 else listed
