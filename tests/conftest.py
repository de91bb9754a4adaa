"""What all tests may use, and how they share workers: tests that share a server or a stack stay together."""

from __future__ import annotations

import pytest

pytest_plugins = ["snowdome.pytest_plugin"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """A file's tests run in one worker, and so do all of a folder with one stack: see `--dist loadgroup`."""
    folder = item.path.parent.name
    item.add_marker(pytest.mark.xdist_group(folder if folder in {"e2e", "stages"} else item.path.stem))
