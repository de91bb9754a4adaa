"""The life of an environment that comes and goes, from a form: changed, destroyed, brought back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sluice.airflow.actors import actor
from sluice.airflow.operators.base import SluiceOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.lives import Life
    from sluice.stages.hand import Hand
    from sluice.stages.workspace import Workspace

UNDO = "undo"
"""The form's choice beside the changes: what was set aside or dropped comes back."""


class ChangeEnvironment(SluiceOperator):
    """The environment is as the form wants it: extended, pinned, resized, handed over, or brought back."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Make the one change that `what` names."""
        from sluice.domain.lifecycle import Change, Wish
        from sluice.stages.lifecycle import bring_back, change

        asked = context["params"]
        name, by = asked["environment"], hand(workspace, context)
        if asked["what"] == UNDO:
            return told(bring_back(workspace, name, asked["reason"], by), "brought back")
        wish = Wish(
            Change(asked["what"]),
            asked["reason"],
            hours=asked.get("hours"),
            size=asked.get("size"),
            daily_usd=Decimal(str(asked["daily_usd"])) if asked.get("daily_usd") else None,
            owner=asked.get("owner") or None,
        )
        return told(change(workspace, name, wish, by), asked["what"])


class DestroyEnvironment(SluiceOperator):
    """Nothing of the environment is left but what UNDROP can bring back while Snowflake keeps it."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Destroy what the confirmation names, or what a pipeline may force."""
        from sluice.stages.lifecycle import destroy

        asked = context["params"]
        life = destroy(
            workspace,
            asked["environment"],
            hand(workspace, context),
            reason=asked["reason"],
            confirmation=asked.get("confirmation") or "",
            forced=bool(asked.get("force")),
        )
        return told(life, "destroyed")


def hand(workspace: Workspace, context: Context) -> Hand:
    """Return whose run this is; a retry is the same hand. It acts at the account's own time."""
    from sluice.stages.hand import Hand

    ti = context["ti"]
    return Hand(f"{ti.dag_id} {ti.run_id}", actor(context), workspace.now())


def told(life: Life, what: str) -> dict[str, object]:
    """Return what XCom says of it."""
    return {
        "environment": life.name,
        "what": what,
        "summary": f"{life.name}: {what}",
        "owner": life.owner,
        "expires": life.expires.isoformat(),
        "pinned": life.pinned,
    }
