"""The environment variables under which one machine's Airflow runs: small, quiet, local."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

USERS = "admin:admin,alice:op,bob:op"


@dataclass(frozen=True, slots=True)
class StackEnvironment:
    """The folders, ports and secrets of one stack; the secrets are in this process and its children only."""

    root: Path
    """The project: dags/, plugins/, include/."""
    home: Path
    """The stack's own folder, build/<name>."""
    account_port: int
    api_port: int
    project: Path
    """The working dbt project that refresh_dev builds."""
    account_password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables over ours, e.g. SLUICE_POLICIES."""
    token_secret: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def airflow_home(self) -> Path:
        """Where Airflow keeps its database, its key and its logs."""
        return self.home / "airflow"

    @property
    def scratch(self) -> Path:
        """Temporary files: unpacked releases, dbt's target folders."""
        return self.home / "scratch"

    @property
    def passwords(self) -> Path:
        """Airflow's own file of the generated passwords of its users."""
        return self.airflow_home / "passwords.json"

    @property
    def url(self) -> str:
        """The address of Airflow's UI and API."""
        return f"http://localhost:{self.api_port}"

    def variables(self) -> dict[str, str]:
        """Return the whole environment of the stack's processes."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SLUICE_", "SNOWDOME_"))}
        # As in Astro's image: the project's root is importable, so `include` is; and this project's plugins come first.
        inherited["PYTHONPATH"] = os.pathsep.join([str(self.root), str(self.root / "plugins")])
        return inherited | self._airflow() | self._ours() | dict(self.more)

    def _ours(self) -> dict[str, str]:
        return {
            "SLUICE_ROOT": str(self.root),
            "SLUICE_DBT_PROJECT": str(self.project),
            "SLUICE_STORE": f"file://{self.home / 'store'}",
            "SLUICE_GATE_SECONDS": "5",  # a poll costs nothing here
            "SLUICE_OFF_HOURS": "no",  # a demo, a test and whoever tries this out work at any hour
            "SNOWDOME_PASSWORD": self.account_password,
            "TMPDIR": str(self.scratch),
            # Nothing reports home, nothing fetches at run time.
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "SCARF_ANALYTICS": "false",
            "NO_PROXY": "localhost,127.0.0.1",
            # Two cores, four gigabytes: few arenas, few threads.
            "MALLOC_ARENA_MAX": "2",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _airflow(self) -> dict[str, str]:
        settings = {
            "CORE__DAGS_FOLDER": str(self.root / "dags"),
            "CORE__PLUGINS_FOLDER": str(self.root / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "3",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.airflow_home / 'airflow.db'}",
            "LOGGING__BASE_LOG_FOLDER": str(self.airflow_home / "logs"),
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.api_port),
            # Without a base URL that agrees with the port, every task fails.
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": self.token_secret[::-1],
            "API_AUTH__JWT_SECRET": self.token_secret,
            "API_AUTH__JWT_ISSUER": "sluice-laptop",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "60",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
            "DAG_PROCESSOR__STALE_DAG_THRESHOLD": "600",
            "DAG_PROCESSOR__PARSING_PROCESSES": "2",
            "WORKERS__EXECUTION_API_TIMEOUT": "30",
            "TRIGGERER__CAPACITY": "20",
        }
        return {"AIRFLOW_HOME": str(self.airflow_home)} | {
            f"AIRFLOW__{name}": value for name, value in settings.items()
        }
