"""The files of include/policies: one place that knows their names; each is read when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sluice.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluice.domain.access.roles import AccessPolicy
    from sluice.domain.budgets.budget_policy import BudgetPolicy
    from sluice.domain.budgets.prices import Prices
    from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
    from sluice.domain.promotion.gate_policy import Policies
    from sluice.domain.specs.blocks import Kind
    from sluice.errors import SpecError


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """The folder of policies; tasks, DAG files and the command line read each of them here."""

    folder: Path
    environments: Path
    """The folder of specs: policies speak of environments by name and by kind."""

    @classmethod
    def of(cls, here: Settings) -> Self:
        """Return the policies of these settings."""
        return cls(here.policies, here.environments)

    def gates_and_checks(self, environments: Mapping[str, Kind]) -> Policies:
        """Return gates.yml and checks.yml; a name that none of the environments has is refused."""
        from sluice.domain.promotion.gate_policy import load_policies

        return load_policies(self.folder, environments)

    def readable_gates_and_checks(self, environments: Mapping[str, Kind]) -> tuple[Policies, list[SpecError]]:
        """Return what can be read of gates.yml and checks.yml, and what is wrong with the rest."""
        from sluice.domain.promotion.gate_policy import readable_policies

        return readable_policies(self.folder, environments)

    def budgets(self) -> BudgetPolicy:
        """Return budgets.yml."""
        from sluice.domain.budgets.budget_policy import load_budgets

        return load_budgets(self.folder / "budgets.yml")

    def cleanup(self, other: Path | None = None) -> CleanupPolicy:
        """Return cleanup.yml, or `other` in its place."""
        from sluice.domain.cleanup.cleanup_policy import load_cleanup

        return load_cleanup(other or self.folder / "cleanup.yml")

    def access(self) -> AccessPolicy:
        """Return access.yml; a name that no environment has is refused."""
        from sluice.domain.access.roles import load_access
        from sluice.domain.specs.environment import kinds_of, load_environments

        return load_access(self.folder / "access.yml", kinds_of(load_environments(self.environments)))

    def access_as_written(self) -> AccessPolicy:
        """Return access.yml, whichever names it has."""
        from sluice.domain.access.roles import read_access

        return read_access(self.folder / "access.yml")

    def readable_access(self) -> AccessPolicy:
        """Return access.yml for the environments that can be read: no DAG is lost for another environment's file."""
        from sluice.domain.specs.environment import kinds_of, readable_environments

        return self.access_as_written().resolved(kinds_of(readable_environments(self.environments)[0]))

    def prices(self) -> Prices:
        """Return prices.yml."""
        from sluice.domain.budgets.prices import load_prices

        return load_prices(self.folder / "prices.yml")


def policy_files() -> PolicyFiles:
    """Return the policies of this process: `SLUICE_POLICIES`, or include/policies."""
    return PolicyFiles.of(settings())
