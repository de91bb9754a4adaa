"""What the local stack needs beyond production: the packages of the extra `local`."""

from __future__ import annotations

from importlib.util import find_spec

from sluice.errors import SpecError

MODULES = ("psutil", "snowdome")


def require_local() -> None:
    """Refuse where the extra is not installed, before anything is started."""
    missing = [name for name in MODULES if find_spec(name) is None]
    if missing:
        raise SpecError(
            "the embedded account needs packages that production does not",
            where="python -m sluice.devstack",
            value=f"not installed: {', '.join(missing)}",
            good="pip install 'airflow-sluice[local]', or make install in a checkout",
            untouched="everything",
        )
