"""The account is brought to what a spec says, be it of a standing environment or of a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.ephemeral import request, wanted
from sluice.airflow.operators.form import Form
from sluice.airflow.triggered_by import actor

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.operations.provisioning.provision import Provisioned
    from sluice.operations.workspace import Workspace


class Provision(SluiceOperator):
    """Database, warehouse, roles, grants and tags of the run's environment are as its spec says; again: no change."""

    custom_operator_name = "Provision"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Apply what differs, under the environment's lock; a retry goes on where it stopped."""
        done = self._provisioned(workspace, context)
        for line in done.steps:
            self.log.info("%s", line)
        self.log.info("%d steps, %d statements", len(done.steps), done.statements)
        if ENVIRONMENTS in self.outlets:
            context["outlet_events"][ENVIRONMENTS].extra = {"environment": done.environment, "actor": actor(context)}
        return done.to_json()

    def _provisioned(self, workspace: Workspace, context: Context) -> Provisioned:
        from sluice.operations.ephemeral.creation import create
        from sluice.operations.provisioning.provision import provision

        name, kind = wanted(Form.of(context))
        now, who = workspace.now(), actor(context)
        holder = f"provision {context['ti'].run_id}"
        if kind is None:
            return provision(workspace, name, now, holder=holder, actor=who)
        return create(workspace, kind, request(workspace, kind, context), now, holder=holder, actor=who)
