"""The control database keeps what happened: through upgrades, and when environments end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_policy import load_cleanup
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent
from sluice.domain.journal import control_schema
from sluice.domain.journal.control_schema import environment_journal
from sluice.domain.journal.events import Event, Kind
from sluice.errors import RefusedError, StopError
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.cleanup.sweep import plan_sweep, run_sweep
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.provisioning.upgrade import upgrade
from sluice.operations.workspace import Workspace
from sluice.snowflake import control_database, control_sql, journal
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.statements import Statement
from tests.snowflake.prepared import provisioned

INCLUDE = Path(__file__).resolve().parents[2] / "include"
AT = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
POLICY = load_cleanup(INCLUDE / "policies" / "cleanup.yml")
PREPARED = {"dev": provisioned("dev")}


@pytest.fixture
def dev(work: Workspace) -> Workspace:
    """The shipped environments, of which dev is provisioned."""
    return work


@pytest.fixture(autouse=True)
def _control(admin: Session) -> None:
    control_database.ensure(admin)


def _journal(admin: Session, environment: str) -> None:
    """Make the journal of an environment, with an event that it has written."""
    admin.run(control_sql.create_journal(environment_journal(admin.control, environment)))
    control_database.show_all(admin)
    admin.environment = environment
    journal.append(admin, Event(AT, "ana", environment, Kind.LIVE, f"d_{environment}"))
    admin.environment = None


def test_the_events_of_an_environment_outlive_its_journal(admin: Session) -> None:
    """They are in the administrator's then, each once; the journals of others stay, and so do the views' grants."""
    admin.run(Statement("CREATE ROLE AUDITOR"))
    admin.run(Statement("GRANT SELECT ON VIEW SLUICE.CONTROL.EVENTS TO ROLE AUDITOR"))
    for environment in ("feature_x", "prod"):
        _journal(admin, environment)
    before = sorted(journal.read(admin), key=lambda event: event.environment)
    assert [event.environment for event in before] == ["feature_x", "prod"]
    for _ in range(2):
        control_database.retire(admin, "feature_x")
        assert journal.journals(admin) == [environment_journal(admin.control, "prod")]
        assert sorted(journal.read(admin), key=lambda event: event.environment) == before
        assert journal.read(admin, environment="feature_x") == before[:1]
        assert len(admin.run(Statement("SELECT * FROM SLUICE.CONTROL.AUDIT"))) == 2
    grants = admin.run(Statement("SHOW GRANTS ON VIEW SLUICE.CONTROL.EVENTS"))
    assert "AUDITOR" in {row["grantee_name"] for row in grants}


def test_a_newer_control_schema_is_refused_in_plain_words(admin: Session) -> None:
    """An older sluice would not know what it may believe."""
    assert control_database.version(admin) == control_schema.VERSION
    admin.run(Statement("COMMENT ON SCHEMA SLUICE.CONTROL IS 'sluice: control schema version 99'"))
    with pytest.raises(RefusedError, match="version 99, and this sluice knows"):
        control_database.ensure(admin)


def test_one_unreadable_life_stops_neither_budgets_nor_the_sweep(dev: Workspace, admin: Session) -> None:
    """Both go on for the rest and name it; whoever asks for it by name reads why."""
    payload = {"spec": {"name": "later"}, "owner": "ann", "team": "data"}
    journal.append(admin, Event(AT, "ann", "later", EphemeralEvent.REQUESTED, payload=payload))
    now = dev.now()
    assert any(note.startswith("later is left out") for note in measure(dev, now, record=False).notes)
    plan = plan_sweep(dev, POLICY, now)
    assert [name for name, _ in run_sweep(dev, plan, Caller("run", "ann", now)).failed] == ["later"]
    with pytest.raises(StopError, match="no readable spec"):
        dev.including("later")


def test_an_older_installation_is_brought_forward(dev: Workspace, admin: Session) -> None:
    """What its one journal holds stays; its environments get their own, and cannot write that one any more."""
    for sql in (
        "DROP TABLE SLUICE.CONTROL.JOURNAL_DEV",
        "DROP VIEW SLUICE.CONTROL.EVENTS",
        "GRANT INSERT ON TABLE SLUICE.CONTROL.JOURNAL TO ROLE SLUICE_DEV",
        "COMMENT ON SCHEMA SLUICE.CONTROL IS ''",
    ):
        admin.run(Statement(sql))
    event = Event(AT, "ana", "dev", Kind.LIVE, "d1")
    with dev.session("dev") as session, pytest.raises(MissingError) as refused:
        journal.append(session, event)
    assert "sluice upgrade" in str(refused.value)
    former = journal.read(admin, environment="dev")
    assert former
    done = upgrade(dev)
    assert (done.before, done.version, done.environments) == (1, control_schema.VERSION, ("dev",))
    with dev.session("dev") as session:
        journal.append(session, event)
        with pytest.raises(RefusedError):
            session.run(Statement("INSERT INTO SLUICE.CONTROL.JOURNAL (EVENT_ID) SELECT 'forged'"))
        assert journal.read(session, environment="dev", kinds=[Kind.LIVE]) == [event]
    assert {item.id for item in former} < {item.id for item in journal.read(admin)}
    assert plan_provision(dev, "dev", dev.now()).steps == ()
    assert upgrade(dev).before == control_schema.VERSION
    admin.run(Statement("COMMENT ON SCHEMA SLUICE.CONTROL IS ''"))
    provision(dev, "dev", dev.now(), holder="again")
    assert control_database.version(admin) == control_schema.VERSION
