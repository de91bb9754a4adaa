"""The shop on an account of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop, open_shop
from snowdome.pytest_plugin import Snowdome


@pytest.fixture(scope="module")
def server() -> Iterator[Snowdome]:
    """An account in memory for the tests of a module."""
    running = Snowdome()
    yield running
    running.close()


@pytest.fixture(scope="module")
def shop(server: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop, provisioned, nothing deployed."""
    return open_shop(server.port, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def open_for_business(shop: Shop) -> Shop:
    """The shop with its first release live in production."""
    shop.validated()
    shop.promote("prod")
    return shop
