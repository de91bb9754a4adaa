"""dbt-tests-adapter: grants, with and without COPY GRANTS."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.adapter.grants import (
    test_incremental_grants,
    test_invalid_grants,
    test_model_grants,
    test_seed_grants,
    test_snapshot_grants,
)


class Copied:
    """The same with COPY GRANTS."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        """The configuration."""
        return {kind: {"+copy_grants": True} for kind in ("models", "seeds", "snapshots")}


class TestInvalidGrants(test_invalid_grants.BaseInvalidGrants):
    """Roles and privileges that there are not."""

    def grantee_does_not_exist_error(self) -> str:
        """What Snowflake says of the role."""
        return "does not exist or not authorized"

    def privilege_does_not_exist_error(self) -> str:
        """What Snowflake says of the privilege."""
        return "unexpected"


class TestModelGrants(test_model_grants.BaseModelGrants):
    """Grants on views and tables."""


class TestModelGrantsCopied(Copied, test_model_grants.BaseModelGrants):
    """Grants on views and tables, kept where they are replaced."""


class TestIncrementalGrants(test_incremental_grants.BaseIncrementalGrants):
    """Grants on a model that grows."""


class TestIncrementalGrantsCopied(Copied, test_incremental_grants.BaseIncrementalGrants):
    """Grants on a model that grows, kept where it is replaced."""


class TestSeedGrants(test_seed_grants.BaseSeedGrants):
    """Grants on seeds."""


class TestSeedGrantsCopied(Copied, test_seed_grants.BaseSeedGrants):
    """Grants on seeds, kept where they are replaced."""


class TestSnapshotGrants(test_snapshot_grants.BaseSnapshotGrants):
    """Grants on snapshots."""


class TestSnapshotGrantsCopied(Copied, test_snapshot_grants.BaseSnapshotGrants):
    """Grants on snapshots, kept where they are replaced."""
