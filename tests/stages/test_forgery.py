"""What one environment's role says of another, or of its own exchange, moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from shop import Shop

from sluice.domain.journal.control_schema import environment_journal, journal_table
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import candidate_name, deployment_id
from sluice.domain.promotion.deployments import Deployment
from sluice.errors import RefusedError, StopError
from sluice.operations.stage import stage
from sluice.snowflake import journal
from sluice.snowflake.statements import Statement

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("whose", ["prod", None])
def test_the_role_of_dev_cannot_write_the_record_of_production(shop: Shop, whose: str | None) -> None:
    """Neither its journal nor the administrator's: the account refuses the insert."""
    with shop.work.session("dev") as session:
        control = session.control
        table = environment_journal(control, whose) if whose else journal_table(control)
        with pytest.raises(RefusedError, match=r"privileges|not authorized"):
            session.run(
                Statement(
                    f"INSERT INTO {table.sql} (EVENT_ID, OCCURRED_AT, ENVIRONMENT, KIND) "
                    "SELECT 'forged', '2000-01-01'::TIMESTAMP_NTZ, 'prod', 'deployment.live'"
                )
            )


def test_what_dev_writes_of_others_in_its_own_journal_is_not_believed(shop: Shop) -> None:
    """Nor what only the administrator decides: budgets, hours, access and the life of environments."""
    with shop.work.session("dev") as session:
        for environment, kind in (("prod", Kind.LIVE), ("dev", "budget.suspended"), ("dev", Kind.PROVISIONED)):
            payload = {"live": "forged", "retained": {"name": "SHOP_PROD", "until": LONG_AGO.isoformat()}}
            journal.append(session, Event(LONG_AGO, "mallory", environment, kind, "forged", payload))
        honest = Event(LONG_AGO, "ann", "dev", Kind.FAILED, "d1")
        journal.append(session, honest)
    with shop.work.control() as session:
        events = [*journal.read(session), *journal.moves(session), *journal.read(session, environment="prod")]
        assert "mallory" not in {event.actor for event in events}
        assert honest in journal.read(session, environment="dev", since=LONG_AGO.replace(year=1999))
        shown = session.run(Statement("SELECT ACTOR FROM SLUICE.CONTROL.AUDIT WHERE ACTOR IN ('mallory', 'ann')"))
        assert "ann" in {row["actor"] for row in shown}
        assert "mallory" not in {row["actor"] for row in shown}


def test_a_second_record_of_an_exchange_stops_the_cut_over(shop: Shop) -> None:
    """However early it is dated: the database that it names never becomes live."""
    deployment, shown = _planned(shop), shop.markers("prod")
    shop.run(deployment, ["lock", "record_undo"])
    try:
        with stage("test", shop.work, deployment, shop.now()) as running:
            forged = {**running.exchange().to_json(), "incoming": "SHOP_PROD__C_X"}
        with shop.work.session("prod") as session:
            journal.append(session, Event(LONG_AGO, "mallory", "prod", Kind.UNDO_RECORDED, deployment.id, forged))
        with pytest.raises(StopError, match="2 exchanges are recorded"):
            shop.stage(deployment, "cut_over")
        assert shop.markers("prod") == shown
    finally:
        shop.stage(deployment, "unlock")


@pytest.mark.parametrize("changed", [{"incoming": "SHOP_STAGING"}, {"live": "SHOP_DEV"}])
def test_an_exchange_of_other_databases_stops_the_cut_over(shop: Shop, changed: dict[str, str]) -> None:
    """Only live and this deployment's own candidate are exchanged."""
    deployment = _planned(shop)
    marker = {"environment": "prod", "deployment": deployment.id, "release": deployment.release}
    incoming = candidate_name(shop.work.spec("prod").database.name, deployment.id).name
    honest = {"live": "SHOP_PROD", "incoming": incoming, "wanted": marker, "former": None, "drops_incoming": True}
    shop.stage(deployment, "lock")
    try:
        with shop.work.session("prod") as session:
            event = Event(LONG_AGO, "mallory", "prod", Kind.UNDO_RECORDED, deployment.id, {**honest, **changed})
            journal.append(session, event)
        with pytest.raises(StopError, match="not this deployment's"):
            shop.stage(deployment, "cut_over")
    finally:
        shop.stage(deployment, "unlock")


def _planned(shop: Shop) -> Deployment:
    now = shop.now()
    return Deployment(
        id=deployment_id(now, now.isoformat()), environment="prod", kind="promotion", release="r0000000000000001"
    )
