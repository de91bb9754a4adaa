"""An account in which nothing is provisioned yet: every command that shows something says so, and leaves nothing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from snowdome.pytest_plugin import Snowdome
from tests.terminal import ROOT, Terminal

NOTHING = "nothing was provisioned in this account yet; the first environment: sluice provision dev"


NO_OBJECT: dict[str, list[object]] = {"environments": [], "notes": []}


def nothing_is_there(snowdome: Snowdome) -> bool:
    """Whether the account is as empty as it was."""
    with snowdome.connect() as account:
        warehouses = account.cursor().execute("SHOW WAREHOUSES").fetchall()
        databases = [row[1] for row in account.cursor().execute("SHOW DATABASES").fetchall() if row[1] != "SNOWFLAKE"]
    return not warehouses and not databases


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["status"], NOTHING),
        (["env", "list"], "no ephemeral environment"),
        (["budget", "status"], NOTHING),
        (["explain", "provision", "dev"], "predicted cost: unknown: nothing was provisioned yet; USD 50.00"),
    ],
)
def test_nothing_yet_is_no_error(connected: Terminal, snowdome_module: Snowdome, words: list[str], says: str) -> None:
    """It is said plainly with exit code 0, and looking made no object."""
    done = connected(*words).clean()
    assert done.code == 0, str(done)
    assert says in done.out, str(done)
    assert done.err == ""
    assert nothing_is_there(snowdome_module)


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        (["history", "prod"], []),
        (["audit", "prod"], []),
        (["env", "list"], []),
        (["env", "inventory"], {"disagreements": [], "leftovers": []}),
        (["budget", "status"], NO_OBJECT),
        (["budget", "watch"], NO_OBJECT),
        (["hours", "status"], []),
        (["access", "list"], []),
        (["access", "review"], []),
        (["policy", "replay"], None),
    ],
)
def test_nothing_yet_is_an_empty_document(
    connected: Terminal, snowdome_module: Snowdome, words: list[str], empty: object
) -> None:
    """As JSON, what a command prints has nothing in it, exit code 0; looking made no object."""
    done = connected(*words, "--json").clean()
    assert done.code == 0, str(done)
    found = json.loads(done.out)
    assert found == empty if empty is not None else found["environments"] == []
    assert done.err.strip() in {"", NOTHING}
    assert nothing_is_there(snowdome_module)


def test_what_needs_an_environment_says_which_to_provision(connected: Terminal) -> None:
    """A promotion is explained once there is something to promote; until then the next step is named."""
    done = connected("explain", "promote", "prod").clean()
    assert done.code == 1
    assert "nothing was provisioned in this account yet" in done.err
    assert "sluice provision dev" in done.err


@pytest.mark.parametrize(
    "words", [["history", "prd"], ["audit", "prd"], ["explain", "promote", "prd"], ["explain", "provision", "prd"]]
)
def test_an_unknown_environment_is_refused_with_a_known_one(connected: Terminal, words: list[str]) -> None:
    """A typing error is reported with the bad name and a good one, also where nothing is provisioned yet."""
    done = connected(*words).clean()
    assert done.code == 1, str(done)
    assert "'prd'" in done.err, str(done)
    assert "for example: prod" in done.err, str(done)


def test_a_connection_that_is_missing_among_others_is_named(connected: Terminal) -> None:
    """Airflow is configured, one connection is not there: the message holds the command that makes it, whole."""
    done = connected("env", "list", more={"AIRFLOW_CONN_SNOWFLAKE_ADMIN": ""}).clean()
    assert done.code == 1, str(done)
    assert "airflow connections add snowflake_admin --conn-type snowflake" in done.err
    assert "make up" not in done.err


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SLUICE_ROOT": "/nowhere"}, "/nowhere/include/environments"),
        ({"SLUICE_POLICIES": "/nowhere"}, "/nowhere/gates.yml"),
        ({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "nonsense"}, "Airflow cannot be used as it is configured"),
        ({"AIRFLOW_CONN_SNOWFLAKE_ADMIN": "{"}, "snowflake_admin"),
    ],
)
def test_what_is_set_up_wrongly_is_named(connected: Terminal, variables: dict[str, str], says: str) -> None:
    """Missing folders, an unusable Airflow and a broken connection end in one message."""
    done = connected("env", "list", more=variables).clean()
    assert done.code == 1, str(done)
    assert says in done.err, str(done)


def test_an_account_that_is_away_is_told_once(connected: Terminal, tmp_path: Path) -> None:
    """Nothing listens at the connections' port: one message for all environments, not one for each."""
    shutil.copytree(ROOT / "include" / "environments", tmp_path / "environments")
    for spec in (tmp_path / "environments").glob("*.yml"):
        spec.write_text(re.sub(r"login_timeout: \d+", "login_timeout: 1", spec.read_text()))
    away = {
        name: login.replace('"port": ', '"port": 1, "was": ')
        for name, login in connected.variables.items()
        if name.startswith("AIRFLOW_CONN_")
    }
    done = connected("status", more={"SLUICE_ENVIRONMENTS": str(tmp_path / "environments"), **away}).clean()
    assert done.code == 1, str(done)
    assert done.err.count("Snowflake cannot be reached") == 1, str(done)
    assert "dev, staging, prod" in done.err
