"""What all tests may use, and how they share workers: what shares a server or a stack stays together, longest first."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["snowdome.pytest_plugin"]

TOGETHER = {"e2e", "stages"}
"""Folders whose tests share one stack, or one shop."""
ALONE = {
    "tests/e2e/test_own_project_page.py",
    "tests/e2e/test_stack_stops.py",
    "tests/stages/test_environment_check.py",
    "tests/stages/test_further_environments.py",
    "tests/stages/test_gates.py",
    "tests/stages/test_own_environment.py",
    "tests/stages/test_project_check.py",
    "tests/stages/test_promotion_way.py",
    "tests/stages/test_quoted_names.py",
    "tests/stages/test_stopped_compute.py",
    "tests/stages/test_validate.py",
}
"""Files in such folders that use nothing of what the others share: a stack or an account of their own, or none."""
SECONDS = {
    "e2e": 1770,
    "stages": 1680,
    "tests/airflow/test_groups.py": 1500,
    "tests/airflow/test_plain_dags.py": 630,
    "tests/stages/test_validate.py": 620,
    "tests/stages/test_further_environments.py": 430,
    "tests/stages/test_own_environment.py": 400,
    "snowdome/tests/test_snowdome_kill.py": 370,
    "tests/stages/test_quoted_names.py": 370,
    "tests/e2e/test_own_project_page.py": 360,
    "tests/dbt/test_olist_build.py": 310,
    "tests/stages/test_promotion_way.py": 290,
    "tests/snowflake/test_hours_and_budgets.py": 280,
    "tests/cli/test_init.py": 270,
    "tests/installing/test_installed.py": 250,
    "snowdome/tests/test_snowdome_load.py": 240,
    "tests/airflow/test_examples.py": 230,
    "tests/stages/test_stopped_compute.py": 200,
    "tests/airflow/test_flows.py": 120,
    "tests/stages/test_project_check.py": 120,
    "tests/airflow/test_store.py": 100,
    "tests/cli/test_dbt.py": 100,
    "tests/cli/test_start.py": 100,
    "snowdome/tests/test_ledger.py": 90,
    "snowdome/tests/test_snowdome_dbt.py": 90,
    "tests/cli/test_empty_account.py": 90,
    "tests/snowflake/test_sweep.py": 80,
    "tests/airflow/test_form_readers.py": 60,
    "tests/snowflake/test_renewal.py": 60,
    "tests/cli/test_documented_alone.py": 50,
    "tests/snowflake/test_hours.py": 50,
    "tests/snowflake/test_lifecycle.py": 50,
    "tests/snowflake/test_overview.py": 50,
    "tests/snowflake/test_ledger_chaos.py": 45,
    "tests/snowflake/test_provisioning.py": 45,
}
"""About what a scope of tests takes, where that is more than its number of tests lets expect: what begins first."""
USUAL = 0.3
"""What a test takes otherwise."""
NIGHTLY = "SLUICE_EVERY_FAULT"


def scope_of(nodeid: str) -> str:
    """Return what a test shares a worker with: its file, or a folder of which all tests share something."""
    path = PurePosixPath(nodeid.split("::", 1)[0])
    return path.parent.name if path.parent.name in TOGETHER and str(path) not in ALONE else str(path)


class ByStack(LoadScopeScheduling):  # type: ignore[misc]  # xdist comes without types
    """A file's tests run in one worker, and so do all tests of a folder that shares something."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByStack:
    """Share the tests out among the workers, in the order that `pytest_collection_modifyitems` gives them."""
    config.option.loadscopereorder = False
    return ByStack(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nightly tests wait for the night; what takes longest begins first: no worker is left with it at the end."""
    if not os.environ.get(NIGHTLY):
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        if nightly:
            config.hook.pytest_deselected(items=nightly)
            items[:] = [item for item in items if not item.get_closest_marker("nightly")]
    counts = Counter(scope_of(item.nodeid) for item in items)
    order = {scope: number for number, scope in enumerate(counts)}
    weights = {scope: SECONDS.get(scope, USUAL * count) for scope, count in counts.items()}
    items.sort(key=lambda item: (-weights[scope := scope_of(item.nodeid)], order[scope]))
