"""The trigger of sluice's sensors: it holds primitives, looks off the event loop, and yields once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from sluice.errors import RetryError, SluiceError

__all__ = ["ConditionTrigger"]


class ConditionTrigger(BaseTrigger):
    """Fires once an environment is as wanted, or with the reason why it never will be."""

    def __init__(self, *, condition: str, environment: str, wanted: dict[str, str | None], seconds: float) -> None:
        super().__init__()
        self.condition = condition
        self.environment = environment
        self.wanted = wanted
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the trigger is made of again in the triggerer."""
        arguments = {
            "condition": self.condition,
            "environment": self.environment,
            "wanted": self.wanted,
            "seconds": self.seconds,
        }
        return "sluice.airflow.triggers.ConditionTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, sleep, look again; an account that is busy is asked again."""
        while True:
            try:
                found = await sync_to_async(self.look)()
            except RetryError as busy:
                self.log.info("%s; looking again in %s s", busy.message, self.seconds)
                found = None
            except SluiceError as error:
                yield TriggerEvent({"error": f"{error}\n  {error.advice}"})
                return
            if found is not None:
                yield TriggerEvent({"facts": found})
                return
            await asyncio.sleep(self.seconds)

    def look(self) -> dict[str, str | None] | None:
        """Return the facts once the condition holds."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.conditions import look

        return look(airflow_workspace(), self.condition, self.environment, self.wanted)
