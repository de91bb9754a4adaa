"""From an Airflow connection to arguments of the connector and of dbt: what is understood, and what is refused."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluice.airflow.connections import snowflake_settings
from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.dbt.profile import options_of
from sluice.errors import RetryError, SpecError
from sluice.snowflake import keys

Put = Callable[..., str]
OAUTH = {"account": "a", "authenticator": "oauth"}
IDENTITY = {"account": "a", "authenticator": "workload_identity"}


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Put:
    """Make an Airflow connection of a name of its own and return the name."""
    name = "sf_" + str(abs(hash(request.node.name)))

    def make(**fields: object) -> str:
        made = {"conn_type": "snowflake", "login": "SVC"} | fields
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(made))
        return name

    return make


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """A service user's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class TokenServer:
    """An OAuth server: what it was asked, and what it answers."""

    url: str
    status: int = 200
    answer: Mapping[str, object] = field(default_factory=lambda: {"access_token": "short-lived", "expires_in": 600})
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)


@pytest.fixture
def oauth() -> Iterator[TokenServer]:
    """An OAuth server on this machine."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            client = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            server.asked.append((client, form))
            body = json.dumps(server.answer).encode()
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Answering)
    server = TokenServer(f"http://127.0.0.1:{listening.server_port}/token")
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield server
    listening.shutdown()
    listening.server_close()
    thread.join()


def pem(key: rsa.RSAPrivateKey, passphrase: str = "") -> bytes:
    """Return the key as PEM, encrypted where there is a passphrase."""
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def test_password_and_place(put: Put) -> None:
    """Account, host, port, protocol, role, warehouse and database come from the extra, as the provider reads them."""
    extra = {"account": "a", "host": "127.0.0.1", "port": 8095, "protocol": "http", "role": "R", "warehouse": "W"}
    found = snowflake_settings(put(password="pw", schema="S", extra=extra | {"database": "D"}))
    assert (found.account, found.user, found.password, found.schema) == ("a", "SVC", "pw", "S")
    assert (found.host, found.port, found.protocol) == ("127.0.0.1", 8095, "http")
    assert (found.role, found.warehouse, found.database) == ("R", "W", "D")
    assert "pw" not in repr(found)


def test_a_usual_connection_gives_nothing_more(put: Put) -> None:
    """Account, login and password, as the provider's form leaves the rest empty: the connector gets just these."""
    extra = {"account": "a", "role": "", "region": "", "proxy_host": "", "insecure_mode": False}
    given = snowflake_settings(put(password="pw", extra=extra)).arguments()
    assert given == {"account": "a", "user": "SVC", "password": "pw"}


@pytest.mark.parametrize("passphrase", ["", "open"])
@pytest.mark.parametrize("form", ["PEM", "base64 of PEM", "base64 of DER", "file", "file in the home folder"])
def test_a_key_in_each_form(
    put: Put, key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, form: str, passphrase: str
) -> None:
    """The key is used whatever its form; the connection's password is its passphrase then, and no password."""
    text = pem(key, passphrase)
    locked = serialization.BestAvailableEncryption(b"open") if passphrase else serialization.NoEncryption()
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, locked)
    (tmp_path / "key.p8").write_bytes(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    extra = {
        "PEM": {"private_key_content": text.decode()},
        "base64 of PEM": {"private_key_content": base64.b64encode(text).decode()},
        "base64 of DER": {"private_key_content": base64.b64encode(der).decode()},
        "file": {"private_key_file": str(tmp_path / "key.p8")},
        "file in the home folder": {"private_key_file": "~/key.p8"},
    }[form]
    found = snowflake_settings(put(password=passphrase, extra={"account": "a", **extra}))
    assert found.arguments() == {"account": "a", "user": "SVC", "private_key": keys.der(key)}
    assert found.public_key() == keys.public_key(key)
    assert "private_key" not in repr(found)


def test_old_names_of_the_extra(put: Put, key: rsa.RSAPrivateKey) -> None:
    """Names that an older Airflow's form wrote are read as the provider reads them."""
    extra = {"extra__snowflake__account": "a", "extra__snowflake__private_key_content": pem(key).decode()}
    assert snowflake_settings(put(extra=extra)).arguments()["private_key"] == keys.der(key)


def test_missing_connection_says_how_to_make_it() -> None:
    """A connection that is not there is named, with the command that makes it."""
    with pytest.raises(SpecError, match="airflow connections add snowflake_nowhere --conn-type snowflake"):
        snowflake_settings("snowflake_nowhere")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "postgres", "password": "x"}, "not of type snowflake"),
        ({"password": "x"}, "names no account"),
        ({"login": "", "password": "x", "extra": {"account": "a"}}, "has no login"),
        ({"extra": {"account": "a"}}, "neither a password nor a private key"),
        ({"extra": {"account": "a", "private_key_file": "/not/there.p8"}}, "is not there"),
        ({"extra": {"account": "a", "private_key_file": "/x", "private_key_content": "y"}}, "not both"),
        ({"extra": {"account": "a", "private_key_content": "bm8ga2V5"}}, "not an RSA private key"),
        ({"password": "x", "extra": {"account": "a", "authenticator": "kerberos"}}, "no authenticator that"),
        ({"password": "x", "extra": {"account": "a", "authenticator": "snowflake_jwt"}}, "takes a private key"),
        ({"password": "x", "extra": OAUTH}, "takes a grant_type"),
        ({"password": "x", "extra": OAUTH | {"grant_type": "password"}}, "takes a grant_type"),
        ({"password": "x", "extra": OAUTH | {"grant_type": "refresh_token"}}, "takes a refresh_token"),
        ({"extra": OAUTH | {"grant_type": "client_credentials"}}, "its secret as password"),
        ({"extra": OAUTH | {"private_key_content": "x"}}, "leave one of them out"),
        ({"extra": IDENTITY}, "workload_identity_provider together"),
        ({"password": "x", "extra": {"account": "a", "workload_identity_provider": "AWS"}}, "together"),
        ({"password": "x", "extra": {"account": "a", "proxy_host": "p", "proxy_port": "http"}}, "is wrong"),
        ({"password": "x", "extra": {"account": "a", "session_parameters": "X=1"}}, "no mapping"),
        ({"password": "x", "extra": {"account": "a", "session_parameters": {"autocommit": False}}}, "sluice sets AUTO"),
        ({"password": "x", "extra": {"account": "a", "session_parameters": {"QUERY_TAG": "mine"}}}, "sluice sets QUER"),
        (
            {"password": "x", "extra": {"account": "a", "session_parameters": {"ROWS_PER_RESULTSET": 1}}},
            "would misread",
        ),
    ],
)
def test_wrong_connection_is_refused_by_name(put: Put, fields: dict[str, object], says: str) -> None:
    """A connection of the wrong kind, or without what is needed, is refused before anything connects."""
    name = put(**fields)
    with pytest.raises(SpecError, match=says) as refused:
        snowflake_settings(name)
    assert name in str(refused.value)
    assert "bm8ga2V5" not in str(refused.value)


def test_place_and_line_reach_the_connector_and_dbt(put: Put) -> None:
    """The region, the proxy and the checks of certificates are those of the connection, for both."""
    extra = {"account": "xy12345", "region": "eu-central-1", "proxy_host": "p", "proxy_port": "8080"}
    found = snowflake_settings(put(password="pw", extra=extra | {"insecure_mode": "true", "ocsp_fail_open": True}))
    given = found.arguments()
    assert given["account"] == "xy12345.eu-central-1"
    line = {"proxy_host": "p", "proxy_port": 8080, "insecure_mode": True}
    assert line.items() <= given.items()
    assert given["ocsp_fail_open"] is True
    assert options_of(given, "here") == line


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"proxy_host": "p", "proxy_user": "u"}, "HTTPS_PROXY"),
        ({"json_result_force_utf8_decoding": True}, "leave it out"),
        ({"ocsp_fail_open": False}, "leave it out"),
        ({"session_parameters": {"WEEK_START": 1}}, "WEEK_START = 1 as a parameter of the connection's user"),
        ({"session_parameters": {"TIMEZONE": "UTC"}}, "TIMEZONE = UTC as a parameter"),
    ],
)
def test_what_dbt_has_no_name_for_is_refused(put: Put, extra: dict[str, object], says: str) -> None:
    """It reaches the connector; for dbt it is refused by name, with what does the same there."""
    name = put(password="pw", extra={"account": "a", **extra})
    given = snowflake_settings(name).arguments()
    assert set(extra) <= set(given)
    with pytest.raises(SpecError, match="dbt-snowflake knows no such setting") as refused:
        options_of(given, f"Airflow connection {name}")
    assert says in str(refused.value)
    assert name in str(refused.value)


def test_session_parameters(put: Put) -> None:
    """They reach the connector; dbt has a name for one of them, and sets AUTOCOMMIT itself."""
    parameters = {"S3_STAGE_VPCE_DNS_NAME": "vpce.example", "AUTOCOMMIT": True}
    given = snowflake_settings(put(password="pw", extra={"account": "a", "session_parameters": parameters})).arguments()
    assert given["session_parameters"] == parameters
    assert options_of(given, "here") == {"s3_stage_vpce_dns_name": "vpce.example"}


@pytest.mark.parametrize("authenticator", ["oauth", "OAUTH"])
def test_oauth_by_client_credentials(put: Put, oauth: TokenServer, authenticator: str) -> None:
    """A token is asked for at a log-in and not before, with the client's id and secret; it is used until it ends."""
    extra = {"grant_type": "client_credentials", "token_endpoint": oauth.url, "scope": "session:role:R"}
    extra |= {"account": "a", "authenticator": authenticator}
    found = snowflake_settings(put(login="client", password="hush", extra=extra))
    assert found.user is None
    assert found.public_key() is None
    assert "token" not in found.arguments(token=False)
    assert oauth.asked == []
    for _ in range(2):
        assert found.arguments() == {"account": "a", "authenticator": "oauth", "token": "short-lived"}
    [(client, form)] = oauth.asked
    assert client == "client:hush"
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["session:role:R"]
    assert options_of(found.arguments(), "here") == {"authenticator": "oauth", "token": "short-lived"}
    assert "hush" not in repr(found)


def test_oauth_by_refresh_token(put: Put, oauth: TokenServer) -> None:
    """A refresh token makes it OAuth, as the provider has it."""
    extra = {"account": "a", "refresh_token": "long-lived", "token_endpoint": oauth.url}
    given = snowflake_settings(put(login="client", password="hush", extra=extra)).arguments()
    assert given == {"account": "a", "authenticator": "oauth", "token": "short-lived"}
    assert oauth.asked[0][1]["refresh_token"] == ["long-lived"]


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [(401, {}, SpecError), (503, {}, RetryError), (200, {"error": "no"}, SpecError)],
)
def test_oauth_that_gives_no_token(
    put: Put, oauth: TokenServer, status: int, answer: dict[str, object], error: type[Exception]
) -> None:
    """A refusal is the connection's fault, a server in trouble is asked again; neither says the secret."""
    oauth.status, oauth.answer = status, answer
    extra = {"grant_type": "client_credentials", "token_endpoint": oauth.url}
    name = put(login="client", password="hush", extra=OAUTH | extra)
    with pytest.raises(error, match=f"{name}: OAuth token") as refused:
        snowflake_settings(name).arguments()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("authenticator", ["workload_identity", "WORKLOAD_IDENTITY"])
def test_workload_identity(put: Put, tmp_path: Path, authenticator: str) -> None:
    """Neither login nor secret is needed; the file of a token is named to the connector, and read for dbt."""
    file = tmp_path / "token"
    file.write_text("signed\n")
    extra = {"authenticator": authenticator, "workload_identity_provider": "OIDC", "token_file_path": str(file)}
    found = snowflake_settings(put(login="", extra={"account": "a", **extra}))
    assert found.arguments() == {"account": "a", **extra}
    assert found.public_key() is None
    expected = {"authenticator": authenticator, "workload_identity_provider": "OIDC", "token": "signed"}
    assert options_of(found.arguments(), "here") == expected
    file.unlink()
    with pytest.raises(SpecError, match="token_file_path cannot be read"):
        options_of(found.arguments(), "here")


@pytest.mark.parametrize("authenticator", ["programmatic_access_token", "PROGRAMMATIC_ACCESS_TOKEN"])
def test_programmatic_access_token(put: Put, authenticator: str) -> None:
    """The connection's password is the token, for the connector and for dbt."""
    found = snowflake_settings(put(password="pat", extra={"account": "a", "authenticator": authenticator}))
    options = {"authenticator": "programmatic_access_token", "token": "pat"}
    assert found.arguments() == {"account": "a", "user": "SVC", **options}
    assert options_of(found.arguments(), "here") == options
    assert "pat'" not in repr(found)


@pytest.mark.parametrize("authenticator", ["externalbrowser", "username_password_mfa", "https://acme.okta.com"])
def test_authenticators_of_people(put: Put, authenticator: str) -> None:
    """At a person's terminal: they are passed on to both."""
    extra = {"account": "a", "authenticator": authenticator, "client_store_temporary_credential": "true"}
    given = snowflake_settings(put(password="pw", extra=extra)).arguments()
    assert given["client_store_temporary_credential"] is True
    assert options_of(given, "here") == {"authenticator": authenticator}


def test_hook_passes_the_protocol_on(put: Put) -> None:
    """The provider drops `protocol`; our hook connects with it, so plain http on this machine works."""
    extra = {"account": "a", "host": "127.0.0.1", "port": 1, "protocol": "http"}
    hook = SluiceSnowflakeHook(snowflake_conn_id=put(password="pw", extra=extra))
    assert hook._get_conn_params()["protocol"] == "http"
