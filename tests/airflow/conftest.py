"""One Airflow home for this folder's tests, set before anything imports Airflow, and an account it is connected to."""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from snowdome.pytest_plugin import Snowdome

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from running import Runs

ROOT = Path(__file__).parents[2]

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="sluice-airflow-"))
os.environ |= {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "SLUICE_ROOT": str(ROOT),
    "SLUICE_OFF_HOURS": "no",  # the tests run at any hour
}


@cache
def _pem() -> str:
    """The private key of all service users: an account that is restored knows its public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def account(snowdome_module: Snowdome) -> Iterator[Snowdome]:
    """An account that this Airflow's connections name."""
    reached = {"account": "snowdome", "host": "127.0.0.1", "port": snowdome_module.port, "protocol": "http"}
    pem = _pem()
    made = {
        "SNOWFLAKE_ADMIN": {"login": "ADMIN", "password": "snowdome", "extra": {**reached, "role": "ACCOUNTADMIN"}},
        **{
            f"SNOWFLAKE_{name}": {"login": f"SVC_SLUICE_{name}", "extra": {**reached, "private_key_content": pem}}
            for name in ("DEV", "STAGING", "PROD")
        },
    }
    before = dict(os.environ)
    for name, settings in made.items():
        os.environ[f"AIRFLOW_CONN_{name}"] = json.dumps({"conn_type": "snowflake", **settings})
    yield snowdome_module
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def runs(account: Snowdome, tmp_path_factory: pytest.TempPathFactory) -> "Runs":
    """Runs of DAGs on an account with dev, staging and prod, where nothing was ever deployed."""
    from running import prepare, prepare_database, provision_all

    runs, variables = prepare(account, tmp_path_factory.mktemp("runs"))
    os.environ |= variables
    prepare_database()
    provision_all(("dev", "staging", "prod"))
    return runs


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook of this machine, and what it received, at which of its paths."""
    reported: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a message."""
            reported.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))) | {"path": self.path})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/secret", reported
    server.shutdown()
    thread.join()
    server.server_close()
