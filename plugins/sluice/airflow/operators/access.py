"""Access as tasks: the policy's roles, temporary access granted or revoked, the review of who has what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.operators.arguments import required
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.triggered_by import caller
from sluice.airflow.xcom_summary import summary
from sluice.domain.access.roles import Level
from sluice.domain.access.temporary_access import Holder
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE
from sluice.domain.names import Identifier

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.access.access_review import ReviewLine
    from sluice.domain.access.temporary_access import TemporaryGrant
    from sluice.operations.workspace import Workspace

GRANT, REVOKE = "grant", "revoke"
"""What may be done."""
USER = "user"
HOLDERS = (USER, "role")
"""Who may be granted access."""
HOURS = 24
"""How long access lasts where nobody says it."""


class ProvisionRolesOperator(SluiceOperator):
    """The account has the roles of include/policies/access.yml, with what they hold; again: no change.

        ProvisionRolesOperator(task_id="roles")

    It takes no arguments of its own, and is skipped in an account where no environment is provisioned yet. XCom has
    `summary`, the number of `steps`, and `notes`.
    """

    custom_operator_name = "Provision roles"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Apply what is missing."""
        from sluice.domain.provisioning.steps import as_text
        from sluice.operations.access.access import provision_roles
        from sluice.operations.policies import policy_files
        from sluice.snowflake.error_mapping import MissingError

        del context
        try:
            plan = provision_roles(workspace, policy_files().access())
        except MissingError as nothing:
            raise AirflowSkipException("no environment is provisioned in this account yet") from nothing
        text = as_text(plan)
        self.log.info("%s", text)
        return {"summary": text.splitlines()[0], "steps": len(plan.steps), "notes": list(plan.notes)}


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What a change of access asks for."""

    revoke: bool
    environment: str
    holder: Holder
    level: Level
    hours: int
    reason: str


class ChangeAccessOperator(SluiceOperator):
    """A user or a role has access to an environment for some hours, or has it no more.

        ChangeAccessOperator(
            task_id="let_ann_read", what="grant", environment="prod", holder="ANN", level="read", hours=8,
            reason="month-end close",
        )

    The sweep revokes access whose time is over. XCom has `summary`, and of a grant its `role` and `until` (ISO, UTC).

    Args:
        environment: The name of a specified environment, or of an ephemeral one.
        holder: The name of the user or the role in Snowflake, e.g. `ANN`.
        reason: Why; kept in the journal.
        what: `grant` or `revoke`.
        to: What `holder` names: a `user` or a `role`.
        level: Of a grant: `read`, or `write`, which nobody is granted on production.
        hours: Of a grant: for how many hours, a whole number. Not given: 24.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that cannot be meant, an environment or a holder that is not there, or more hours than
            include/policies/access.yml allows. When the DAG file is read, if it is known then; nothing has changed.
    """

    custom_operator_name = "Change access"
    template_fields: Sequence[str] = ("what", "environment", "to", "holder", "level", "hours", "reason")

    def __init__(
        self,
        *,
        environment: str,
        holder: str,
        reason: str,
        what: str = GRANT,
        to: str = USER,
        level: str | None = None,
        hours: int | str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.what = what
        self.environment = environment
        self.to = to
        self.holder = holder
        self.level = level
        self.hours = hours
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> AccessChange:
        """Return the change that is asked for."""
        given = self.arguments()
        what = given.choice("what", [GRANT, REVOKE])
        environment = required(given.text("environment"), "environment", EPHEMERAL_EXAMPLE)
        kind: Literal["USER", "ROLE"] = "USER" if given.choice("to", HOLDERS, otherwise=USER) == USER else "ROLE"
        name = required(given.text("holder"), "holder", "ANN")
        reason = required(given.text("reason"), "reason", "month-end close")
        level = Level.READ if what == REVOKE else Level(given.choice("level", Level))
        return AccessChange(
            revoke=what == REVOKE,
            environment=environment,
            holder=Holder(kind, Identifier.parse(name, "holder")),
            level=level,
            hours=given.positive("hours") or HOURS,
            reason=reason,
        )

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Grant or revoke."""
        from sluice.operations.access.access import grant, revoke
        from sluice.operations.policies import policy_files

        change = self.read()
        by = caller(workspace, context)
        if change.revoke:
            revoked = revoke(workspace, change.environment, change.holder, by, reason=change.reason)
            return {"summary": f"revoked: {', '.join(describe(each) for each in revoked)}"}
        granted = grant(
            workspace,
            change.environment,
            change.holder,
            by,
            level=change.level,
            hours=change.hours,
            reason=change.reason,
            policy=policy_files().access(),
        )
        return {"summary": describe(granted), "until": granted.until.isoformat(), "role": granted.role.name}


class ReviewAccessOperator(SluiceOperator):
    """Who has which role, since when, last used, with recommendations, is in the log and, as JSON, in the store.

        ReviewAccessOperator(task_id="review")

    It takes no arguments of its own. XCom has `summary`, where the review is `kept`, and the `lines` that recommend a
    change, as many as fit.
    """

    custom_operator_name = "Review access"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look, judge, keep."""
        from sluice.operations.access.access import keep_review, review_access
        from sluice.operations.policies import policy_files

        del context
        now = workspace.now()
        lines = review_access(workspace, policy_files().access(), now)
        kept = keep_review(workspace, lines, now)
        for line in lines:
            self.log.info("%-10s %s: %s (%s)", line.recommendation, line.holder, line.role, line.why)
        return review_summary(lines, kept)


def review_summary(lines: Sequence[ReviewLine], kept: str) -> dict[str, object]:
    """Return what XCom has of a review: how many lines there are, and those that recommend a change."""
    from dataclasses import asdict

    changes = [line for line in lines if line.recommendation != "keep"]
    return summary(
        {
            "summary": f"{len(lines)} grants, {len(changes)} to revoke or look at; kept as {kept}",
            "lines": [asdict(line) for line in changes],
            "kept": kept,
        }
    )


def describe(grant: TemporaryGrant) -> str:
    """Return a temporary grant in a line."""
    until = f"{grant.until:%Y-%m-%d %H:%M} UTC"
    return f"{grant.environment}: {grant.level} of {grant.holder}, until {until} ({grant.reason})"
