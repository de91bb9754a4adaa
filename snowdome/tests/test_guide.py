"""README.md: its generated parts are those that snowdome makes now."""

from __future__ import annotations

import re
from pathlib import Path

from snowdome.tools import docs_tables

DOCUMENT = Path(__file__).parents[1] / "README.md"
UPDATE = "bring it up to date: python -m snowdome.tools.docs_tables --write snowdome/README.md"


def test_the_document_is_current() -> None:
    """The tables of what is served and what is assumed are as the grammar and the experiments say."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert docs_tables.written(text) == text, UPDATE


def test_every_part_is_in_the_document() -> None:
    """No part that snowdome makes of itself is missing."""
    found = re.findall(r"<!-- from snowdome: (\w+) -->", DOCUMENT.read_text(encoding="utf-8"))
    assert sorted(found) == sorted(docs_tables.PARTS)


def test_every_control_is_in_the_document() -> None:
    """Each route beside Snowflake's protocol is documented."""
    from snowdome.server.control import routes

    text = DOCUMENT.read_text(encoding="utf-8")
    for route in routes(None):  # type: ignore[arg-type]
        assert route.path in text
        for method in sorted(set(route.methods or ()) - {"HEAD"}):
            assert method in text
