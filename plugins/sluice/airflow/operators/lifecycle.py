"""The life of an environment that comes and goes, from a form: changed, destroyed, brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.form import Form, required
from sluice.airflow.triggered_by import actor
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE
from sluice.domain.ephemeral.lifecycle_changes import Change

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment
    from sluice.operations.caller import Caller
    from sluice.operations.workspace import Workspace

UNDO = "undo"
"""The form's choice beside the changes: what was set aside or dropped comes back."""
CHANGES = (*(str(change) for change in Change), UNDO)
"""What the form may do."""
BELONGS = {
    "hours": str(Change.EXTEND),
    "size": str(Change.RESIZE),
    "daily_usd": str(Change.BUDGET),
    "owner": str(Change.TRANSFER),
}
"""Which change each field of the form is for."""
NEEDED = {"size": "SMALL", "daily_usd": "20", "owner": "ann"}
"""The fields that their change cannot do without, each with a good value."""


class ChangeEnvironment(SluiceOperator):
    """The environment is as the form wants it: extended, pinned, resized, handed over, or brought back."""

    custom_operator_name = "Change environment"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Make the one change that `what` names."""
        from sluice.domain.ephemeral.lifecycle_changes import ChangeRequest
        from sluice.operations.ephemeral.lifecycle import bring_back, change

        form = Form.of(context)
        name, reason = named(form)
        what = form.choice("what", CHANGES)
        form.only(what, BELONGS)
        if what == UNDO:
            return describe(bring_back(workspace, name, reason, caller(workspace, context)), "brought back")
        wish = ChangeRequest(
            Change(what),
            reason,
            hours=form.whole("hours"),
            size=form.text("size"),
            daily_usd=form.number("daily_usd"),
            owner=form.text("owner"),
        )
        for field, good in NEEDED.items():
            if BELONGS[field] == what:
                required(getattr(wish, field), field, good, choice=what)
        return describe(change(workspace, name, wish, caller(workspace, context)), what)


class DestroyEnvironment(SluiceOperator):
    """Nothing of the environment is left but what UNDROP can bring back while Snowflake keeps it."""

    custom_operator_name = "Destroy environment"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Destroy what the confirmation names, or what a pipeline may force."""
        from sluice.operations.ephemeral.lifecycle import destroy

        form = Form.of(context)
        name, reason = named(form)
        life = destroy(
            workspace,
            name,
            caller(workspace, context),
            reason=reason,
            confirmation=form.text("confirmation") or "",
            forced=form.switch("force"),
        )
        return describe(life, "destroyed")


def named(form: Form) -> tuple[str, str]:
    """Return which environment the form is about, and why."""
    name = required(form.text("environment"), "environment", EPHEMERAL_EXAMPLE)
    return name, required(form.text("reason"), "reason", "the demo is over")


def caller(workspace: Workspace, context: Context) -> Caller:
    """Return whose run this is; a retry is the same hand. It acts at the account's own time."""
    from sluice.operations.caller import Caller

    ti = context["ti"]
    return Caller(f"{ti.dag_id} {ti.run_id}", actor(context), workspace.now())


def describe(life: EphemeralEnvironment, what: str) -> dict[str, object]:
    """Return what XCom says of it."""
    return {
        "environment": life.name,
        "what": what,
        "summary": f"{life.name}: {what}",
        "owner": life.owner,
        "expires": life.expires.isoformat(),
        "pinned": life.pinned,
    }
