"""Provisioning on an account: in one go, again without a change, drift repaired, a failure finished by a re-run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.steps import as_text
from sluice.errors import RefusedError, SluiceError, SpecError
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, observe
from sluice.snowflake.connect import Session, connect
from sluice.snowflake.error_mapping import DeniedError, MissingError
from sluice.snowflake.statements import Statement, use_warehouse
from snowdome.pytest_plugin import Snowdome

NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
ALL = ("dev", "staging", "prod")


def test_all_three_are_made_and_a_second_run_changes_nothing(work: Workspace, admin: Session) -> None:
    """From nothing to what the specs say; then there is nothing to do, and nothing is written."""
    for name in ALL:
        assert provision(work, name, NOW, holder=f"first {name}").steps
    before = len(journal.read(admin, kinds=[Kind.PROVISIONED]))
    for name in ALL:
        assert as_text(plan_provision(work, name, NOW)).splitlines()[0] == f"{name}: as specified, nothing to do"
        assert provision(work, name, NOW, holder=f"second {name}").steps == ()
        assert locks.read(admin, name) is None
    assert before == len(journal.read(admin, kinds=[Kind.PROVISIONED])) == len(ALL)


def test_explaining_changes_nothing(work: Workspace, admin: Session) -> None:
    """A plan is read, not run."""
    assert "create" in as_text(plan_provision(work, "dev", NOW))
    assert [one.name.name for one in observe.databases(admin, "OLIST")] == []


def test_the_services_do_their_work_and_consumers_read_it(work: Workspace) -> None:
    """The service user logs in with its key, builds; the consumer role reads, and cannot write."""
    provision(work, "prod", NOW, holder="one")
    with work.session("prod") as service:
        service.run(Statement("CREATE SCHEMA OLIST_PROD.MARTS"))
        service.run(Statement("CREATE TABLE OLIST_PROD.MARTS.T AS SELECT 1 AS A"))
        service.run(Statement("CREATE VIEW OLIST_PROD.MARTS.V AS SELECT A FROM MARTS.T"))
        journal.append(service, Event(NOW, "service", "prod", Kind.LIVE))
        assert locks.acquire(service, "prod", "d1", 600).holder == "d1"
        assert locks.release(service, "prod", "d1")
    with work.reader("prod", Identifier("OLIST_PROD_READER")) as consumer:
        assert consumer.one(Statement("SELECT A FROM OLIST_PROD.MARTS.V")) == {"a": 1}
        assert consumer.one(Statement("SELECT A FROM OLIST_PROD.MARTS.T")) == {"a": 1}
        with pytest.raises((DeniedError, MissingError)):
            consumer.run(Statement("INSERT INTO OLIST_PROD.MARTS.T SELECT 2"))
        with pytest.raises((DeniedError, MissingError)):
            consumer.run(Statement("SELECT * FROM SLUICE.CONTROL.JOURNAL"))


def test_dev_can_neither_write_nor_lock_prod(work: Workspace) -> None:
    """An environment's role ends at its own database and its own lock."""
    for name in ("dev", "prod"):
        provision(work, name, NOW, holder=name)
    with work.session("dev") as dev:
        for sql in (
            "CREATE SCHEMA OLIST_PROD.X",
            "DROP DATABASE OLIST_PROD",
            "ALTER DATABASE OLIST_PROD SWAP WITH OLIST_DEV",
            "ALTER WAREHOUSE SLUICE_PROD_WH SUSPEND",
        ):
            with pytest.raises((DeniedError, MissingError)):
                dev.run(Statement(sql))
        with pytest.raises(SluiceError):
            locks.acquire(dev, "prod", "intruder", 60)


DRIFTS = [
    ("ALTER WAREHOUSE SLUICE_PROD_WH SET WAREHOUSE_SIZE = 'X4LARGE'", "size X4LARGE → LARGE"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH SET AUTO_SUSPEND = 0", "auto_suspend 0 → 300"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH SET AUTO_RESUME = FALSE", "auto_resume False → True"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH SET STATEMENT_TIMEOUT_IN_SECONDS = 5", "statement_timeout 5 → 7200"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH SET SCALING_POLICY = STANDARD", "scaling_policy STANDARD → ECONOMY"),
    ("REVOKE USAGE ON DATABASE OLIST_PROD FROM ROLE OLIST_PROD_READER", "on database OLIST_PROD"),
    ("REVOKE SELECT ON FUTURE TABLES IN DATABASE OLIST_PROD FROM ROLE OLIST_PROD_READER", "on future tables"),
    ("REVOKE ROLE OLIST_PROD_READER FROM ROLE SLUICE_PROD", "role OLIST_PROD_READER"),
    ("REVOKE SELECT ON TABLE OLIST_PROD.MARTS.T FROM ROLE OLIST_PROD_READER", "table OLIST_PROD.MARTS.T"),
    ("ALTER DATABASE OLIST_PROD SET DATA_RETENTION_TIME_IN_DAYS = 1", "retention_days 1 → 7"),
    ("ALTER DATABASE OLIST_PROD SET TAG SLUICE.TAGS.TEAM = 'nobody'", "TEAM=data-engineering"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH UNSET TAG SLUICE.TAGS.PURPOSE", "PURPOSE=production"),
    ("ALTER USER SVC_SLUICE_PROD SET DEFAULT_ROLE = 'PUBLIC'", "default_role PUBLIC → SLUICE_PROD"),
    ("DROP ROLE OLIST_PROD_READER", "role OLIST_PROD_READER"),
    ("DROP WAREHOUSE SLUICE_PROD_WH", "warehouse SLUICE_PROD_WH"),
    ("DROP VIEW SLUICE.CONTROL.AUDIT", "SLUICE.CONTROL.AUDIT"),
    ("DROP USER SVC_SLUICE_PROD", "service user SVC_SLUICE_PROD"),
    ("ALTER RESOURCE MONITOR OLIST_PROD_RM SET CREDIT_QUOTA = 1", "250 credits a day"),
    ("ALTER RESOURCE MONITOR OLIST_PROD_RM SET TRIGGERS ON 100 PERCENT DO SUSPEND", "only notifies"),
    ("ALTER WAREHOUSE SLUICE_PROD_WH UNSET RESOURCE_MONITOR", "resource monitor OLIST_PROD_RM"),
    ("DROP RESOURCE MONITOR OLIST_PROD_RM", "resource monitor OLIST_PROD_RM"),
]


ROUND = 4
"""How many drifts there are at a time, unless each is to be tried alone."""


def test_each_drift_is_shown_and_repaired(work: Workspace, admin: Session, every: bool) -> None:
    """Whatever someone changed: `explain` names it, `apply` repairs it, and then there is nothing to do."""
    provision(work, "prod", NOW, holder="first")
    with work.session("prod") as service:
        service.run(Statement("CREATE SCHEMA OLIST_PROD.MARTS"))
        service.run(Statement("CREATE TABLE OLIST_PROD.MARTS.T AS SELECT 1 AS A"))
    assert plan_provision(work, "prod", NOW).empty
    size = 1 if every else ROUND
    for start in range(0, len(DRIFTS), size):
        drifts = DRIFTS[start : start + size]
        for sql, _ in drifts:
            admin.run(Statement(sql))
        plan = as_text(plan_provision(work, "prod", NOW))
        for sql, said in drifts:
            assert said in plan, sql
        provision(work, "prod", NOW, holder=f"repair {start}")
        assert plan_provision(work, "prod", NOW).empty, drifts


def test_the_second_guard_follows_the_spec(work: Workspace, admin: Session) -> None:
    """Dev is stopped a little later than sluice would; of staging, which is only limited, and production it tells."""
    for name in ("dev", "staging", "prod"):
        provision(work, name, NOW, holder=name)
    shown = admin.run(Statement("SHOW RESOURCE MONITORS"))
    columns = ("name", "credit_quota", "frequency", "notify_at", "suspend_at", "suspend_immediately_at")
    assert [tuple(row[column] for column in columns) for row in shown] == [
        ("OLIST_DEV_RM", "25.00", "DAILY", "50%,80%,100%", None, "110%"),
        ("OLIST_PROD_RM", "250.00", "DAILY", "50%,90%,100%", None, None),
        ("OLIST_STAGING_RM", "75.00", "DAILY", "50%,80%,100%", None, None),
    ]


def test_the_second_guard_stops_what_nobody_checks(work: Workspace, admin: Session, account: Snowdome) -> None:
    """No check runs: the monitor aborts dev at 110 % and lets it start again the next UTC day; production runs on."""
    for name in ("dev", "prod"):
        provision(work, name, NOW, holder=name)
        admin.run(Statement(f"ALTER WAREHOUSE SLUICE_{name.upper()}_WH SET WAREHOUSE_SIZE = X6LARGE AUTO_SUSPEND = 0"))
        with work.session(name) as session:
            session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    minutes = 35  # 512 credits an hour: prod passes its 250 as well
    account.clock(advance_seconds=minutes * 60)
    states = {row["name"]: row["state"] for row in admin.run(Statement("SHOW WAREHOUSES LIKE 'SLUICE%'"))}
    assert (states["SLUICE_DEV_WH"], states["SLUICE_PROD_WH"]) == ("SUSPENDED", "STARTED")
    with work.session("dev") as session, pytest.raises(SluiceError):
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=86_400)
    with work.session("dev") as session:
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))


def test_somebody_elses_monitor_stays_where_it_is(work: Workspace, admin: Session) -> None:
    """A warehouse that has one keeps it, and the plan says so; a spec may also want none."""
    provision(work, "prod", NOW, holder="first")
    admin.run(Statement("CREATE RESOURCE MONITOR THEIRS WITH CREDIT_QUOTA = 5"))
    admin.run(Statement("ALTER WAREHOUSE SLUICE_PROD_WH SET RESOURCE_MONITOR = THEIRS"))
    plan = plan_provision(work, "prod", NOW)
    assert plan.empty
    assert any("THEIRS, which sluice does not manage" in note for note in plan.notes)
    spec = work.spec("staging")
    spec = spec.model_copy(update={"budget": spec.budget.model_copy(update={"monitor": False})})
    provision(work.knowing(spec), "staging", NOW, holder="second")
    assert admin.run(Statement("SHOW RESOURCE MONITORS LIKE 'OLIST_STAGING_RM'")) == []


def test_a_foreign_database_of_the_wanted_name_is_left_alone(work: Workspace, admin: Session) -> None:
    """It is refused by name; its comment adopts it."""
    admin.run(Statement("CREATE DATABASE OLIST_DEV"))
    with pytest.raises(RefusedError, match="has no ownership marker of sluice"):
        provision(work, "dev", NOW, holder="one")
    admin.run(Statement("ALTER DATABASE OLIST_DEV SET COMMENT = %s", (Marker("dev").comment,)))
    provision(work, "dev", NOW, holder="one")
    assert plan_provision(work, "dev", NOW).empty


def test_a_locked_environment_is_not_provisioned(work: Workspace, admin: Session) -> None:
    """Promotion and provisioning of one environment exclude each other; the promotion size is no drift meanwhile."""
    provision(work, "prod", NOW, holder="first")
    with work.session("prod") as service:
        locks.acquire(service, "prod", "d20261120t224901-1a2b3c", 600)
        service.run(Statement("ALTER WAREHOUSE SLUICE_PROD_WH SET WAREHOUSE_SIZE = 'XLARGE'"))
    plan = plan_provision(work, "prod", NOW)
    assert plan.empty
    assert any("not drift" in note for note in plan.notes)
    with pytest.raises(RefusedError, match="d20261120t224901-1a2b3c"):
        provision(work, "prod", NOW, holder="second")
    locks.release(admin, "prod", "d20261120t224901-1a2b3c")
    assert "size XLARGE → LARGE" in as_text(plan_provision(work, "prod", NOW))


def test_a_connection_of_another_user_is_refused(work: Workspace) -> None:
    """The spec's user and the connection's are one, or nothing is done."""
    swapped = replace(work, connections=lambda name: work.connections(name.replace("dev", "prod")))
    with pytest.raises(SpecError, match=r"access\.user is SVC_SLUICE_DEV") as refused:
        provision(swapped, "dev", NOW, holder="one")
    assert "snowflake_dev" in str(refused.value.where)


def test_an_unreachable_account_is_said_so(work: Workspace) -> None:
    """No server: the connection, its user and what to start are named."""
    nowhere = replace(work.connections("snowflake_admin"), port=1, login_timeout=1)
    with pytest.raises(SluiceError, match="cannot be reached") as refused, connect(nowhere):
        pass
    assert "snowflake_admin" in str(refused.value.where)


def test_a_wrong_password_is_said_so(work: Workspace) -> None:
    """The input is to be fixed; retrying would not help."""
    wrong = replace(work.connections("snowflake_admin"), password="wrong")
    with pytest.raises(SpecError, match="refused the login"), connect(wrong):
        pass


# -- a failure at every statement ------------------------------------------------------------------------------------
CHANGES = "^(CREATE|ALTER|GRANT|INSERT|DROP|UPDATE)"


@contextmanager
def _own(work: Workspace, number: int) -> Iterator[Workspace]:
    """The development environment under names of its own, so that each failure starts from nothing."""
    spec = work.spec("dev")

    def named(text: object) -> Identifier:
        return Identifier(f"{text}_{number}")

    own = spec.model_copy(
        update={
            "control_database": named(spec.control_database),
            "database": spec.database.model_copy(update={"name": named(spec.database.name)}),
            "warehouse": spec.warehouse.model_copy(update={"name": named(spec.warehouse.name)}),
            "access": spec.access.model_copy(
                update={
                    "role": named(spec.access.role),
                    "user": named(spec.access.user),
                    "readers": tuple(named(one) for one in spec.access.readers),
                }
            ),
        }
    )
    user = own.access.user.name
    yield replace(
        work,
        environments={"dev": own},
        connections=lambda name: (
            work.connections(name) if name == "snowflake_admin" else replace(work.connections(name), user=user)
        ),
    )


Kinds = Callable[[str], list[int]]
FAULTS = [("error", "before"), ("error", "after"), ("drop", "before"), ("drop", "after")]


@pytest.mark.parametrize("which", range(len(FAULTS)), ids=lambda which: "-".join(FAULTS[which]))
def test_a_failure_at_any_statement_is_finished_by_the_next_run(
    work: Workspace, account: Snowdome, clear: Callable[[], int], kinds: Kinds, *, which: int, every: bool
) -> None:
    """Refused, cut, or answered into the void: after one more run the environment is as specified and unlocked.

    The first statement of each kind, and the last of all, meets one of the four; or `every` statement all of them.
    """
    do, when = FAULTS[which]
    for undisturbed in (1000, 1001):  # the first also makes what all environments share
        account.forget_statements()
        with _own(work, undisturbed) as own:
            provision(own, "dev", NOW, holder="undisturbed")
    numbers = kinds(CHANGES)
    assert len(numbers) > 12
    for number in numbers if every else numbers[which :: len(FAULTS)]:
        with _own(work, number) as own:
            account.fault(CHANGES, nth=number, when=when, do=do, errno=1)
            with suppress(SluiceError):
                provision(own, "dev", NOW, holder="first")
            assert clear() == 0
            provision(own, "dev", NOW, holder="first")
            assert plan_provision(own, "dev", NOW).empty
            with own.admin("dev") as session:
                session.run(use_warehouse(own.spec("dev").warehouse.name))
                assert locks.read(session, "dev") is None


ON_ACCOUNT = "CREATE WAREHOUSE, CREATE ROLE, CREATE USER, MANAGE GRANTS"
PROVISIONER = (
    "CREATE ROLE SLUICE_PROVISIONER",
    f"GRANT {ON_ACCOUNT} ON ACCOUNT TO ROLE SLUICE_PROVISIONER",
    "GRANT CREATE DATABASE ON ACCOUNT TO ROLE SLUICE_PROVISIONER WITH GRANT OPTION",
    "GRANT ROLE SYSADMIN TO ROLE SLUICE_PROVISIONER",
    "GRANT ROLE SLUICE_PROVISIONER TO ROLE ACCOUNTADMIN",
)


def test_a_role_with_less_than_accountadmin_can_provision(work: Workspace, admin: Session) -> None:
    """Five privileges on the account and SYSADMIN's objects suffice; docs/own-account.md names them."""
    for sql in PROVISIONER:
        admin.run(Statement(sql))
    lesser = replace(
        work,
        connections=lambda name: (
            replace(work.connections(name), role="SLUICE_PROVISIONER")
            if name == "snowflake_admin"
            else work.connections(name)
        ),
    )
    for name in ("dev", "prod"):
        provision(lesser, name, NOW, holder=name)
        assert plan_provision(lesser, name, NOW).empty


def test_two_that_provision_at_once_do_not_disturb_each_other(work: Workspace) -> None:
    """One goes first; the other follows or reads who holds the lock; the environment is whole."""

    def run(holder: str) -> str:
        try:
            provision(work, "dev", NOW, holder=holder)
        except RefusedError as refused:
            return str(refused)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(run, ["first", "second"]))
    assert "done" in ends
    assert plan_provision(work, "dev", NOW).empty


@pytest.mark.parametrize("nth", [10, 45])
def test_an_account_that_dies_meanwhile_is_provisioned_by_the_next_run(
    work: Workspace, snowdome_on_disk: Snowdome, nth: int
) -> None:
    """The server is gone at some statement, comes back with what it kept, and the next run finishes."""
    port = snowdome_on_disk.port
    own = replace(
        work,
        connections=lambda name: replace(work.connections(name), port=port, login_timeout=2),
    )
    snowdome_on_disk.fault(CHANGES, nth=nth, when="after", do="exit")
    with pytest.raises(SluiceError):
        provision(own, "dev", NOW, holder="first")
    snowdome_on_disk.restart()
    provision(own, "dev", NOW, holder="first")
    assert plan_provision(own, "dev", NOW).empty
