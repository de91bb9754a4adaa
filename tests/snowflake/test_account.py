"""One session for a task: what is read once, and what is read again."""

from __future__ import annotations

from datetime import datetime

import pytest

from sluice.domain.budgets.budget_state import BudgetEvent
from sluice.domain.journal.events import Event
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, warehouses
from sluice.snowflake.error_mapping import MissingError
from snowdome.pytest_plugin import Snowdome


def _override(now: datetime, key: str, usd: float) -> Event:
    facts = {"usd": usd, "until": "2999-01-01T00:00:00+00:00", "reason": "x"}
    return Event.once(key, at=now, actor="ann", environment="dev", kind=BudgetEvent.OVERRIDDEN, payload=facts)


def test_a_snapshot_holds_until_its_own_session_writes(work: Workspace, account: Snowdome) -> None:
    """Read once for all that ask; what this session then notes is there at once, and warehouses are looked at again."""
    provision(work, "dev", work.now(), holder="dev")
    now = work.now()
    with work.one_session() as shared, shared.account() as one:
        assert one.budgets() == {}
        account.forget_statements()
        assert (one.budgets(), one.schedules(), one.ephemeral()) == ({}, {}, {})
        assert shared.lives() == {}
        assert account.statements() == []
        shown = one.seen(warehouses.show_all)
        assert one.seen(warehouses.show_all) is shown
        journal.append(one.computing(), _override(now, "first", 5))
        assert one.budgets()["dev"].extra_usd(now) == 5
        assert one.seen(warehouses.show_all) is not shown


def test_what_another_session_writes_is_seen_by_who_reads_again(work: Workspace) -> None:
    """Not by the snapshot, which one task decides by from beginning to end; after `forget`, as under a lock."""
    provision(work, "dev", work.now(), holder="dev")
    now = work.now()
    with work.one_session() as shared, shared.account() as one:
        assert one.budgets() == {}
        with work.control() as another:
            journal.append(another, _override(now, "second", 7))
        assert one.budgets() == {}
        one.forget()
        assert one.budgets()["dev"].extra_usd(now) == 7


def test_an_account_without_anything_is_left_without_anything(work: Workspace, account: Snowdome) -> None:
    """Looking makes no warehouse: nothing ephemeral is there, and the journal is missing, each time it is asked."""
    account.forget_statements()
    with work.one_session() as shared, shared.account() as one:
        assert shared.lives() == {}
        for _ in range(2):
            with pytest.raises(MissingError, match="nothing was provisioned"):
                one.budgets()
    assert not any(entry["text"].upper().startswith("CREATE") for entry in account.statements())
