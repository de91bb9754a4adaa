"""What all tests may use, and how they share workers: tests that share a server or a stack stay together."""

from __future__ import annotations

import pytest

pytest_plugins = ["snowdome.pytest_plugin"]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests run in one worker, and so do all of a folder with one stack: see `--dist loadgroup`."""
    for item in items:
        folder = item.path.parent.name
        group = folder if folder in {"e2e", "stages"} else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
