"""Airflow connections that an embedded account takes, over the wire: by sluice, by the hook and by dbt."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluice.airflow.connections import snowflake_settings
from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.dbt.invoke import run
from sluice.domain.names import Identifier
from sluice.errors import RefusedError
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.refresh.dbt_builds import by_hand
from sluice.operations.workspace import Workspace, workspace
from sluice.settings import settings
from sluice.snowflake import keys
from sluice.snowflake.connect import Session, connect
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

WHO = Statement("select current_user() as who")
CONNECTION = "sf_of_each_kind"


def put(account: Snowdome, monkeypatch: pytest.MonkeyPatch, name: str = CONNECTION, **fields: object) -> str:
    """Make the Airflow connection to this account and return its id."""
    extra = {"account": "snowdome", "host": "127.0.0.1", "port": account.port, "protocol": "http"}
    said = fields.pop("extra", {})
    made = {"conn_type": "snowflake", **fields, "extra": extra | (said if isinstance(said, dict) else {})}
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(made))
    return name


def administer(account: Snowdome, *statements: str) -> list[dict[str, object]]:
    """Run statements as the account's administrator and return the rows of the last."""
    cursor = account.connect(role="ACCOUNTADMIN").cursor()
    for statement in statements:
        cursor.execute(statement)
    names = [column[0].lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def token_for(account: Snowdome, user: str, role: str) -> str:
    """Return the secret of a new programmatic access token."""
    rows = administer(account, f"alter user {user} add programmatic access token at_work role_restriction = '{role}'")
    return str(rows[0]["token_secret"])


@pytest.mark.parametrize("passphrase", ["", "open"])
@pytest.mark.parametrize("form", ["PEM", "base64 of PEM", "base64 of DER", "file"])
@pytest.mark.parametrize("authenticator", ["snowflake", "SNOWFLAKE_JWT"])
def test_a_key_in_each_form_logs_in(
    snowdome_module: Snowdome,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    form: str,
    passphrase: str,
    authenticator: str,
) -> None:
    """The service user is who logs in, by sluice's own session and by the hook, whatever the key's form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    locked = serialization.BestAvailableEncryption(b"open") if passphrase else serialization.NoEncryption()
    text, der = (
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, locked)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
    )
    (tmp_path / "key.p8").write_bytes(text)
    extra = {
        "PEM": {"private_key_content": text.decode()},
        "base64 of PEM": {"private_key_content": base64.b64encode(text).decode()},
        "base64 of DER": {"private_key_content": base64.b64encode(der).decode()},
        "file": {"private_key_file": str(tmp_path / "key.p8")},
    }[form]
    public = keys.public_key(key).body
    administer(snowdome_module, f"create or replace user svc_key type = service rsa_public_key = '{public}'")
    name = put(
        snowdome_module,
        monkeypatch,
        login="svc_key",
        password=passphrase,
        extra={**extra, "authenticator": authenticator},
    )
    with connect(snowflake_settings(name)) as session:
        assert session.one(WHO) == {"who": "SVC_KEY"}
    assert SluiceSnowflakeHook(name).get_first("select current_user()") == ("SVC_KEY",)


def test_session_parameters_beside_our_own(snowdome_module: Snowdome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the connection are set in the session; time zone, query tag and role are what sluice sets."""
    parameters = {"statement_timeout_in_seconds": 77, "timezone": "UTC", "autocommit": True}
    extra = {"session_parameters": parameters, "role": "PUBLIC"}
    name = put(snowdome_module, monkeypatch, login="ADMIN", password="snowdome", extra=extra)
    found = replace(snowflake_settings(name), role="ACCOUNTADMIN")
    with connect(found, query_tag={"stage": "tried"}) as session:
        assert {key: parameter(session, key) for key in ("STATEMENT_TIMEOUT_IN_SECONDS", "TIMEZONE", "QUERY_TAG")} == {
            "STATEMENT_TIMEOUT_IN_SECONDS": "77",
            "TIMEZONE": "UTC",
            "QUERY_TAG": '{"stage":"tried"}',
        }
        assert session.one(Statement("select current_role() as r")) == {"r": "ACCOUNTADMIN"}


def parameter(session: Session, name: str) -> str:
    """Return the value of a parameter in the session."""
    return str(session.one(Statement(f"SHOW PARAMETERS LIKE '{name}' IN SESSION"))["value"])


@pytest.fixture
def work(snowdome_module: Snowdome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """The shipped environments and a project of one model; dev's connection logs in with an access token."""
    put(
        snowdome_module,
        monkeypatch,
        "snowflake_admin",
        login="ADMIN",
        password="snowdome",
        extra={"role": "ACCOUNTADMIN"},
    )
    put(
        snowdome_module,
        monkeypatch,
        "snowflake_dev",
        login="svc_sluice_dev",
        password="none yet",
        extra={"authenticator": "programmatic_access_token", "insecure_mode": True},
    )
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: shop\nprofile: shop\nmodels: {shop: {+materialized: table}}\n")
    (project / "models" / "who.sql").write_text("select current_user() as who, current_role() as role")
    return replace(workspace(settings(), snowflake_settings), project=project)


def test_an_environment_whose_user_has_no_key(
    work: Workspace, snowdome_module: Snowdome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user is an administrator's: refused while it is not there, provisioned around, built as by dbt."""
    now = datetime.now(UTC)
    with pytest.raises(RefusedError, match="no private key that it could be made with"):
        plan_provision(work, "dev", now)
    administer(
        snowdome_module,
        "create user svc_sluice_dev type = service",
        "create network policy anywhere allowed_ip_list = ('0.0.0.0/0')",
        "alter user svc_sluice_dev set network_policy = anywhere",
    )
    provision(work, "dev", now, holder="test")
    assert plan_provision(work, "dev", now).steps == ()
    user = {row["property"]: row["value"] for row in administer(snowdome_module, "describe user svc_sluice_dev")}
    assert user["DEFAULT_ROLE"] == "SLUICE_DEV"

    extra = {"authenticator": "programmatic_access_token", "insecure_mode": True}
    token = token_for(snowdome_module, "svc_sluice_dev", "SLUICE_DEV")
    put(snowdome_module, monkeypatch, "snowflake_dev", login="svc_sluice_dev", password=token, extra=extra)
    call, _ = by_hand(work, "dev", "ann")
    run(call, ["run"])
    with work.session("dev", database=Identifier("OLIST_DEV")) as session:
        row = session.one(Statement("select who, role from ann_analytics.who"))
    assert row == {"who": "SVC_SLUICE_DEV", "role": "SLUICE_DEV"}
    for path in call.home.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path
