"""Operators by themselves: what they ask, what they answer, and how our errors become Airflow's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from sluice.airflow.operators.approval import ApproveCostOperator, ApproveDeploymentOperator, ApproveMarginalOperator
from sluice.airflow.operators.base import SluiceOperator, evidence_lines
from sluice.airflow.operators.plans import DEPLOYMENT, PlanDeploymentOperator
from sluice.airflow.operators.stages import UndoDeploymentOperator
from sluice.airflow.triggered_by import actor, by_asset, reason
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict
from sluice.errors import RefusedError, RetryError, SluiceError, SpecError, StopError

ASKED = Deployment(
    "d20261120t224901-1a2b3c", "prod", "promotion", "r0123456789abcdef", reason="why not", actor="alice", project="shop"
)
PLAN = StageReport("plan", "3 built | 40 kept", {"built": ["a", "b"]}, (Evidence("rows", Verdict.PASS, "1", "5"),))


DOUBTFUL = StageReport("judge", "2 gates", {}, (*PLAN.evidence, Evidence("rows", Verdict.MARGINAL, "9", "5")))


class Box:
    """A task instance that remembers what was pushed to XCom."""

    def __init__(self) -> None:
        self.pushed: dict[str, object] = {}

    def xcom_push(self, *, key: str, value: object) -> None:
        """Keep a value."""
        self.pushed[key] = value

    def xcom_pull(self, *, task_ids: str) -> object:
        """Return nothing: no task ran."""
        return self.pushed.get(task_ids)


def context(*, user: str | None = "alice", run_type: str = "manual", **extra: object) -> Any:
    """Return as much of a task's context as the operators read."""
    return {
        "ti": Box(),
        "params": {},
        "dag_run": SimpleNamespace(triggering_user_name=user, run_type=SimpleNamespace(value=run_type)),
        "triggering_asset_events": {"asset": [SimpleNamespace(extra=extra)]} if extra else {},
    }


def approval(
    kind: type[ApproveDeploymentOperator] = ApproveDeploymentOperator, **more: Any
) -> ApproveDeploymentOperator:
    """Return an approval of the deployment that alice asked for."""
    reports = more.pop("reports", [PLAN.to_json()])
    return kind(task_id="approve", deployment=ASKED.to_json(), reports=reports, **more)


def answer(user: str, choice: str = "Approve") -> dict[str, Any]:
    """Return a person's answer as Airflow hands it over."""
    return {
        "chosen_options": [choice], "params_input": {}, "responded_by_user": {"id": user, "name": user},
        "responded_at": SimpleNamespace(isoformat=lambda: "now"),
    }  # fmt: skip


def test_the_actor_is_never_among_the_approvers() -> None:
    """Who started the deployment is left out; when nobody else is named, the task fails and says so."""
    assert approval(approvers=["admin", "alice", "bob"]).others(ASKED) == ["admin", "bob"]
    with pytest.raises(AirflowFailException, match="the only approver is who started"):
        approval(approvers=["alice"]).others(ASKED)


def test_an_answer_of_the_actor_does_not_count() -> None:
    """Four eyes are checked again after the answer, also where anyone may approve."""
    with pytest.raises(AirflowFailException, match="another person has to"):
        approval().execute_complete(context(), answer("alice"))


def test_nobody_is_asked_when_every_gate_passed() -> None:
    """The task of a marginal verdict goes on at once unless one is marginal."""
    assert approval(ApproveMarginalOperator).execute(context()) is None


def test_a_log_shows_evidence_whole() -> None:
    """A gate's line is wrapped to what Airflow's log shows, its details stand below, and no name is broken."""
    long = "MARTS." + "A" * 120
    limit = "shrink ≤ 5 %, fails beyond 20; grow ≤ 50 %, fails beyond 200"
    detail = ("a row\n  of code", long, *(f"table {number}" for number in range(9)))
    lines = evidence_lines(
        [Evidence("row-count drift", Verdict.MARGINAL, "3 tables changed, 1 % at most", limit, detail)]
    )
    assert lines[0].startswith("marginal row-count drift: 3 tables changed, 1 % at most (limit: shrink ≤ 5 %")
    assert all(line.startswith(" " * 9) for line in lines[1:])
    assert [line for line in lines if len(line) > 100] == [" " * 9 + long]
    assert " " * 11 + "of code" in lines
    assert lines[-1].strip() == "… and 6 more, in XCom"


def test_xcom_keeps_the_beginning_of_long_lists() -> None:
    """A plan of a thousand models leaves a hundred names in XCom, and says how many more there are."""
    report = StageReport("plan", "all", {"built": [f"model.shop.m{number}" for number in range(1000)], "kept": 3})

    class Telling(SluiceOperator):
        """Tells a report."""

        def work(self, *_: object) -> object:
            """Tell it."""
            return self.tell(report)

    kept = Telling(task_id="telling").execute(context())["facts"]
    assert (len(kept["built"]), kept["built"][-1], kept["kept"]) == (101, "… and 900 more", 3)


def test_an_approval_is_asked_in_words() -> None:
    """The subject names what, who and why; the question goes to the approvers without the actor."""
    question = approval(approvers=["admin", "alice"]).question(ASKED, [PLAN], ["admin"])
    assert question.subject == "Promote shop r01234567 to prod? alice: why not"
    assert "Approvers: **admin**" in question.body
    marginal = approval(ApproveMarginalOperator).question(ASKED, [DOUBTFUL], ["admin"])
    assert marginal.subject == "Promote shop r01234567 to prod although 1 gate is marginal? alice: why not"
    cost = approval(ApproveCostOperator).question(ASKED, [PLAN], [])
    assert cost.subject.startswith("Promote shop r01234567 to prod although it may cost more than is left")


@pytest.mark.parametrize(
    ("error", "becomes", "retried"),
    [
        (RetryError("busy", where="prod"), AirflowException, True),
        (SpecError("unknown key", where="a.yml"), AirflowFailException, False),
        (RefusedError("the gate says no", where="prod"), AirflowFailException, False),
        (StopError("look", where="prod"), AirflowFailException, False),
    ],
)
def test_only_what_may_pass_is_retried(error: SluiceError, becomes: type[Exception], retried: bool) -> None:
    """Busy or cut lines are retried; everything else fails at once, with its message and what to do."""

    class Failing(SluiceOperator):
        """Fails as asked."""

        def work(self, *_: object) -> None:
            """Fail."""
            raise error

    with pytest.raises(becomes) as raised:
        Failing(task_id="failing").execute(context())
    assert isinstance(raised.value, AirflowFailException) is not retried
    assert str(error) in str(raised.value)
    assert error.advice in str(raised.value)


def test_a_refusal_leaves_its_evidence_in_xcom() -> None:
    """What the gates saw is there for people and programs also when they said no."""

    class Judged(SluiceOperator):
        """A gate says no."""

        def work(self, *_: object) -> None:
            """Refuse."""
            error = RefusedError("no")
            error.evidence = PLAN.evidence  # type: ignore[attr-defined]
            raise error

    here = context()
    with pytest.raises(AirflowFailException):
        Judged(task_id="judged").execute(here)
    assert here["ti"].pushed["evidence"] == [one.to_json() for one in PLAN.evidence]


class Planned(PlanDeploymentOperator):
    """Plans what is live already."""

    def planned(self, *_: object) -> tuple[Deployment, StageReport]:
        """Return a plan that changes nothing."""
        return ASKED, StageReport("plan", "nothing", {"live_already": True})


def test_an_asset_run_for_what_is_live_is_skipped_and_a_persons_is_not() -> None:
    """What Airflow started by itself ends early; what somebody asked for is done."""
    with pytest.raises(AirflowSkipException, match="is live in prod already"):
        Planned(task_id="plan", environment="prod").execute(context(run_type="asset_triggered"))
    here = context()
    Planned(task_id="plan", environment="prod").execute(here)
    assert here["ti"].pushed[DEPLOYMENT] == ASKED.to_json()


def test_undo_does_nothing_when_nothing_was_recorded() -> None:
    """A failure before record_undo leaves nothing to undo: it says so, and is no mishap."""
    undo = UndoDeploymentOperator(task_id="undo", deployment=None, recorded_by="record_undo", settled_by="settle")
    assert "nothing to undo" in undo.execute(context())["summary"]


def test_the_actor_is_handed_down_the_chain_of_assets() -> None:
    """A run that an asset started belongs to the person at the chain's beginning."""
    assert actor(context(user="bob")) == "bob"
    assert actor(context(user=None, run_type="asset_triggered", actor="alice")) == "alice"
    assert actor(context(user=None)) == "airflow"
    assert actor(context(user=None, run_type="asset_triggered", actor="alice", from_rest_api=True)) == "airflow"
    assert by_asset(context(run_type="asset_triggered"))
    assert not by_asset(context())


def test_a_reason_is_handed_down_the_chain_of_assets() -> None:
    """A run says why by its own form, or else by what the chain began with."""
    chained = context(reason="upstream's")
    assert reason(chained, " ") == "upstream's"
    assert reason(chained, "my own") == "my own"
    assert reason(context(), "") == ""
