"""Accounts and projects to measure on: the tests' shop, with as many generated models as a benchmark wants."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snowdome.pytest_plugin import Snowdome

# The shop of the stages' tests, under the name by which they import it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "stages"))

from shop import Shop, open_shop


@contextmanager
def account() -> Iterator[Snowdome]:
    """A fresh snowdome in memory."""
    server = Snowdome()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def shop(models: int = 0) -> Iterator[Shop]:
    """A shop with three environments on an account of its own, and that many generated models beside its five."""
    with account() as server, tempfile.TemporaryDirectory() as folder:
        opened = open_shop(server.port, Path(folder))
        if models:
            opened.write(**generated(models))
        yield opened


def generated(models: int) -> dict[str, str]:
    """A tree of models, three children each, every one reading its parent; the last one is a leaf."""
    return {
        f"m{number:04d}": "select 1 as id, 10 as amount"
        if number == 0
        else f"select id, amount + {number} as amount from {{{{ ref('m{(number - 1) // 3:04d}') }}}}"
        for number in range(models)
    }


__all__ = ["Shop", "account", "generated", "open_shop", "shop"]
