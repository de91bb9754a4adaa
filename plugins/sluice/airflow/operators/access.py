"""Access as tasks: the policy's roles, a pass given or taken back, the review of who has what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow.sdk.exceptions import AirflowSkipException

from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import Form, required
from sluice.airflow.operators.lifecycle import caller
from sluice.airflow.operators.sweep import describe
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.operations.workspace import Workspace

GRANT, REVOKE = "grant", "revoke"
"""What the form may do."""
USER = "user"
HOLDERS = (USER, "role")
"""Who may be given access."""
HOURS = 24
"""How long access lasts where the form does not say it."""


class ProvisionRoles(SluiceOperator):
    """The account has the policy's roles, with what they hold; again: no change."""

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


class ChangeAccess(SluiceOperator):
    """The holder has access to the environment for a while, or has it no more."""

    custom_operator_name = "Change access"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Give or take back what the form says."""
        from sluice.domain.access.roles import Level
        from sluice.domain.access.temporary_access import Holder
        from sluice.domain.names import Identifier
        from sluice.operations.access.access import grant, revoke
        from sluice.operations.policies import policy_files

        form = Form.of(context)
        what = form.choice("what", [GRANT, REVOKE])
        name = required(form.text("environment"), "environment", EPHEMERAL_EXAMPLE)
        kind: Literal["USER", "ROLE"] = "USER" if form.choice("to", HOLDERS, otherwise=USER) == USER else "ROLE"
        holder = Holder(kind, Identifier.parse(required(form.text("holder"), "holder", "ANN"), "holder"))
        reason = required(form.text("reason"), "reason", "month-end close")
        if what == REVOKE:
            back = revoke(workspace, name, holder, caller(workspace, context), reason=reason)
            return {"summary": f"taken back: {', '.join(describe(one) for one in back)}"}
        level, hours = Level(form.choice("level", Level)), form.whole("hours") or HOURS
        given = grant(
            workspace,
            name,
            holder,
            caller(workspace, context),
            level=level,
            hours=hours,
            reason=reason,
            policy=policy_files().access(),
        )
        return {"summary": describe(given), "until": given.until.isoformat(), "role": given.role.name}


class ReviewAccess(SluiceOperator):
    """Who has what, since when, last used, with recommendations, is in the log, in XCom and in the store."""

    custom_operator_name = "Review access"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Look, judge, keep."""
        from dataclasses import asdict

        from sluice.operations.access.access import keep_review, review_access
        from sluice.operations.policies import policy_files

        del context
        now = workspace.now()
        lines = review_access(workspace, policy_files().access(), now)
        kept = keep_review(workspace, lines, now)
        for one in lines:
            self.log.info("%-10s %s: %s (%s)", one.recommendation, one.holder, one.role, one.why)
        back = sum(one.recommendation == "revoke" for one in lines)
        summary = f"{len(lines)} grants, {back} to take back; kept as {kept}"
        return {"summary": summary, "lines": [asdict(one) for one in lines], "kept": kept}
