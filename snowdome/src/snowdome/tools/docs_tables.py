"""The parts of README.md that are read off snowdome itself: what is served, and what is assumed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from snowdome.engine import support
from snowdome.engine.dispatch import DISPATCH, Dispatch
from snowdome.engine.statements import STATEMENTS, Statements
from snowdome.objects import unsupported
from snowdome.objects.grants.privileges import PRIVILEGES
from snowdome.tools.assumptions import EXPERIMENTS, report

VERBS = ("CREATE", "ALTER", "DROP", "UNDROP", "SHOW")
YES, NO, EMPTY = "yes", "", "always empty"
_BLOCK = re.compile(r"(<!-- from snowdome: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """The document with its generated parts as they are now; a part that nothing makes is an error."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)


def statements(read: Statements = STATEMENTS, dispatch: Dispatch = DISPATCH) -> str:
    """Which statement is there for which kind of object, and which kinds are refused altogether."""
    served: dict[str, dict[str, str]] = {}
    refused: set[str] = set()
    for row in support.rows(read):
        verb, _, kind = row.statement.partition(" ")
        if not kind:
            continue
        if row.supported == support.REFUSED:
            refused.add(kind)
        else:
            served.setdefault(kind, {})[verb] = YES
    empty = {kind for kind, handler in dispatch.shown.items() if handler is unsupported.SHOWN.get(kind)}
    for kind in dispatch.shown:
        if kind not in empty:
            served.setdefault(kind, {})["SHOW"] = YES
        elif kind in served:
            served[kind]["SHOW"] = EMPTY
    lines = [f"| | {' | '.join(VERBS)} |", f"|---|{'---|' * len(VERBS)}"]
    lines += [f"| {kind} | {' | '.join(of.get(verb, NO) for verb in VERBS)} |" for kind, of in sorted(served.items())]
    whole = ", ".join(sorted(row.statement for row in support.rows(read) if " " not in row.statement))
    nowhere = sorted(refused - set(served))
    return "\n\n".join(
        [
            "\n".join(lines),
            f"And {whole}. A blank is refused by name.",
            _folded(
                f"Kinds of objects that cannot be made here, and are refused by name ({len(nowhere)})",
                ", ".join(nowhere),
            ),
            f"SHOW of these is empty, because there are none: {', '.join(sorted(empty))}.",
        ]
    )


def properties() -> str:
    """The properties of each statement, those served and those refused by name."""
    folds = []
    for row in support.rows():
        if row.properties or row.refused:
            served = ", ".join(f"`{name}`" for name in row.properties) or "none"
            text = f"Served: {served}."
            if row.refused:
                text += "\n\nRefused by name: " + ", ".join(f"`{name}`" for name in row.refused) + "."
            counts = f"{len(row.properties)} served, {len(row.refused)} refused"
            folds.append(_folded(f"{row.statement}: {counts}", text))
    return "\n".join(folds)


def privileges() -> str:
    """The privileges there are on each kind of object."""
    return _folded(
        f"Privileges of {len(PRIVILEGES)} kinds of objects",
        "\n".join(
            ["| | |", "|---|---|", *(f"| {kind} | {', '.join(of)} |" for kind, of in sorted(PRIVILEGES.items()))]
        ),
    )


def assumptions() -> str:
    """What is assumed of Snowflake, and the experiment that would tell."""
    return report.markdown(EXPERIMENTS)


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


PARTS: Mapping[str, Callable[[], str]] = {
    "statements": statements,
    "properties": properties,
    "privileges": privileges,
    "assumptions": assumptions,
}


def main(arguments: list[str] | None = None) -> None:
    """Print which statements are served, or bring the generated parts of a document up to date."""
    parser = argparse.ArgumentParser(prog="python -m snowdome.tools.docs_tables", description=main.__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, help="the document whose tables are made anew")
    document = parser.parse_args(arguments).write
    if document is None:
        sys.stdout.write(f"{statements()}\n\n{properties()}\n")
    else:
        document.write_text(written(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
