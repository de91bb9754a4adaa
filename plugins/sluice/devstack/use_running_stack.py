"""A command line beside a running stack works with that stack's Airflow: its connections and its store."""

from __future__ import annotations

import os
from pathlib import Path


def attach(root: Path) -> str | None:
    """Have this process use the stack that runs under build/, and return its name.

    Where AIRFLOW_HOME names another Airflow, or nothing runs, everything stays as it is.
    """
    if "AIRFLOW_HOME" in os.environ:
        return None
    home = running(root)
    if home is None:
        return None
    os.environ["AIRFLOW_HOME"] = str(home / "airflow")
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home / 'airflow' / 'airflow.db'}"
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ.setdefault("SLUICE_STORE", f"file://{home / 'store'}")
    return home.name


def running(root: Path) -> Path | None:
    """Return the folder of the first stack under build/ that runs; None: none does."""
    files = sorted((root / "build").glob("*/stack.json"))
    if not files:
        return None
    from sluice.devstack.stack import read_state

    return next((file.parent for file in files if any(service.running for service in read_state(file))), None)


def checkout(root: Path) -> bool:
    """Return whether `make up` is a thing to say: the folder is this project's, with its Makefile."""
    return (root / "Makefile").is_file() and (root / "plugins" / "sluice" / "devstack").is_dir()
