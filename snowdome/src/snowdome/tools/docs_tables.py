"""The parts of README.md that are read off snowdome itself: what is served, and what is assumed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from snowdome.engine import support_tables
from snowdome.tools.assumptions import EXPERIMENTS, report

_BLOCK = re.compile(r"(<!-- from snowdome: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """The document with its generated parts as they are now; a part that nothing makes is an error."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)


def assumptions() -> str:
    """What is assumed of Snowflake, and the experiment that would tell."""
    return report.markdown(EXPERIMENTS)


PARTS: Mapping[str, Callable[[], str]] = {
    "statements": support_tables.statements,
    "properties": support_tables.properties,
    "privileges": support_tables.privileges,
    "assumptions": assumptions,
}


def main(arguments: list[str] | None = None) -> None:
    """Bring the generated parts of a document up to date."""
    parser = argparse.ArgumentParser(prog="python -m snowdome.tools.docs_tables", description=main.__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, required=True, help="the document")
    document = parser.parse_args(arguments).write
    document.write_text(written(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
