"""What parsing every shipped DAG file costs a scheduler, beyond importing Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
PARSE = """
import json, runpy, sys, time
from airflow.sdk import DAG, Asset, Param, TaskGroup, dag, task
import airflow.providers.standard.operators.hitl
started = time.perf_counter()
for path in sys.argv[1:]:
    runpy.run_path(path)
print("SECONDS", json.dumps(time.perf_counter() - started))
"""


def measure(*, quick: bool) -> list[Figure]:
    """Parse all DAG files in a fresh process, a few times, and keep the fastest."""
    files = sorted(str(path) for path in (ROOT / "dags").glob("*.py"))
    seconds = min(_parse(files) for _ in range(2 if quick else 5))
    return [Figure(f"parse of {len(files)} DAG files beyond importing Airflow", seconds, "s", bar="<= 0.3 s")]


def _parse(files: list[str]) -> float:
    with tempfile.TemporaryDirectory() as home:
        surroundings = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
        done = subprocess.run(
            [sys.executable, "-c", PARSE, *files], env=surroundings, capture_output=True, text=True, check=True
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("SECONDS "))
    return float(json.loads(line.removeprefix("SECONDS ")))
