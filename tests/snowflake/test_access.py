"""Access on an account: the policy's roles, passes that are taken back, and that dev cannot write production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sluice.domain.access.roles import Level, load_access
from sluice.domain.access.temporary_access import Holder
from sluice.domain.cleanup.cleanup_policy import load_cleanup
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request
from sluice.domain.names import Identifier
from sluice.domain.specs.environment import kinds_of, load_environments
from sluice.errors import RefusedError, SluiceError, SpecError
from sluice.operations.access.access import current, grant, plan_roles, provision_roles, review_access, revoke
from sluice.operations.caller import Caller
from sluice.operations.cleanup.sweep import plan_sweep, run_sweep
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import set_aside
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import show
from sluice.snowflake.connect import Session, connect
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

POLICIES = Path(__file__).resolve().parents[2] / "include" / "policies"
POLICY = load_access(POLICIES / "access.yml", kinds_of(load_environments(POLICIES.parent / "environments")))
CLEANUP = load_cleanup(POLICIES / "cleanup.yml")
ANN = Holder("USER", Identifier("SVC_ANN"))
READER = Identifier("OLIST_PROD_READER")


@pytest.fixture
def home(work: Workspace, admin: Session) -> Workspace:
    """All three environments stand, production holds a table, and Ann is a user who may do nothing."""
    return work


def stand(account: Snowdome, work: Workspace) -> None:
    """They do."""
    for name in work.environments:
        provision(work, name, work.now(), holder=name)
    with connect(work.connections("snowflake_admin")) as admin:
        admin.run(Statement("CREATE USER SVC_ANN PASSWORD = 'long enough for anyone'"))
    with work.session("prod") as prod:
        prod.run(Statement("CREATE SCHEMA OLIST_PROD.MARTS"))
        prod.run(Statement("CREATE TABLE OLIST_PROD.MARTS.T AS SELECT 1 AS A"))


PREPARED = {"home": stand}


def hand(work: Workspace, run: str = "run 1") -> Caller:
    """A run at the account's own time."""
    return Caller(run, "bob", work.now())


def has(work: Workspace, holder: Holder = ANN, role: Identifier = READER) -> bool:
    """Whether the holder has the role in the account."""
    with work.control() as session:
        return any(row["grantee_name"] == holder.name.name for row in session.run(show.grants_of(role)))


def give(work: Workspace, run: str = "run 1", hours: int = 24) -> None:
    """Ann may read production for a day."""
    grant(work, "prod", ANN, hand(work, run), level=Level.READ, hours=hours, reason="on call", policy=POLICY)


def sweep(work: Workspace, run: str = "sweep") -> tuple[str, ...]:
    """What the sweep takes back."""
    plan = plan_sweep(work, CLEANUP, work.now())
    return tuple(str(one.holder) for one in run_sweep(work, plan, hand(work, run)).revoked)


def test_the_roles_of_the_policy(home: Workspace) -> None:
    """Made as the plan says, each with what the matrix gives; a second plan is empty; what was taken is given again."""
    plan = plan_roles(home, POLICY)
    assert {type(step).__name__ for step in plan.steps} == {"CreateRole", "GrantRole", "GrantViewer", "GrantPrivileges"}
    provision_roles(home, POLICY)
    assert plan_roles(home, POLICY).empty
    with home.control() as session:
        session.run(Statement("REVOKE ROLE OLIST_PROD_READER FROM ROLE SLUICE_ANALYST"))
    assert [type(step).__name__ for step in plan_roles(home, POLICY).steps] == ["GrantRole"]


def test_an_analyst_reads_production_and_changes_nothing(home: Workspace, admin: Session) -> None:
    """With the role and nothing else: SELECT is answered, INSERT and CREATE are refused."""
    provision_roles(home, POLICY)
    admin.run(Statement("GRANT ROLE SLUICE_ANALYST TO USER SVC_ANN"))
    settings = home.connections("snowflake_admin")
    ann = replace(settings, user="SVC_ANN", password="long enough for anyone", role="SLUICE_ANALYST")
    with connect(ann) as session:
        session.run(Statement("USE WAREHOUSE SLUICE_PROD_WH"))
        assert session.run(Statement("SELECT A FROM OLIST_PROD.MARTS.T")) == [{"a": 1}]
        for sql in ("INSERT INTO OLIST_PROD.MARTS.T SELECT 2", "CREATE TABLE OLIST_PROD.MARTS.U (A INT)"):
            with pytest.raises(SluiceError):
                session.run(Statement(sql))


def test_dev_can_never_write_production(home: Workspace, admin: Session) -> None:
    """No role that development, a feature or the policy's people have holds a writing privilege on production."""
    provision_roles(home, POLICY)
    name = EphemeralName.make("dev", "orders", "john", home.now().date())
    create(home, "feature", Request(name, "john", "data", "x", base="prod"), home.now(), holder="c", actor="john")
    starts = ["SLUICE_DEV", f"SLUICE_{str(name).upper()}", *(r.snowflake_role.name for r in POLICY.roles.values())]
    for start in starts:
        seen, todo = set(), [start]
        while todo:
            role = todo.pop()
            seen.add(role)
            for row in admin.run(show.grants_to(Identifier.from_account(role))):
                kind, what = str(row["granted_on"]).upper(), str(row["name"])
                if kind == "ROLE" and what not in seen:
                    todo.append(what)
                if what.split(".", maxsplit=1)[0].strip('"') == "OLIST_PROD":
                    assert str(row["privilege"]).upper() in {"USAGE", "SELECT", "MONITOR"}, (start, role, row)
        assert "SLUICE_PROD" not in seen
    for environment in ("dev", str(name)):
        known = home.including(environment)
        with known.session(environment) as session:
            for sql in ("DELETE FROM OLIST_PROD.MARTS.T", "DROP DATABASE OLIST_PROD", "CREATE SCHEMA OLIST_PROD.MINE"):
                with pytest.raises(SluiceError):
                    session.run(Statement(sql))


def test_access_ends_by_itself(home: Workspace, account: Snowdome) -> None:
    """Written down with its reason, there for its time, taken back by the first sweep after it."""
    give(home)
    assert has(home)
    assert [(str(one.holder), one.reason, one.by) for one in current(home)] == [("user SVC_ANN", "on call", "bob")]
    assert sweep(home, "early") == ()
    account.clock(advance_seconds=25 * 3600)
    assert sweep(home) == ("user SVC_ANN",)
    assert not has(home)
    assert current(home) == []
    assert sweep(home, "again") == ()


def test_taken_back_by_hand_and_with_its_environment(home: Workspace) -> None:
    """Revoked before its time; and nobody has access to what is set aside."""
    give(home)
    revoke(home, "prod", ANN, hand(home, "run 2"), reason="not on call any more")
    assert not has(home)
    with pytest.raises(SpecError, match="no pass"):
        revoke(home, "prod", ANN, hand(home, "run 3"), reason="once more")
    name = EphemeralName.make("dev", "orders", "john", home.now().date())
    create(home, "feature", Request(name, "john", "data", "x", base="prod"), home.now(), holder="c", actor="john")
    asked = {"level": Level.WRITE, "hours": 5, "reason": "a second pair of eyes", "policy": POLICY}
    grant(home, str(name), ANN, hand(home, "run 4"), **asked)  # type: ignore[arg-type]
    role = Identifier(f"SLUICE_{str(name).upper()}")
    assert has(home, role=role)
    set_aside(home, str(name), "idle", hand(home, "run 5"), until=home.now() + timedelta(days=1))
    assert not has(home, role=role)


@pytest.mark.parametrize(
    ("environment", "holder", "level", "error", "words"),
    [
        ("prod", ANN, Level.WRITE, RefusedError, "nobody is given write access"),
        ("prd", ANN, Level.READ, SpecError, "no such environment"),
        ("prod", Holder("USER", Identifier("NOBODY")), Level.READ, SpecError, "no such user"),
        ("prod", Holder("ROLE", Identifier("NOTHING")), Level.READ, SpecError, "no such role"),
    ],
)
def test_refused_with_nothing_written(  # noqa: PLR0917 (one parameter for each part of the case)
    home: Workspace, environment: str, holder: Holder, level: Level, error: type[SluiceError], words: str
) -> None:
    """Neither in the journal nor in the account."""
    with pytest.raises(error, match=words):
        grant(home, environment, holder, hand(home), level=level, hours=5, reason="x y z", policy=POLICY)
    assert current(home) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_is_lost_one_more_run_finishes(
    home: Workspace, account: Snowdome, clear: Callable[[], int], when: str
) -> None:
    """Of giving and of taking back, each statement fails, or takes effect and says it did not: a re-run ends it."""
    for number in (1, 2):
        account.fault("(?i)^(grant|insert)", nth=number, when=when, do="error", errno=603)
        with pytest.raises(SluiceError):
            give(home, f"give {number}", hours=number)
        clear()
        give(home, f"give {number}", hours=number)
        assert has(home)
        assert len(current(home)) == 1
        account.clock(advance_seconds=number * 3600 + 60)
        account.fault("(?i)^(revoke|insert)", nth=number, when=when, do="error", errno=603)
        sweep(home, f"sweep {number}")
        clear()
        sweep(home, f"sweep {number} again")
        assert not has(home)
        assert current(home) == []


def test_the_review_reads_the_account(home: Workspace, account: Snowdome, admin: Session) -> None:
    """Who was given a role by hand is named; our own woven roles are not."""
    admin.run(Statement("GRANT ROLE OLIST_PROD_READER TO USER SVC_ANN"))
    lines = review_access(home, POLICY, home.now())
    assert [(line.holder, line.environment, line.role) for line in lines] == [
        ("user SVC_ANN", "prod", "OLIST_PROD_READER")
    ]
    account.clock(advance_seconds=100 * 86_400)
    (line,) = review_access(home, POLICY, home.now())
    assert (line.recommendation, line.last_used) == ("revoke", "never")
