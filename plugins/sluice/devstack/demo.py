"""`make demo`: provision, promote to production, refuse bad releases and roll back, on real Airflow processes."""

from __future__ import annotations

import json
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from sluice.devstack.demo_script import PROJECT, Script
from sluice.devstack.memory import MemoryWatch
from sluice.devstack.script_runner import ScriptLog
from sluice.devstack.stack import Stack
from sluice.errors import SluiceError

OF_A_RUN = ("account", "airflow", "logs", "project", "scratch", "store")


def demo(root: Path, scale: float) -> int:
    """Run the script, stop everything, and return the exit code."""
    log, started = ScriptLog(), time.monotonic()
    home, record = root / "build" / "demo", root / "build" / "demo.json"
    signal.signal(signal.SIGTERM, _interrupt)
    result: dict[str, object] = {"scale": scale, "ok": False}
    try:
        _play(root, home, scale, log, result)
        result["ok"] = True
    except SluiceError as error:
        log.console.print(f"\n{error}\n", style="red", markup=False, highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        log.console.print("\ninterrupted: everything is stopped", style="red")
    result |= {"seconds": round(time.monotonic() - started, 1), "steps": [step.to_json() for step in log.steps]}
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps(result, indent=2) + "\n")
    log.console.print("", log.table("The demo"), highlight=False)
    log.console.print(f"{result['seconds']} s; written to {record}", highlight=False)
    if not result["ok"]:
        log.console.print(f"It failed. Logs: {home}/logs (processes), {home}/airflow/logs (tasks)")
    return 0 if result["ok"] else 1


def _play(root: Path, home: Path, scale: float, log: ScriptLog, result: dict[str, object]) -> None:
    stack = Stack.at(root, "demo", project=home / "project", say=log.say)
    for old in OF_A_RUN:
        shutil.rmtree(home / old, ignore_errors=True)
    shutil.copytree(root / PROJECT, home / "project", ignore=shutil.ignore_patterns("target", "logs"))
    with ExitStack() as running:
        with log.step("Start an embedded Snowflake account and Airflow") as step:
            running.enter_context(stack)
            step.outcome = f"Airflow is at {stack.environment.url}"
        memory = running.enter_context(MemoryWatch(stack))
        alice, bob = (running.enter_context(stack.api(user)) for user in ("alice", "bob"))
        script = Script(stack, log, alice=alice, bob=bob, scale=scale)
        try:
            script.play()
        finally:
            result |= {
                "readers": script.seen.to_json(),
                "rollback": script.rollback,
                "peak_memory_gb": memory.gigabytes,
            }


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
