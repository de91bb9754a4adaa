"""What all tests may use, and how they share workers: tests that share a server or a stack stay together."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["snowdome.pytest_plugin"]

TOGETHER = {"e2e", "stages"}
"""Folders whose tests share one stack, or one shop."""


class ByStack(LoadScopeScheduling):  # type: ignore[misc]  # xdist comes without types
    """A file's tests run in one worker, and so do all tests of a folder that shares something."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.split("::", 1)[0])
        return path.parent.name if path.parent.name in TOGETHER else str(path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByStack:
    """Share the tests out among the workers, see `-n` in the Makefile."""
    return ByStack(config, log)
