"""A budget check looks as often for a thousand environments as for one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent
from sluice.domain.ephemeral.templates import Request, specify
from sluice.domain.journal.events import Event, Kind
from sluice.domain.specs.blocks import Kind as EnvironmentKind
from sluice.operations.budgets.budgets import check
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

POLICY = load_budgets(Path(__file__).resolve().parents[2] / "include" / "policies" / "budgets.yml")


def look_ups(account: Snowdome, work: Workspace, run: str) -> int:
    """How many statements a check sends, five minutes after the last."""
    account.clock(advance_seconds=300)
    now = work.now()
    account.forget_statements()
    done = check(work, POLICY, measure(work, now), Caller(run, "the clock", now))
    assert done.plan.steps == ()
    return len(account.statements())


def test_look_ups_of_a_check_do_not_grow_with_the_estate(account: Snowdome, work: Workspace) -> None:
    """Thirty environments more, in the journal and with warehouses of their own: not a statement more."""
    now = work.now()
    provision(work, "dev", now, holder="dev")
    measure(work, work.now())
    before = look_ups(account, work, "few")
    template = work.templates[EnvironmentKind.FEATURE]
    with work.control() as session:
        for number in range(30):
            name = EphemeralName.make("dev", f"f{number}", "john", now.date())
            spec = specify(template, Request(name, "john", "data", "x", base=""), work.environments, now)
            session.run(Statement(f"CREATE WAREHOUSE {spec.warehouse.name.sql} WITH INITIALLY_SUSPENDED = TRUE"))
            ends = (now + timedelta(days=7)).isoformat()
            facts = {"spec": spec.model_dump(mode="json"), "owner": "john", "team": "data", "expires": ends}
            journal.append(session, Event(now, "john", spec.name, EphemeralEvent.REQUESTED, payload=facts))
            journal.append(session, Event(now, "john", spec.name, Kind.PROVISIONED))
    found = measure(work, work.now(), record=False)
    assert len(found.spends) == len(work.environments) + 30
    assert look_ups(account, work, "many") == before
