"""A person says yes: never the one who started it, and seeing what they say yes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from sluice.airflow.explain import approval_page
from sluice.domain.deployments import Deployment, StageReport
from sluice.domain.gates import Verdict, worst
from sluice.errors import RefusedError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApproveDeployment(ApprovalOperator):
    """A person other than the deployment's actor has approved; a rejection fails the run before it changes anything.

    `approvers` are Airflow user ids; empty: anyone who may edit the DAG. `reports` are the stage reports to show.
    """

    template_fields: Sequence[str] = (*ApprovalOperator.template_fields, "deployment", "reports")

    def __init__(
        self,
        *,
        deployment: Any,
        reports: Any,
        approvers: Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        arguments = {
            "subject": "Approve this deployment?",
            "body": "",
            # Airflow 3.3's scheduler fails a task that is answered in the moment it parks: then it is asked once more.
            "retries": 2,
            "retry_delay": timedelta(seconds=5),
            "fail_on_reject": True,
        } | arguments
        super().__init__(**arguments)
        self.deployment = deployment
        self.reports = reports
        self.approvers = approvers

    def execute(self, context: Context) -> Any:
        """The question is put to the approvers, with the plan and the evidence so far; the task waits for no worker."""
        deployment, reports = self.asked()
        self.subject = self.question(deployment)
        self.body = approval_page(deployment, reports)
        self.assigned_users = [{"id": user, "name": user} for user in self.others(deployment)]
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """The answer counts only if it is not the actor's own."""
        deployment, _ = self.asked()
        responder: Mapping[str, str] = event.get("responded_by_user") or {}
        if deployment.actor in {responder.get("id"), responder.get("name")}:
            raise AirflowFailException(
                f"{deployment.actor} started this deployment and answered it too; another person has to. "
                f"{deployment.environment} is untouched."
            )
        self.log.info("answered by %s: %s", responder.get("name"), event.get("chosen_options"))
        try:
            return super().execute_complete(context, event)
        except HITLRejectException as no:
            raise AirflowFailException(f"{responder.get('name') or 'somebody'} said no") from no

    def question(self, deployment: Deployment) -> str:
        """Return what is asked, in one line."""
        return f"Bring release {deployment.release} to {deployment.environment}?"

    def asked(self) -> tuple[Deployment, list[StageReport]]:
        """Return the deployment and the reports so far, as values."""
        return (
            Deployment.from_json(self.deployment),
            [StageReport.from_json(report) for report in self.reports if report],
        )

    def others(self, deployment: Deployment) -> list[str]:
        """Return the approvers without the actor; refuse when nobody is left."""
        others = [user for user in self.approvers if user != deployment.actor]
        if self.approvers and not others:
            error = RefusedError(
                "the only approver is who started this deployment",
                where=f"{deployment.environment}: promotion.approvers",
                value=deployment.actor,
                good="a second Airflow user id",
                untouched=deployment.environment,
            )
            raise AirflowFailException(str(error))
        return others


class AcceptMarginal(ApproveDeployment):
    """When the gates call the candidate marginal, a person decides; when all pass, nobody is asked."""

    def execute(self, context: Context) -> Any:
        """Go on at once unless a gate is marginal."""
        _, reports = self.asked()
        evidence = [one for report in reports for one in report.evidence]
        if not evidence or worst(evidence) is Verdict.PASS:
            self.log.info("all of it passed: nobody needs to be asked")
            return None
        return super().execute(context)
