"""`python -m sluice.devstack.preload scheduler …`: Airflow's own command, with what our tasks import imported before.

LocalExecutor forks its workers from the scheduler; what the scheduler has imported, no task imports again. On a laptop
that is most of the time of a short task, and the forks share the memory.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

IMPORTED_BY_TASKS = (
    "sluice.airflow.flows",
    "sluice.airflow.workspace",
    "sluice.operations.promotion.stages",
    "sluice.operations.refresh.refresh",
    "sluice.operations.rollback.rollback",
    "sluice.operations.provisioning.provision",
    "dbt.cli.main",
    "dbt.adapters.snowflake",
)
SAMPLE_DATA = "include.olist.load"
"""Absent in your own project."""


def main() -> None:
    """Import what tasks need, then run Airflow's command line in this process."""
    for module in IMPORTED_BY_TASKS:
        importlib.import_module(module)
    with suppress(ModuleNotFoundError):
        importlib.import_module(SAMPLE_DATA)
    from airflow.__main__ import main as airflow

    sys.argv[0] = "airflow"
    airflow()


if __name__ == "__main__":
    main()
