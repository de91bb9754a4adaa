"""The shop on an account of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop, open_shop, provision_all, write_shop

from snowdome.pytest_plugin import Snowdome


@pytest.fixture(scope="session")
def _account(_snowdome_servers: Any) -> Iterator[Snowdome]:
    with _snowdome_servers.fresh() as running:
        running.morning()
        yield running


@pytest.fixture
def server(_account: Snowdome) -> Iterator[Snowdome]:
    """The account of all tests of the stages; no fault outlives the test that asked for it."""
    yield _account
    _account.no_faults()


@pytest.fixture(scope="session")
def shop(_account: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop, provisioned, nothing deployed."""
    return open_shop(_account.port, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def new_shop(snowdome_module: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop on an account of its own, where nothing was ever deployed: provisioned once, then restored."""
    shop = write_shop(snowdome_module.port, tmp_path_factory.mktemp("new_shop"))
    snowdome_module.prepare("the shop's environments", lambda: provision_all(shop))
    return shop


@pytest.fixture(scope="session")
def running_shop(shop: Shop) -> Shop:
    """The shop with a first release live in production; each test deploys a release of its own on top."""
    shop.validated()
    shop.promote("prod")
    return shop
