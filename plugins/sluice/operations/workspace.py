"""A workspace: everything a stage works with, so that no stage reads a setting, a clock or Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from upath import UPath

from sluice.domain.budgets.prices import Prices
from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, State
from sluice.domain.ephemeral.templates import Template, load_templates
from sluice.domain.names import Identifier
from sluice.domain.promotion.gate_policy import Check, Gates, Policies
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec, kinds_of, load_environments, no_such_environment
from sluice.operations.account import Account
from sluice.operations.policies import PolicyFiles, policy_files
from sluice.settings import Settings
from sluice.snowflake import statements
from sluice.snowflake.connect import ConnectionSettings, Session, connect

_P = ParamSpec("_P")
_T = TypeVar("_T")
_CONTROL: Mapping[str, object] = {
    "stage": "control",
    **dict.fromkeys(("environment", "pipeline", "sla_hours", "criticality")),
}
"""Looking after all environments is no environment's work: the one whose connection is used does not pay for it."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The specs, the policies, the store of releases, the working dbt project, and how to connect."""

    environments: Mapping[str, EnvironmentSpec]
    policies: Policies
    store: UPath
    project: Path
    connections: Callable[[str], ConnectionSettings]
    templates: Mapping[Kind, Template] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    policy_files: PolicyFiles = field(default_factory=policy_files)
    """Budgets, clean-up, access: each is read when it is asked for."""
    shared: Account | None = field(default=None, repr=False, compare=False)
    """The account that all share who use this workspace; None: each opens its own."""

    def knowing(self, spec: EnvironmentSpec) -> Workspace:
        """Return this workspace with one more environment."""
        return replace(self, environments={**self.environments, spec.name: spec})

    def including(self, environment: str) -> Workspace:
        """Return this workspace with the living environment of that name, which the journal knows, or refuse it."""
        if environment in self.environments:
            return self
        with self.account() as account:
            account.refuse_unreadable(environment)
        lives = {name: life for name, life in self.lives().items() if life.state is not State.DROPPED}
        if environment in lives:
            return self.knowing(lives[environment].spec)
        known = [*self.environments, *lives]
        raise no_such_environment(environment, known)

    @contextmanager
    def account(self) -> Iterator[Account]:
        """Yield the account as one task looks at it: the one that is shared, else one for as long as this lasts."""
        if self.shared is not None:
            yield self.shared
            return
        account = Account(self._log_in)
        try:
            yield account
        finally:
            account.close()

    @contextmanager
    def one_session(self) -> Iterator[Workspace]:
        """Yield this workspace with one account for all that is asked meanwhile: one log-in, the journal read once."""
        with self.account() as account:
            yield replace(self, shared=account)

    def _log_in(self) -> AbstractContextManager[Session]:
        return self.admin(next(iter(self.environments)), tag=_CONTROL)

    def lives(self) -> dict[str, EphemeralEnvironment]:
        """Return the ephemeral environments, as the journal tells them; none where there is no journal yet."""
        with self.account() as account:
            return account.ephemeral()

    def now(self) -> datetime:
        """Return the account's own time."""
        with self.account() as account:
            return account.now()

    @contextmanager
    def control(self, *, first: bool = False) -> Iterator[Session]:
        """Yield the administrator's session that can read the journal: see `Account.computing`.

        Raises:
            MissingError: nothing was provisioned in this account yet.
        """
        with self.account() as account:
            yield account.computing(first=first)

    def spec(self, environment: str) -> EnvironmentSpec:
        """Return the spec of an environment, or refuse a name that none has."""
        if environment in self.environments:
            return self.environments[environment]
        raise no_such_environment(environment, self.environments)

    def gates(self, environment: str) -> Gates:
        """Return the gates of an environment."""
        return self.policies.gates(environment, self.spec(environment).kind)

    def checks(self, environment: str) -> tuple[Check, ...]:
        """Return what live of an environment must pass."""
        return self.policies.checks(environment, self.spec(environment).kind)

    def settings(self, environment: str) -> ConnectionSettings:
        """Return the connection settings of an environment: its own user, role, warehouse and time-out."""
        spec = self.spec(environment)
        return replace(
            self.connections(spec.connection),
            role=spec.access.role.written,
            warehouse=spec.warehouse.name.written,
            login_timeout=spec.session.login_timeout,
            retries=spec.session.retries,
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
            settings = replace(settings, role=role.written)
        if database is not None:
            settings = replace(settings, database=database.written)
        spec = self.spec(environment)
        said = query_tag(spec, tag or {})
        with connect(
            settings, query_tag=said, retries=retries, control=spec.control_database, environment=environment
        ) as session:
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
        settings = replace(
            self.connections(spec.admin_connection),
            login_timeout=spec.session.login_timeout,
            retries=spec.session.retries,
        )
        said = query_tag(spec, {"stage": "provision", **(tag or {})})
        with connect(settings, query_tag=said, control=spec.control_database) as session:
            yield session


def in_one_session(operation: Callable[Concatenate[Workspace, _P], _T]) -> Callable[Concatenate[Workspace, _P], _T]:
    """Return the operation with a workspace whose account all of its parts share: see `Workspace.one_session`."""

    @wraps(operation)
    def shared(work: Workspace, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with work.one_session() as same:
            return operation(same, *args, **kwargs)

    return shared


def query_tag(spec: EnvironmentSpec, more: Mapping[str, object]) -> dict[str, object]:
    """Return what every statement of ours says about itself in the query history; what is None is left out."""
    said = {
        "app": "sluice",
        "environment": spec.name,
        "pipeline": spec.session.pipeline,
        "sla_hours": spec.monitoring.freshness_hours,
        "criticality": spec.monitoring.criticality,
        **more,
    }
    return {key: value for key, value in said.items() if value is not None}


def workspace(settings: Settings, connections: Callable[[str], ConnectionSettings]) -> Workspace:
    """Return the workspace of a process: its folders read, its connections given."""
    environments, files = load_environments(settings.environments), PolicyFiles.of(settings)
    return Workspace(
        environments=environments,
        policies=files.gates_and_checks(kinds_of(environments)),
        store=UPath(settings.store),
        project=settings.project,
        connections=connections,
        templates=load_templates(settings.environments / "templates"),
        prices=files.prices(),
        policy_files=files,
    )
