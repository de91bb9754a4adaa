"""A runaway environment: its warehouse never stops, and hours pass on the account's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import httpx

from sluice.airflow_client.api import AirflowApi
from sluice.airflow_client.follow import follow
from sluice.devstack.production import Observer
from sluice.devstack.script_runner import ScriptLog
from sluice.devstack.stack import Stack
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.steps import Change
from sluice.errors import StopError
from sluice.operations.budgets.budgets import read
from sluice.snowflake.connect import connect
from sluice.snowflake.provisioning_sql import alter_warehouse
from sluice.snowflake.statements import resume

_CHECKS = 20
_BETWEEN = 600
"""Seconds of the account's time between two checks."""


class Runaway:
    """A feature environment whose warehouse keeps running, and how the budget restricts it."""

    def __init__(self, stack: Stack, log: ScriptLog, alice: AirflowApi) -> None:
        self.stack, self.log, self.alice = stack, log, alice
        warehouse = control_warehouse(Identifier("SLUICE")).name
        self.administrator = replace(Observer(stack.environment).administrator(), warehouse=warehouse)

    def play(self) -> str:
        """Return a summary: it was limited, then suspended, and nothing else was touched."""
        self._advance_to_morning()
        name = self._create_environment()
        warehouse = Identifier(f"{name.upper()}_WH")
        with connect(self.administrator) as session:
            session.run(alter_warehouse(warehouse, [Change("auto_suspend", "60", 0)], Marker(name)))
            session.run(resume(warehouse))
        restrictions: list[str] = []
        for number in range(1, _CHECKS + 1):
            self._advance(_BETWEEN)
            self._check_budgets()
            current = self._restrictions()
            if current.get(name, "free") not in {*restrictions, "free"}:
                restrictions.append(current[name])
                self.log.say(f"{name} is {current[name]} after {number * _BETWEEN // 60} minutes of the account's time")
            if others := {other: state for other, state in current.items() if other != name and state != "free"}:
                raise StopError("the budget touched another environment", where="budget_check", value=others)
            if restrictions[-1:] == [str(Restriction.SUSPENDED)]:
                minutes = number * _BETWEEN // 60
                return f"{name}: {', then '.join(restrictions)}, after {minutes} minutes; nothing else was touched"
        raise StopError("it was not suspended", where=name, value=restrictions)

    def _create_environment(self) -> str:
        values = {"kind": "feature", "feature": "runaway", "owner": "alice", "base": "empty", "size": "LARGE"}
        run = self.alice.trigger("provision_environment", environment="a new one", reason="a demo", **values)
        ended = follow(self.alice, run, self.log.say)
        if ended.state != "success":
            raise StopError("the environment was not created", where=run.dag_id, value=ended.failed_task())
        return str(ended.reports["apply"]["environment"])

    def _check_budgets(self) -> None:
        run = self.alice.trigger("budget_check")
        ended = follow(self.alice, run, lambda _: None)
        if ended.state != "success":
            raise StopError("the check failed", where=run.dag_id, value=ended.failed_task())

    def _restrictions(self) -> dict[str, str]:
        with connect(self.administrator) as session:
            return {name: str(state.restriction) for name, state in read(session).items()}

    def _advance_to_morning(self) -> None:
        """Advance the clock to an hour past midnight, so that the budget's day does not end meanwhile."""
        now = datetime.fromisoformat(str(self._clock()["now"]))
        self._advance(int((25 - now.hour - now.minute / 60) * 3600))

    def _advance(self, seconds: int) -> None:
        self._clock({"advance_seconds": seconds})

    def _clock(self, setting: dict[str, int] | None = None) -> dict[str, object]:
        address = f"http://127.0.0.1:{self.stack.environment.account_port}/snowdome/clock"
        answer = httpx.post(address, json=setting, timeout=60) if setting else httpx.get(address, timeout=60)
        return dict(answer.raise_for_status().json())
