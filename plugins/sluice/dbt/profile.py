"""The profile dbt connects with: placeholders in a file, values in the environment of a run, no secret on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_SECRET = "DBT_ENV_SECRET_SLUICE_"  # noqa: S105  (dbt scrubs variables of this prefix from its logs)
_PLAIN = "SLUICE_DBT_"


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom dbt builds: one environment, one database."""

    name: str
    """dbt's target name: the name of the environment."""
    account: str
    user: str
    role: str
    warehouse: str
    database: str
    schema: str
    threads: int
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """PEM text, or DER in base64."""
    passphrase: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    protocol: str | None = None
    authenticator: str | None = None
    query_tag: str | None = None
    connect_timeout: int | None = None

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the profile's placeholders read."""
        return {_variable(key): str(value) for key, value in self._fields().items()}

    def _fields(self) -> dict[str, str | int]:
        fields: Mapping[str, str | int | None] = {
            "account": self.account,
            "user": self.user,
            "role": self.role,
            "warehouse": self.warehouse,
            "database": self.database,
            "schema": self.schema,
            "threads": self.threads,
            "password": self.password,
            "private_key": self.private_key,
            "private_key_passphrase": self.passphrase,
            "host": self.host,
            "port": self.port,
            "protocol": self.protocol,
            "authenticator": self.authenticator,
            "query_tag": self.query_tag,
            "connect_timeout": self.connect_timeout,
        }
        return {key: value for key, value in fields.items() if value is not None}

    def profile(self, name: str) -> str:
        """Return the text of profiles.yml: the same for every database, user and secret of this environment."""
        output: dict[str, object] = {"type": "snowflake", "retry_on_database_errors": False, "connect_retries": 2}
        output |= {key: _placeholder(key, value) for key, value in self._fields().items()}
        return yaml.safe_dump({name: {"target": self.name, "outputs": {self.name: output}}}, sort_keys=True)


def write_profile(folder: Path, profile: str, target: Target) -> Path:
    """Leave a profiles.yml without any value in this folder, untouched when it is already so, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path, text = folder / "profiles.yml", target.profile(profile)
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
    return folder


def _variable(key: str) -> str:
    secret = key in {"password", "private_key", "private_key_passphrase"}
    return (_SECRET if secret else _PLAIN) + key.upper()


def _placeholder(key: str, value: str | int) -> str:
    number = " | as_number" if isinstance(value, int) else ""
    return f"{{{{ env_var('{_variable(key)}'){number} }}}}"
