"""A command line beside a running stack works with that stack's Airflow: its connections and its store."""

from __future__ import annotations

import os
from pathlib import Path

from sluice.laptop.stack import read_state


def attach(root: Path) -> str | None:
    """Have this process use the stack that runs under build/, and return its name.

    Where AIRFLOW_HOME names another Airflow, or nothing runs, everything stays as it is.
    """
    if "AIRFLOW_HOME" in os.environ:
        return None
    for state in sorted((root / "build").glob("*/stack.json")):
        if any(service.running for service in read_state(state)):
            home = state.parent
            os.environ["AIRFLOW_HOME"] = str(home / "airflow")
            os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home / 'airflow' / 'airflow.db'}"
            os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
            os.environ.setdefault("SLUICE_STORE", f"file://{home / 'store'}")
            return home.name
    return None
