"""The files of include/policies: one place that knows their names; each is read when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluice.settings import settings

if TYPE_CHECKING:
    from sluice.domain.budgets import BudgetPolicy
    from sluice.domain.cleanup import CleanupPolicy
    from sluice.domain.policies import Policies
    from sluice.domain.prices import Prices
    from sluice.domain.roles import AccessPolicy


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """The folder of policies; tasks, DAG files and the command line read each of them here."""

    folder: Path

    def gates_and_checks(self, environments: tuple[str, ...] = ()) -> Policies:
        """Return gates.yml and checks.yml; with `environments`, a name that none of them has is refused."""
        from sluice.domain.policies import load_policies

        return load_policies(self.folder, environments)

    def budgets(self) -> BudgetPolicy:
        """Return budgets.yml."""
        from sluice.domain.budgets import load_budgets

        return load_budgets(self.folder / "budgets.yml")

    def cleanup(self, other: Path | None = None) -> CleanupPolicy:
        """Return cleanup.yml, or `other` in its place."""
        from sluice.domain.cleanup import load_cleanup

        return load_cleanup(other or self.folder / "cleanup.yml")

    def access(self) -> AccessPolicy:
        """Return access.yml."""
        from sluice.domain.roles import load_access

        return load_access(self.folder / "access.yml")

    def prices(self) -> Prices:
        """Return prices.yml."""
        from sluice.domain.prices import load_prices

        return load_prices(self.folder / "prices.yml")


def policy_files() -> PolicyFiles:
    """Return the policies of this process: `SLUICE_POLICIES`, or include/policies."""
    return PolicyFiles(settings().policies)
