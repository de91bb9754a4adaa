"""A workspace: everything a stage works with, so that no stage reads a setting, a clock or Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from upath import UPath

from sluice.domain.names import Identifier
from sluice.domain.policies import Policies, load_policies
from sluice.domain.specs import EnvironmentSpec, load_environments
from sluice.errors import SpecError
from sluice.settings import Settings
from sluice.snowflake import statements
from sluice.snowflake.connect import ConnectionSettings, Session, connect


@dataclass(frozen=True, slots=True)
class Workspace:
    """The specs, the policies, the store of releases, the working dbt project, and how to connect."""

    environments: Mapping[str, EnvironmentSpec]
    policies: Policies
    store: UPath
    project: Path
    connections: Callable[[str], ConnectionSettings]

    def spec(self, environment: str) -> EnvironmentSpec:
        """Return the spec of an environment, or refuse a name that none has."""
        if environment in self.environments:
            return self.environments[environment]
        near = get_close_matches(environment, list(self.environments), 1)
        raise SpecError(
            "there is no such environment",
            where="environment",
            value=environment,
            good=near[0] if near else ", ".join(self.environments),
            untouched="everything",
        )

    def settings(self, environment: str) -> ConnectionSettings:
        """Return the connection settings of an environment: its own user, role, warehouse and time-out."""
        spec = self.spec(environment)
        return replace(
            self.connections(spec.connection),
            role=spec.access.role.name,
            warehouse=spec.warehouse.name.name,
            login_timeout=spec.session.login_timeout,
        )

    @contextmanager
    def session(
        self,
        environment: str,
        *,
        role: Identifier | None = None,
        database: Identifier | None = None,
        tag: Mapping[str, object] | None = None,
        retries: bool = True,
    ) -> Iterator[Session]:
        """Open a session as the environment's service user; `role` instead of the environment's own."""
        settings = self.settings(environment)
        if role is not None:
            settings = replace(settings, role=role.name)
        if database is not None:
            settings = replace(settings, database=database.name)
        spec = self.spec(environment)
        said = query_tag(spec, tag or {})
        with connect(settings, query_tag=said, retries=retries, control=spec.control_database) as session:
            yield session

    @contextmanager
    def reader(self, environment: str, role: Identifier) -> Iterator[Session]:
        """Open a session that may do exactly what consumers with `role` may: no secondary roles."""
        with self.session(environment, role=role, tag={"stage": "verify"}) as session:
            session.run(statements.use_secondary_roles("NONE"))
            yield session

    @contextmanager
    def admin(self, environment: str, *, tag: Mapping[str, object] | None = None) -> Iterator[Session]:
        """Open a session of the connection that may provision the environment."""
        spec = self.spec(environment)
        settings = replace(self.connections(spec.admin_connection), login_timeout=spec.session.login_timeout)
        said = query_tag(spec, {"stage": "provision", **(tag or {})})
        with connect(settings, query_tag=said, control=spec.control_database) as session:
            yield session


def query_tag(spec: EnvironmentSpec, more: Mapping[str, object]) -> dict[str, object]:
    """Return what every statement of ours says about itself in the query history."""
    return {
        "app": "sluice",
        "environment": spec.name,
        "pipeline": spec.session.pipeline,
        "sla_hours": spec.monitoring.freshness_hours,
        "criticality": spec.monitoring.criticality,
        **more,
    }


def workspace(settings: Settings, connections: Callable[[str], ConnectionSettings]) -> Workspace:
    """Return the workspace of a process: its folders read, its connections given."""
    environments = load_environments(settings.environments)
    return Workspace(
        environments=environments,
        policies=load_policies(settings.policies, tuple(environments)),
        store=UPath(settings.store),
        project=settings.project,
        connections=connections,
    )
