"""What many tests find on their account: environments as they are shipped, see `account` in conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from snowdome.pytest_plugin import Snowdome


@cache
def provisioned(*names: str) -> Callable[[Snowdome, Workspace], None]:
    """Return what provisions those environments; the same for all tests that want the same ones."""

    def make(account: Snowdome, work: Workspace) -> None:
        for name in names:
            provision(work, name, work.now(), holder=name)

    return make
