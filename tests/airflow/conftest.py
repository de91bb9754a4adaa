"""One Airflow home for this folder's tests, set before anything imports Airflow."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="sluice-airflow-"))
os.environ |= {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "SLUICE_ROOT": str(ROOT),
}
