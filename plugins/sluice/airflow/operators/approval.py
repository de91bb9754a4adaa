"""A person says yes: never the one who started it, and seeing what they say yes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from sluice.airflow.approval_page import Question, about_cost, about_marginal, about_promotion
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, worst
from sluice.errors import RefusedError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApproveDeployment(ApprovalOperator):
    """A person other than the deployment's actor has approved; a rejection fails the run before it changes anything.

    `approvers` are Airflow user ids; empty: anyone who may edit the DAG. `reports` are the stage reports to show.
    """

    custom_operator_name = "Ask for approval"
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
        others = self.others(deployment)
        question = self.question(deployment, reports, others)
        self.subject, self.body = question.subject, question.body
        self.assigned_users = [{"id": user, "name": user} for user in others]
        self.log.info("%s", self.subject)
        self.log.info("asking %s", ", ".join(others) or f"anyone who may edit this DAG, except {deployment.actor}")
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
            said = f"{responder.get('name') or 'somebody'} said no: {deployment.environment} stays as it is"
            self.log.error("%s", said)  # noqa: TRY400 (the message is for people; the traceback follows)
            raise AirflowFailException(said) from no

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return what is asked: a line for Airflow's list of required actions, and the page behind it."""
        return about_promotion(deployment, reports[0], approvers)

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

    custom_operator_name = "Ask if marginal"

    def execute(self, context: Context) -> Any:
        """Go on at once unless a gate is marginal."""
        _, reports = self.asked()
        evidence = _evidence(reports)
        if not evidence or worst(evidence) is Verdict.PASS:
            self.log.info("all of it passed: nobody needs to be asked")
            return None
        return super().execute(context)

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question about what the gates call marginal."""
        return about_marginal(deployment, _evidence(reports), approvers)


class AcceptCost(AcceptMarginal):
    """When a build may cost more than is left of the day's budget, a person decides; else nobody is asked."""

    custom_operator_name = "Ask about cost"

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question about the predicted cost."""
        return about_cost(deployment, reports[0], approvers)


def _evidence(reports: list[StageReport]) -> list[Evidence]:
    return [each for report in reports for each in report.evidence]
