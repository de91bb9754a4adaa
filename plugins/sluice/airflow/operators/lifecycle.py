"""The life of an ephemeral environment as tasks: changed, destroyed, brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sluice.airflow.operators.arguments import Arguments, required
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.triggered_by import caller
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE
from sluice.domain.ephemeral.lifecycle_changes import Change, ChangeRequest

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment
    from sluice.operations.workspace import Workspace

UNDO = "undo"
"""The choice beside the changes: what was quarantined or dropped comes back."""
CHANGES = (*(str(change) for change in Change), UNDO)
"""What may be done."""
BELONGS = {
    "hours": str(Change.EXTEND),
    "size": str(Change.RESIZE),
    "daily_usd": str(Change.BUDGET),
    "owner": str(Change.TRANSFER),
}
"""Which change each argument is for."""
NEEDED = {"size": "SMALL", "daily_usd": "20", "owner": "ann"}
"""The arguments that their change cannot do without, each with a good value."""


class ChangeEnvironmentOperator(SluiceOperator):
    """One thing about an ephemeral environment is changed: its end, pin, size, budget or owner; or it is brought back.

        ChangeEnvironmentOperator(
            task_id="longer", environment="dev_user_segmentation_john_20231201", what="extend", hours=48,
            reason="the demo is on Friday",
        )

    XCom has `environment`, `what`, `summary`, `owner`, `expires` (ISO, UTC) and `pinned`.

    Args:
        environment: The name of an ephemeral environment.
        what: `extend`, `pin`, `unpin`, `resize`, `budget`, `hand over`, or `undo`: back from quarantine, or from a drop
            while Snowflake keeps it.
        reason: Why; kept in the journal.
        hours: Of `extend`: so many hours more, a whole number. Not given: as many as its kind begins with.
        size: Of `resize`: a warehouse size, e.g. `SMALL`.
        daily_usd: Of `budget`: US dollars a day, e.g. `20`.
        new_owner: Of `hand over`: its new owner; in messages: `owner`.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: an argument that is missing, or belongs to another change, or is more than the kind allows.
        RefusedError: the environment is in no state for it. In both cases nothing has changed.
    """

    custom_operator_name = "Change environment"
    template_fields: Sequence[str] = ("environment", "what", "hours", "size", "daily_usd", "new_owner", "reason")
    fields: ClassVar[Mapping[str, str]] = {"new_owner": "owner"}

    def __init__(
        self,
        *,
        environment: str,
        what: str,
        reason: str,
        hours: int | str | None = None,
        size: str | None = None,
        daily_usd: float | str | None = None,
        new_owner: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.what = what
        self.hours = hours
        self.size = size
        self.daily_usd = daily_usd
        self.new_owner = new_owner
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> tuple[str, str, ChangeRequest | None]:
        """Return the environment, the reason, and the change; None: it is brought back."""
        given = self.arguments()
        name, reason = named(given)
        what = given.choice("what", CHANGES)
        given.only(what, BELONGS)
        if what == UNDO:
            return name, reason, None
        request = ChangeRequest(
            Change(what),
            reason,
            hours=given.whole("hours"),
            size=given.text("size"),
            daily_usd=given.number("daily_usd"),
            owner=given.text("owner"),
        )
        for field, good in NEEDED.items():
            if BELONGS[field] == what:
                required(getattr(request, field), field, good, choice=what)
        return name, reason, request

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Make the one change that `what` names."""
        from sluice.operations.ephemeral.lifecycle import bring_back, change

        name, reason, request = self.read()
        if request is None:
            return describe(bring_back(workspace, name, reason, caller(workspace, context)), "brought back")
        return describe(change(workspace, name, request, caller(workspace, context)), str(request.change))


@dataclass(frozen=True, slots=True)
class Destruction:
    """What is to be destroyed, and what allows it."""

    environment: str
    reason: str
    confirmation: str
    forced: bool


class DestroyEnvironmentOperator(SluiceOperator):
    """Nothing of an ephemeral environment is left but what UNDROP can bring back while Snowflake keeps it.

        DestroyEnvironmentOperator(
            task_id="destroy", environment="{{ params.name }}", force=True, reason="the tests are over"
        )

    XCom has `environment`, `what`, `summary`, `owner`, `expires` and `pinned`.

    Args:
        environment: The name of an ephemeral environment.
        reason: Why; kept in the journal.
        confirmation: The environment's name once more.
        force: Without confirmation: testing environments only. Not given: false.
        **arguments: As for any operator: `task_id`, `retries` …

    Raises:
        SpecError: no such environment, or neither its name as the confirmation nor a testing environment forced.
        RefusedError: it is pinned, or something else depends on it. In both cases nothing is dropped.
    """

    custom_operator_name = "Destroy environment"
    template_fields: Sequence[str] = ("environment", "confirmation", "force", "reason")

    def __init__(
        self,
        *,
        environment: str,
        reason: str,
        confirmation: str | None = None,
        force: bool | str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.environment = environment
        self.confirmation = confirmation
        self.force = force
        self.reason = reason
        self.refuse_wrong()

    def read(self) -> Destruction:
        """Return what is to be destroyed."""
        given = self.arguments()
        name, reason = named(given)
        return Destruction(name, reason, given.text("confirmation") or "", given.switch("force"))

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Destroy what the confirmation names, or what a pipeline may force."""
        from sluice.operations.ephemeral.lifecycle import destroy

        wanted = self.read()
        destroyed = destroy(
            workspace,
            wanted.environment,
            caller(workspace, context),
            reason=wanted.reason,
            confirmation=wanted.confirmation,
            forced=wanted.forced,
        )
        return describe(destroyed, "destroyed")


def named(given: Arguments) -> tuple[str, str]:
    """Return which environment the arguments are about, and why."""
    name = required(given.text("environment"), "environment", EPHEMERAL_EXAMPLE)
    return name, required(given.text("reason"), "reason", "the demo is over")


def describe(environment: EphemeralEnvironment, what: str) -> dict[str, object]:
    """Return what XCom says of an environment that something was done to."""
    return {
        "environment": environment.name,
        "what": what,
        "summary": f"{environment.name}: {what}",
        "owner": environment.owner,
        "expires": environment.expires.isoformat(),
        "pinned": environment.pinned,
    }
