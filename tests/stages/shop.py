"""A shop for tests: a tiny dbt project, three environments on an account, and short ways through the stages."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from upath import UPath

from sluice.dbt.project import REF_OVERRIDE
from sluice.dbt.releases import register
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Marker, deployment_id
from sluice.domain.promotion.cutover import named
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict
from sluice.domain.promotion.gate_policy import Check, Gates, Policies
from sluice.domain.promotion.inventory import to_json
from sluice.domain.promotion.promotion_plan import PROMOTION, REFRESH, ROLLBACK
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.promotion import approvals
from sluice.operations.promotion import stages as promotion_stages
from sluice.operations.provisioning.provision import provision
from sluice.operations.refresh import refresh
from sluice.operations.rollback import rollback
from sluice.operations.stage import own_databases, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, observe, promotion_sql
from sluice.snowflake.connect import ConnectionSettings, connect
from sluice.snowflake.statements import Statement

PROJECT: Mapping[str, str] = {
    "dbt_project.yml": """
name: shop
profile: shop
models:
  shop:
    +materialized: table
    latest: {+materialized: view}
    events: {+materialized: incremental}
""",
    "macros/ref.sql": REF_OVERRIDE,
    "models/orders.sql": "select 1 as id, 10 as amount union all select 2, 20",
    "models/totals.sql": "select count(*) as orders, sum(amount) as amount from {{ ref('orders') }}",
    "models/latest.sql": "select max(id) as id from {{ ref('orders') }}",
    "models/events.sql": """
select coalesce(max(id), 0) + 1 as id from
{% if is_incremental() %} {{ this }} {% else %} (select 0 as id) {% endif %}
""",
    "models/leaf.sql": "select orders, 'one' as version from {{ ref('totals') }}",
    "models/schema.yml": """
models:
  - name: orders
    columns:
      - name: id
        data_tests: [unique, not_null]
  - name: totals
    columns:
      - name: amount
        data_tests: [not_null]
""",
    "tests/live_has_orders.sql": """
{{ config(tags=['post_promotion']) }} select 1 from {{ ref('totals') }} where orders = 0
""",
}


HAS_ORDERS = Check(name="has_orders", sql="select 1 from analytics.totals where orders < 2")
"""What live must pass: no total without its orders."""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def spec(name: str, upstream: str | None = None, **promoted: Any) -> EnvironmentSpec:
    """An environment of the shop."""
    big = name.upper()
    return EnvironmentSpec.model_validate(
        {
            "name": name,
            "kind": "development" if upstream is None else "staging" if name == "staging" else "production",
            "connection": f"snowflake_{name}",
            "upstream": upstream,
            "database": {"name": f"SHOP_{big}"},
            "warehouse": {"name": f"SHOP_{big}_WH", "size": "XSMALL", "promotion_size": "SMALL"},
            "budget": {"daily_usd": 50, "hourly_usd": 10},
            "access": {"role": f"SLUICE_{big}", "user": f"SVC_{big}", "readers": [f"SHOP_{big}_READER"]},
            "monitoring": {"freshness_hours": 24, "criticality": "low"},
            "dbt": {"target": name, "threads": 2},
            "promotion": {"strategy": "blue_green" if upstream else "in_place", **promoted},
        }
    )


@cache
def pem(user: str) -> str:
    """The private key of a user."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True)
class Connections:
    """What Airflow's connections hold, for one server."""

    port: int
    keys: Mapping[str, str]
    """The private key of each user."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Who logs in with a connection; of one that is not named here, the shop's own user."""

    def __call__(self, name: str) -> ConnectionSettings:
        """The settings of a connection by its Airflow id."""
        base = ConnectionSettings("snowdome", "ADMIN", host="127.0.0.1", port=self.port, protocol="http", name=name)
        base = replace(base, login_timeout=10, network_timeout=10)
        if name == "snowflake_admin":
            return replace(base, password="snowdome", role="ACCOUNTADMIN")
        user = self.users.get(name, f"SVC_{name.removeprefix('snowflake_').upper()}")
        return replace(base, user=user, private_key=self.keys[user])


@dataclass
class Shop:
    """One account with the shop's environments, and the project that is worked on."""

    work: Workspace
    project: Path
    port: int
    keys: Mapping[str, str]
    moment: float = field(default_factory=lambda: datetime.now(UTC).timestamp())

    def now(self) -> datetime:
        """A moment later than every one before."""
        self.moment = max(self.moment + 0.001, datetime.now(UTC).timestamp())
        return datetime.fromtimestamp(self.moment, UTC)

    def write(self, **models: str) -> None:
        """Change models of the working project."""
        write(self.project, {f"models/{name}.sql": text for name, text in models.items()})

    def refresh(self, environment: str = "dev") -> list[StageReport]:
        """Bring the working project to dev."""
        deployment, _ = refresh.plan(self.work, environment, actor="ann", now=self.now())
        return self.run(deployment, REFRESH)

    def plan(self, environment: str, **asked: Any) -> Deployment:
        """Plan a promotion."""
        return promotion_stages.plan(self.work, environment, actor="ann", now=self.now(), **asked)[0]

    def promote(self, environment: str, **asked: Any) -> list[StageReport]:
        """Bring what is live upstream to an environment; whoever is asked on the way says yes."""
        deployment = self.plan(environment, **asked)
        self.approve(deployment)
        return self.run(deployment, PROMOTION)

    def approve(self, deployment: Deployment) -> None:
        """Somebody approves of a deployment: where its environment asks for that, and if its gates call it marginal."""
        shown = [StageReport("plan", "by a test", {"live_now": named(self.live(deployment.environment))})]
        if self.work.spec(deployment.environment).promotion.approval:
            approvals.record(self.work, deployment, "promotion", shown, "bob")
        approvals.record(self.work, deployment, "marginal", shown, "bob")

    def rollback(self, environment: str, deployment: str = "previous") -> list[StageReport]:
        """Bring a retained deployment back."""
        asked, _ = rollback.plan(
            self.work, environment, deployment=deployment, reason="a test", actor="ann", now=self.now()
        )
        return self.run(asked, ROLLBACK)

    def run(self, deployment: Deployment, stages: Iterable[str]) -> list[StageReport]:
        """Run stages in their order."""
        return [self.stage(deployment, name) for name in stages]

    def stage(self, deployment: Deployment, name: str) -> StageReport:
        """Run one stage; `judged` arranges that the gates have passed the candidate, asking none of them."""
        if name == "judged":
            with stage("judge", self.work, deployment, self.now()) as running:
                running.note(Kind.JUDGED, {"verdict": "pass"})
                return running.report("passed, by a test")
        stages = {"promotion": promotion_stages.STAGES, "refresh": refresh.STAGES, "rollback": rollback.STAGES}
        return stages[deployment.kind][name](self.work, deployment, self.now())

    def markers(self, environment: str) -> dict[str, Marker | None]:
        """What lies under the live name and beside it."""
        live = self.work.spec(environment).database.name
        with self.work.session(environment) as session:
            return own_databases(observe.markers(session, live.name), live)

    def live(self, environment: str) -> Marker | None:
        """What live bears."""
        return self.markers(environment)[self.work.spec(environment).database.name.name]

    def ask(self, sql: str, environment: str = "prod") -> list[dict[str, Any]]:
        """What the consumers of an environment are answered."""
        one = self.work.spec(environment)
        with self.work.reader(environment, one.access.readers[0]) as session:
            return session.run(Statement(sql))

    def do(self, *statements: str, environment: str = "prod") -> None:
        """Run statements as the environment's own role."""
        with self.work.session(environment, database=self.work.spec(environment).database.name) as session:
            for sql in statements:
                session.run(Statement(sql))

    def value(self, sql: str, environment: str = "prod") -> Any:
        """The one value that consumers are answered."""
        (row,) = self.ask(sql, environment)
        (found,) = row.values()
        return found

    def validated(self, environment: str = "staging", **models: str) -> str:
        """Arrange that the project, with these models changed, is live there and passes; no dbt runs."""
        self.write(**models)
        release = register(self.work.store, self.project, now=self.now(), actor="ann").id
        now = self.now()
        marker = Marker(environment, deployment_id(now, release), release)
        live = self.work.spec(environment).database.name
        with self.work.session(environment) as session:
            session.run(promotion_sql.mark(live, marker))
            passed = Evidence("arranged", Verdict.PASS, "by a test", "by a test").to_json()
            inventory = to_json(observe.inventory(session, live))
            payload = {"live": marker.deployment, "release": release, "evidence": [passed], "inventory": inventory}
            event = Event(now, "ann", environment, Kind.LIVE, marker.deployment, payload)
            journal.append(session, event)
        return release

    def databases(self) -> list[str]:
        """Every database of the account that bears the shop's name."""
        with connect(self.work.connections("snowflake_admin")) as session:
            return sorted(one.name.name for one in observe.databases(session, "SHOP_"))

    def lock_holder(self, environment: str = "prod") -> str | None:
        """Who holds an environment's lock."""
        with self.work.session(environment) as session:
            found = locks.read(session, environment)
        return found.holder if found else None


def shop_at(
    port: int,
    folder: Path,
    keys: Mapping[str, str],
    specs: Iterable[EnvironmentSpec] | None = None,
    policies: Policies | None = None,
) -> Shop:
    """The shop on an account where it is provisioned already; without specs: dev, staging and prod."""
    environments = specs or (spec("dev"), spec("staging", "dev"), spec("prod", "staging"))
    named = {one.name: one for one in environments}
    work = Workspace(
        environments=named,
        policies=policies or Policies(Gates(), {}, (HAS_ORDERS,)),
        store=UPath(f"file://{folder}/store"),
        project=folder / "project",
        connections=Connections(port, keys, {one.connection: one.access.user.name for one in named.values()}),
    )
    return Shop(work, folder / "project", port, keys)


def write_shop(
    port: int,
    folder: Path,
    specs: Iterable[EnvironmentSpec] | None = None,
    policies: Policies | None = None,
    project: Mapping[str, str] = PROJECT,
) -> Shop:
    """Return the shop on an account, its project written, whatever of it is provisioned; see `shop_at`."""
    write(folder / "project", project)
    specs = list(specs or (spec("dev"), spec("staging", "dev"), spec("prod", "staging")))
    keys = {one.access.user.name: pem(one.name.upper()) for one in specs}
    return shop_at(port, folder, keys, specs, policies)


def provision_all(shop: Shop) -> Shop:
    """Provision the environments of the shop on its account."""
    for name in shop.work.environments:
        provision(shop.work, name, shop.now(), holder=f"provision-{name}", actor="ann")
    return shop


def open_shop(
    port: int,
    folder: Path,
    specs: Iterable[EnvironmentSpec] | None = None,
    policies: Policies | None = None,
    project: Mapping[str, str] = PROJECT,
) -> Shop:
    """Return the shop, provisioned on an account; without specs: dev, staging and prod."""
    return provision_all(write_shop(port, folder, specs, policies, project))


def die_after(
    port: int, folder: Path, keys: Mapping[str, str], asked: Mapping[str, object], stages: Sequence[str]
) -> None:
    """Run stages of a deployment in this process, and die as a killed worker does."""
    shop_at(port, folder, keys).run(Deployment.from_json(asked), stages)
    os.kill(os.getpid(), signal.SIGKILL)
