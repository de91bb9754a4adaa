"""The embedded account seen from outside Airflow: what is live, and how consumers read production."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.specs import EnvironmentSpec
from sluice.errors import StopError
from sluice.laptop.surroundings import Surroundings
from sluice.snowflake.agreement import Measure, agreement
from sluice.snowflake.connect import ConnectionSettings, connect
from sluice.snowflake.observe import markers
from sluice.snowflake.statements import Statement

_MARTS, _VALUE = Identifier("MARTS"), Identifier("ORDER_VALUE")


@dataclass(frozen=True, slots=True)
class Onlooker:
    """The account's administrator, who looks and touches nothing."""

    surroundings: Surroundings

    def live(self, spec: EnvironmentSpec) -> Marker:
        """Return what live of an environment bears."""
        name = spec.database.name.name
        with connect(self._settings("ACCOUNTADMIN")) as session:
            found = markers(session, name)[name]
        if found is None:
            raise StopError("live bears no marker", where=name)
        return found

    def consumer(self, spec: EnvironmentSpec) -> ConnectionSettings:
        """Return how a consumer of the environment connects: with a reader's role and nothing else."""
        return self._settings(spec.access.readers[0].name, spec.warehouse.name.name)

    def _settings(self, role: str, warehouse: str | None = None) -> ConnectionSettings:
        return ConnectionSettings(
            account="snowdome",
            user="ADMIN",
            password=self.surroundings.account_password,
            role=role,
            warehouse=warehouse,
            host="127.0.0.1",
            port=self.surroundings.account_port,
            protocol="http",
            name="the embedded account's administrator",
        )


def two_tables(spec: EnvironmentSpec) -> Statement:
    """Return the question whose two figures agree within every deployment: revenue by day, revenue by month."""
    first, second = (
        Measure(Qualified(spec.database.name, _MARTS, Identifier(table)), _VALUE)
        for table in ("RPT_DAILY_REVENUE", "RPT_MONTHLY_REVENUE")
    )
    return agreement(first, second)
