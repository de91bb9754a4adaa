"""A person approves: never the one who started it, and seeing what is approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from sluice.airflow.approval_page import Question, about_cost, about_marginal, about_promotion
from sluice.airflow.links import LINKS
from sluice.airflow.operators.arguments import Arguments
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict, worst
from sluice.errors import RefusedError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from sluice.domain.promotion.clearance import About

_PATIENCE = timedelta(days=3)
"""How long a question waits unless the task says otherwise: over a weekend."""


class ApproveDeploymentOperator(ApprovalOperator):
    """A person other than the deployment's actor has approved; a rejection fails the run before it changes anything.

        ApproveDeploymentOperator(
            task_id="approve", deployment=plan.output["deployment"], reports=[plan.output], approvers=["ann", "bob"]
        )

    The task waits without a worker, three days unless `response_timeout` says otherwise. XCom has Airflow's answer
    (`chosen_options`, `responded_by_user` …), the journal who approved what, and what was live then.

    Args:
        deployment: What a plan has left in XCom under the key `deployment`.
        reports: The reports of the tasks before it, in a list: they are shown.
        approvers: Airflow user ids. Empty: anyone who may edit the DAG.
        **arguments: As for Airflow's `ApprovalOperator`: `task_id`, `response_timeout`, `notifiers` …

    Raises:
        AirflowFailException: a rejection, an answer of the deployment's own actor, or no other approver than that one.
    """

    about: ClassVar[About | None] = "promotion"
    """What the answer is about, for the journal; None: it is not kept there."""
    custom_operator_name = "Ask for approval"
    template_fields: Sequence[str] = (*ApprovalOperator.template_fields, "deployment", "reports", "approvers")
    operator_extra_links: Sequence[BaseOperatorLink] = LINKS

    def __init__(
        self,
        *,
        deployment: Any,
        reports: Any,
        approvers: str | Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        arguments = {
            "subject": "Approve this deployment?",
            "body": "",
            # Airflow 3.3's scheduler fails a task that is answered in the moment it parks: then it is asked once more.
            "retries": 2,
            "retry_delay": timedelta(seconds=5),
            "fail_on_reject": True,
            "response_timeout": _PATIENCE,
        } | arguments
        super().__init__(**arguments)
        self.deployment = deployment
        self.reports = reports
        self.approvers = approvers

    def execute(self, context: Context) -> Any:
        """The question is put to the approvers, with the plan and the evidence so far; the task waits for no worker."""
        deployment, reports = self.given()
        others = self.others(deployment)
        question = self.question(deployment, reports, others)
        self.subject, self.body = question.subject, question.body
        self.assigned_users = [{"id": user, "name": user} for user in others]
        self.log.info("%s", self.subject)
        self.log.info("asking %s", ", ".join(others) or f"anyone who may edit this DAG, except {deployment.actor}")
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """The answer counts only if it is not the actor's own."""
        deployment, reports = self.given()
        responder: Mapping[str, str] = event.get("responded_by_user") or {}
        if deployment.actor in {responder.get("id"), responder.get("name")}:
            raise AirflowFailException(
                f"{deployment.actor} started this deployment and answered it too; another person has to. "
                f"{deployment.environment} is untouched."
            )
        self.log.info("answered by %s: %s", responder.get("name"), event.get("chosen_options"))
        try:
            result = super().execute_complete(context, event)
        except HITLTimeoutError as late:  # asked again, it would wait as long again
            text = f"nobody has answered within {self.response_timeout}: {deployment.environment} stays as it is"
            raise AirflowFailException(text) from late
        except HITLRejectException as no:
            text = f"{responder.get('name') or 'somebody'} rejected it: {deployment.environment} stays as it is"
            self.log.error("%s", text)  # noqa: TRY400 (the message is for people; the traceback follows)
            raise AirflowFailException(text) from no
        self.keep(deployment, reports, responder.get("name") or responder.get("id") or "somebody")
        return result

    def keep(self, deployment: Deployment, reports: list[StageReport], approver: str) -> None:
        """Leave in the journal who approved, and what was shown: the cut-over asks for it there."""
        if self.about is None:
            return
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.promotion.approvals import record

        record(airflow_workspace(), deployment, self.about, reports, approver)

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return what is asked: a line for Airflow's list of required actions, and the page behind it."""
        return about_promotion(deployment, reports[0], approvers)

    def given(self) -> tuple[Deployment, list[StageReport]]:
        """Return the deployment and the reports so far, as values."""
        return (
            Deployment.from_json(self.deployment),
            [StageReport.from_json(report) for report in self.reports if report],
        )

    def others(self, deployment: Deployment) -> list[str]:
        """Return the approvers without the actor; refuse when nobody is left."""
        approvers = Arguments({"approvers": self.approvers}).lines("approvers")
        others = [user for user in approvers if user != deployment.actor]
        if approvers and not others:
            error = RefusedError(
                "the only approver is who started this deployment",
                where=f"{deployment.environment}: promotion.approvers",
                value=deployment.actor,
                good="a second Airflow user id",
                untouched=deployment.environment,
            )
            raise AirflowFailException(str(error))
        return others


class ApproveMarginalOperator(ApproveDeploymentOperator):
    """When the gates call the candidate marginal, a person decides; when all pass, nobody is asked.

        ApproveMarginalOperator(task_id="accept", deployment=plan.output["deployment"], reports=[judge.output])

    Args:
        deployment: What a plan has left in XCom under the key `deployment`.
        reports: The reports of the tasks whose evidence counts, in a list.
        approvers: Airflow user ids. Empty: anyone who may edit the DAG.
        **arguments: As for Airflow's `ApprovalOperator`: `task_id`, `response_timeout`, `notifiers` …
    """

    about: ClassVar[About | None] = "marginal"
    custom_operator_name = "Ask if marginal"

    def execute(self, context: Context) -> Any:
        """Go on at once unless a gate is marginal."""
        _, reports = self.given()
        evidence = _evidence(reports)
        if not evidence or worst(evidence) is Verdict.PASS:
            self.log.info("all of it passed: nobody needs to be asked")
            return None
        return super().execute(context)

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question about what the gates call marginal."""
        return about_marginal(deployment, _evidence(reports), approvers)


class ApproveCostOperator(ApproveMarginalOperator):
    """When a build may cost more than is left of the day's budget, a person decides; else nobody is asked.

        ApproveCostOperator(task_id="accept_cost", deployment=plan.output["deployment"], reports=[plan.output])

    Args:
        deployment: What a plan has left in XCom under the key `deployment`.
        reports: The report of the plan, in a list.
        approvers: Airflow user ids. Empty: anyone who may edit the DAG.
        **arguments: As for Airflow's `ApprovalOperator`: `task_id`, `response_timeout`, `notifiers` …
    """

    about: ClassVar[About | None] = "cost"
    custom_operator_name = "Ask about cost"

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question about the predicted cost."""
        return about_cost(deployment, reports[0], approvers)


def _evidence(reports: list[StageReport]) -> list[Evidence]:
    return [each for report in reports for each in report.evidence]
