"""What all tests may use, and how they share workers: a file's tests stay together, all end-to-end tests as one."""

from __future__ import annotations

import pytest

pytest_plugins = ["snowdome.pytest_plugin"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a server or a stack run in one worker: see `--dist loadgroup` in the Makefile."""
    for item in items:
        group = "e2e" if "e2e" in item.path.parts else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
