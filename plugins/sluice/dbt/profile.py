"""The profile dbt connects with: placeholders in a file, values in the environment of a run, no secret on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sluice.errors import SpecError

Setting = str | int | bool
_SECRET = "DBT_ENV_SECRET_SLUICE_"  # noqa: S105  (dbt scrubs variables of this prefix from its logs)
_PLAIN = "SLUICE_DBT_"
_SECRETS = ("password", "private_key", "token")
_SAME = ("authenticator", "insecure_mode", "proxy_host", "proxy_port", "token", "workload_identity_provider")
"""Arguments of the connector that dbt's profile has under the same name, beside those of a `Target` itself."""
_AS_DBT_DOES: Mapping[str, object] = {
    "client_request_mfa_token": True,
    "client_store_temporary_credential": True,
    "ocsp_fail_open": True,
}
"""What dbt, or the connector, does anyway: with these values there is nothing to say."""
_INSTEAD = {
    "proxy_user": "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT in the environment of Airflow's workers",
    "proxy_password": "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT in the environment of Airflow's workers",
}
_PARAMETERS = {"S3_STAGE_VPCE_DNS_NAME": "s3_stage_vpce_dns_name"}
"""Session parameters that dbt's profile has a name for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom dbt builds: one environment, one database."""

    name: str
    """dbt's target name: the name of the environment."""
    account: str
    user: str | None
    role: str
    warehouse: str
    database: str
    schema: str
    threads: int
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """PEM text, or DER in base64."""
    host: str | None = None
    port: int | None = None
    protocol: str | None = None
    query_tag: str | None = None
    connect_timeout: int | None = None
    options: Mapping[str, Setting] = field(default_factory=dict, repr=False)
    """Further settings by dbt's own names, as `options_of` returns them."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the profile's placeholders read."""
        return {_variable(key): str(value) for key, value in self._fields().items()}

    def _fields(self) -> dict[str, Setting]:
        fields: Mapping[str, Setting | None] = {
            **self.options,
            "account": self.account,
            "user": self.user,
            "role": self.role,
            "warehouse": self.warehouse,
            "database": self.database,
            "schema": self.schema,
            "threads": self.threads,
            "password": self.password,
            "private_key": self.private_key,
            "host": self.host,
            "port": self.port,
            "protocol": self.protocol,
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


def options_of(arguments: Mapping[str, object], where: str) -> dict[str, Setting]:
    """Return the further settings of a profile for the connector's further arguments, by dbt's own names.

    Raises:
        SpecError: dbt has no name for one of them. It would connect otherwise than sluice does, or not at all.
    """
    options: dict[str, Setting] = {}
    for name, value in arguments.items():
        if name in _SAME and isinstance(value, Setting):
            options[name] = value
        elif name == "token_file_path":
            options["token"] = _token(Path(str(value)), where)
        elif name == "session_parameters" and isinstance(value, Mapping):
            options |= _parameters(value, where)
        elif name not in Target.__dataclass_fields__ and _AS_DBT_DOES.get(name) != value:
            raise _refuse(name, where, _INSTEAD.get(name, "leave it out"))
    return options


def _parameters(parameters: Mapping[str, object], where: str) -> dict[str, Setting]:
    known = {str(name).upper(): str(value) for name, value in parameters.items()}
    if known.get("AUTOCOMMIT", "").upper() == "TRUE":
        del known["AUTOCOMMIT"]  # dbt sets it
    for name, value in known.items():
        if name not in _PARAMETERS:
            good = f"{name} = {value} as a parameter of the connection's user: all its sessions have it, dbt's too"
            raise _refuse(f"session_parameters.{name}", where, good)
    return {_PARAMETERS[name]: value for name, value in known.items()}


def _token(path: Path, where: str) -> str:
    """The token in a file, which may be another one at each call."""
    try:
        return path.read_text("utf-8").strip()
    except OSError as missing:
        raise SpecError(
            "the file of token_file_path cannot be read",
            where=where,
            value=str(path),
            good="the path at which the workers find the token",
            untouched="everything",
        ) from missing


def _refuse(name: str, where: str, good: str) -> SpecError:
    return SpecError("dbt-snowflake knows no such setting", where=where, value=name, good=good, untouched="everything")


def _variable(key: str) -> str:
    return (_SECRET if key in _SECRETS else _PLAIN) + key.upper()


def _placeholder(key: str, value: Setting) -> str:
    native = " | as_bool" if isinstance(value, bool) else " | as_number" if isinstance(value, int) else ""
    return f"{{{{ env_var('{_variable(key)}'){native} }}}}"
