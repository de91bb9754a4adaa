"""The embedded account seen from outside Airflow: what is live, and how consumers read production."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.devstack.environment import StackEnvironment
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import StopError
from sluice.snowflake.connect import ConnectionSettings, connect
from sluice.snowflake.consistency_query import Measure, agreement
from sluice.snowflake.observe import markers
from sluice.snowflake.statements import Statement


@dataclass(frozen=True, slots=True)
class Observer:
    """The account's administrator, read-only."""

    environment: StackEnvironment

    def live(self, spec: EnvironmentSpec) -> Marker:
        """Return the marker of an environment's live database."""
        name = spec.database.name.name
        with connect(self.administrator()) as session:
            marker = markers(session, name)[name]
        if marker is None:
            raise StopError("the live database has no marker", where=name)
        return marker

    def administrator(self) -> ConnectionSettings:
        """Return how the account's administrator connects."""
        return self._settings("ACCOUNTADMIN")

    def consumer(self, spec: EnvironmentSpec) -> ConnectionSettings:
        """Return how a consumer of the environment connects: with a reader's role and nothing else."""
        return self._settings(spec.access.readers[0].written, spec.warehouse.name.written)

    def _settings(self, role: str, warehouse: str | None = None) -> ConnectionSettings:
        return ConnectionSettings(
            account="snowdome",
            user="ADMIN",
            password=self.environment.account_password,
            role=role,
            warehouse=warehouse,
            host="127.0.0.1",
            port=self.environment.account_port,
            protocol="http",
            name="the embedded account's administrator",
        )


def what_must_agree(spec: EnvironmentSpec) -> Statement:
    """Return a query whose two values agree within every deployment, and differ between deployments.

    Revenue by day is revenue by month; and dbt's own record, which each build adds to, knows the same builds in the
    table of runs as in the table of results.
    """
    live = spec.database.name

    def revenue(table: str) -> Measure:
        return Measure(Qualified.of(live, "MARTS", table), Identifier("ORDER_VALUE"))

    def builds(table: str) -> Measure:
        return Measure(Qualified.of(live, "META", table), Identifier("INVOCATION_ID"), "distinct")

    return agreement(
        [revenue("RPT_DAILY_REVENUE"), builds("RUNS")], [revenue("RPT_MONTHLY_REVENUE"), builds("RUN_RESULTS")]
    )
