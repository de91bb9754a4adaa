"""Provisioning as tasks: the account is brought to what a spec says, of a specified environment or of a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sluice.airflow.approval_page import Question, about_environment
from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.operators.approval import ApproveDeploymentOperator
from sluice.airflow.operators.arguments import Arguments, required
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.plans import DEPLOYMENT
from sluice.airflow.triggered_by import actor
from sluice.domain.ephemeral.ephemeral_name import NEW
from sluice.domain.names import deployment_id
from sluice.domain.promotion.evidence import Verdict
from sluice.domain.promotion.promotion_plan import moment
from sluice.errors import SpecError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.ephemeral.templates import Request
    from sluice.domain.promotion.deployments import Deployment, StageReport
    from sluice.domain.promotion.evidence import Evidence
    from sluice.domain.specs.environment import EnvironmentSpec
    from sluice.operations.provisioning.provision import Provisioned
    from sluice.operations.workspace import Workspace

EMPTY = "empty"
"""The base of an environment that is a clone of nothing."""
WISHES = ("feature", "branch", "owner", "team", "base", "schemas", "at", "hours", "daily_usd", "size")
"""What only a new environment is given, beside its kind."""


class EnvironmentOperator(SluiceOperator):
    """What planning and provisioning have in common: the name of an environment, or the wishes for a new one."""

    template_fields: Sequence[str] = (
        "environment", "kind", "feature", "branch", "environment_owner", "team", "base", "schemas", "at", "hours",
        "daily_usd", "size", "reason",
    )  # fmt: skip
    fields: ClassVar[Mapping[str, str]] = {"environment_owner": "owner"}

    def __init__(
        self,
        *,
        environment: str | None = None,
        kind: str | None = None,
        feature: str | None = None,
        branch: str | None = None,
        environment_owner: str | None = None,
        team: str | None = None,
        base: str | None = None,
        schemas: str | Sequence[str] | None = None,
        at: str | None = None,
        hours: int | str | None = None,
        daily_usd: float | str | None = None,
        size: str | None = None,
        reason: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.kind = kind
        self.feature = feature
        self.branch = branch
        self.environment_owner = environment_owner
        self.team = team
        self.base = base
        self.schemas = schemas
        self.at = at
        self.hours = hours
        self.daily_usd = daily_usd
        self.size = size
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> tuple[str, str | None]:
        """Return which environment is asked for, and of which kind where it is a new one."""
        given = self.arguments()
        given.whole("hours")
        given.number("daily_usd")
        given.moment("at")
        return wanted(given)


class PlanEnvironmentOperator(EnvironmentOperator):
    """What provisioning would make, alter and grant is in the log and in XCom; nothing has changed.

        PlanEnvironmentOperator(task_id="explain", kind="feature", feature="user segmentation", reason="a new model")

    XCom has the plan's report, and under the key `deployment` what `ApproveEnvironmentOperator` takes.

    Args:
        environment: The name of a specified environment: it is made, or repaired. Not given: a new one.
        kind: Of a new one: which of include/environments/templates it is made from, e.g. `feature`.
        feature: Of a new one: what it is for, e.g. `user segmentation`: becomes part of its name. A new one needs a
            feature or a branch.
        branch: Of a new one: a git branch to name it after, instead of a feature.
        environment_owner: Of a new one: whose it is; in messages: `owner`. Not given: who triggered the run.
        team: Of a new one: whose budget it counts against (include/policies/prices.yml). Not given: no team's.
        base: Of a new one: the environment whose live database is cloned, or `empty`. Not given: the template's.
        schemas: Of a new one: only these schemas of the base: a list, or a text with one a line. Not given: all.
        at: Of a new one: the base as it was at this moment, ISO, in UTC where no zone is said. Not given: now.
        hours: Of a new one: hours to live, a whole number. Not given: the template's.
        daily_usd: Of a new one: its budget in US dollars a day, e.g. `7.5`. Not given: the template's.
        size: Of a new one: its warehouse's size, e.g. `SMALL`. Not given: the template's.
        reason: Why; kept in the journal.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, or more than the template allows; when the DAG file is read, if it
            is known then.
        RefusedError: the name is taken, or there is something in the way that is not sluice's.
    """

    custom_operator_name = "Explain"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Plan a new environment of the asked kind, or the repair of a specified one."""
        deployment, report = self.planned(workspace, context)
        context["ti"].xcom_push(key=DEPLOYMENT, value=deployment.to_json())
        return self.tell(report)

    def planned(self, workspace: Workspace, context: Context) -> tuple[Deployment, StageReport]:
        """Return what is asked for as a deployment, and its plan."""
        from sluice.domain.promotion.deployments import Deployment, StageReport
        from sluice.operations.budgets.admission import next_build
        from sluice.operations.ephemeral.creation import plan_create
        from sluice.operations.policies import policy_files
        from sluice.operations.provisioning.provision import as_text, explain, plan_provision

        name, kind = self.read()
        given, now, who = self.arguments(), workspace.now(), actor(context)
        evidence: tuple[Evidence, ...] = ()
        if kind is not None:
            spec, plan = plan_create(workspace, kind, request(workspace, kind, given, who, day_of(context)), now)
            name, evidence = spec.name, next_build(workspace, spec, policy_files().budgets(), now)
        else:
            plan = plan_provision(workspace, name, now)
        text = as_text(plan)
        self.log.info("%s", text)
        steps = [" ".join(line.split()) for line in text.splitlines()[1:]]
        facts: dict[str, object] = {"name": name, "counts": {"steps": len(steps)}, "steps": steps}
        if kind is not None:
            facts |= _described(spec)
        deployment = Deployment(
            id=deployment_id(now, context["ti"].run_id),
            environment=name,
            kind="provision",
            release="",
            reason=given.text("reason") or "",
            actor=who,
        )
        return deployment, StageReport("plan", f"{name}: {len(explain(plan))} steps", facts, evidence)


class ApproveEnvironmentOperator(ApproveDeploymentOperator):
    """Where the template of a new environment asks for it, or its cost, a person other than who asks has approved.

        ApproveEnvironmentOperator(task_id="approve", deployment=plan.output["deployment"], reports=[plan.output])

    Elsewhere nobody is asked.

    Args:
        deployment: What `PlanEnvironmentOperator` has left in XCom under the key `deployment`.
        reports: The report of that task, in a list.
        approvers: Airflow user ids. Not given: those of the kind's template.
        **arguments: As for Airflow's `ApprovalOperator`: `task_id`, `response_timeout`, `notifiers` …
    """

    about = None  # there is no such environment yet, so nothing that could be kept about it
    custom_operator_name = "Ask for approval"

    def execute(self, context: Context) -> Any:
        """Put the question with the plan, unless the kind needs no approval."""
        from sluice.airflow.workspace import airflow_workspace
        from sluice.operations.ephemeral.creation import template

        _, reports = self.given()
        kind = reports[0].facts.get("kind") if reports else None
        costly = [each for report in reports for each in report.evidence if each.verdict is not Verdict.PASS]
        chosen = template(airflow_workspace(), str(kind)) if kind else None
        if chosen is None or not (chosen.approval or costly):
            self.log.info("no approval is asked for this environment")
            return None
        self.approvers = self.approvers or chosen.approvers
        return super().execute(context)

    def question(self, deployment: Deployment, reports: list[StageReport], approvers: list[str]) -> Question:
        """Return the question whether the environment may be made."""
        return about_environment(deployment, reports[0], approvers)


class ProvisionEnvironmentOperator(EnvironmentOperator):
    """Database, warehouse, roles, grants and tags of an environment are as its spec says; again: no change.

        ProvisionEnvironmentOperator(task_id="dev", environment="dev")
        ProvisionEnvironmentOperator(
            task_id="make", kind="testing", branch="{{ params.branch }}", hours=4, daily_usd=5, reason="branch tests"
        )

    A new one is named after its feature or branch, its owner and the run's day: a retry goes on with the same one. XCom
    has `environment`, its name, the `steps` that were taken, the number of `statements`, and `notes`.

    Args:
        environment: The name of a specified environment: it is made, or repaired. Not given: a new one.
        kind: Of a new one: which of include/environments/templates it is made from, e.g. `feature`.
        feature: Of a new one: what it is for, e.g. `user segmentation`: becomes part of its name. A new one needs a
            feature or a branch.
        branch: Of a new one: a git branch to name it after, instead of a feature.
        environment_owner: Of a new one: whose it is; in messages: `owner`. Not given: who triggered the run.
        team: Of a new one: whose budget it counts against (include/policies/prices.yml). Not given: no team's.
        base: Of a new one: the environment whose live database is cloned, or `empty`. Not given: the template's.
        schemas: Of a new one: only these schemas of the base: a list, or a text with one a line. Not given: all.
        at: Of a new one: the base as it was at this moment, ISO, in UTC where no zone is said. Not given: now.
        hours: Of a new one: hours to live, a whole number. Not given: the template's.
        daily_usd: Of a new one: its budget in US dollars a day, e.g. `7.5`. Not given: the template's.
        size: Of a new one: its warehouse's size, e.g. `SMALL`. Not given: the template's.
        reason: Why; kept in the journal.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, or more than the template allows; when the DAG file is read, if it
            is known then. Nothing has changed.
        RefusedError: the name is taken, or there is something in the way that is not sluice's.
        RetryError: the base is being promoted, or the environment is locked: Airflow's retries wait for it.
    """

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

        name, kind = self.read()
        now, who = workspace.now(), actor(context)
        holder = f"provision {context['ti'].run_id}"
        if kind is None:
            return provision(workspace, name, now, holder=holder, actor=who)
        asked = request(workspace, kind, self.arguments(), who, day_of(context))
        return create(workspace, kind, asked, now, holder=holder, actor=who)


def wanted(given: Arguments) -> tuple[str, str | None]:
    """Return which environment is asked for, and of which kind where it is a new one; None: a specified one.

    Wishes for a new one beside the name of another are refused: somebody meant something else than they chose. A form
    chooses a new one by its words; a DAG file gives a kind and no name.
    """
    environment = given.text("environment")
    if environment is None and given.text("kind") is not None:
        environment = NEW
    environment = required(environment, "environment", f"dev, or {NEW}")
    given.only(environment, dict.fromkeys(WISHES, NEW))
    if environment != NEW:
        return environment, None
    return environment, required(given.text("kind"), "kind", "feature", choice=NEW)


def request(workspace: Workspace, kind: str, given: Arguments, who: str, day: date) -> Request:
    """Return what is asked for of a new environment of this kind; what is empty is as the template says.

    `who` owns it where no owner is given; `day` is the run's: a retry after midnight means the same environment.
    """
    from sluice.domain.ephemeral.ephemeral_name import EphemeralName
    from sluice.domain.ephemeral.templates import Request
    from sluice.operations.ephemeral.creation import template

    purpose = template(workspace, kind).purpose
    owner, base = given.text("owner") or who, given.text("base")
    feature, branch = given.text("feature"), given.text("branch")
    if feature and branch:
        raise SpecError(
            "a new environment is named after a feature or after a branch, and both are given",
            where="feature, branch",
            value=[feature, branch],
            good="one of them, the other empty",
            untouched="everything",
        )
    if branch:
        name = EphemeralName.from_branch(branch, purpose, owner, day)
    else:
        feature = required(feature, "feature", "user segmentation; or a branch", choice=NEW)
        name = EphemeralName.make(purpose, feature, owner, day)
    return Request(
        name=name,
        owner=owner,
        team=given.text("team") or "",
        reason=given.text("reason") or "",
        base="" if base == EMPTY else base,
        schemas=given.lines("schemas"),
        at=given.moment("at"),
        hours=given.whole("hours"),
        daily_usd=given.number("daily_usd"),
        size=given.text("size"),
    )


def day_of(context: Context) -> date:
    """Return the day that the run is of, in UTC."""
    return (context["dag_run"].run_after or datetime.now(UTC)).astimezone(UTC).date()


def _described(spec: EnvironmentSpec) -> dict[str, object]:
    """What an approver wants to know of a new environment, in words."""
    base = "an empty database"
    if spec.base is not None:
        of = ", ".join(str(schema) for schema in spec.base.schemas) or "all schemas"
        base = f"a zero-copy clone of {spec.base.database} ({spec.base.environment}), {of}"
    ends = spec.tags.get("EXPIRES")
    until = f", until {moment(datetime.fromisoformat(ends))}" if ends else ""
    return {
        "kind": str(spec.kind),
        "owner": spec.tags.get("OWNER", ""),
        "base": base,
        "size": f"{spec.warehouse.name}, {spec.warehouse.size}",
        "budget": f"USD {spec.budget.daily_usd} a day{until}",
    }
