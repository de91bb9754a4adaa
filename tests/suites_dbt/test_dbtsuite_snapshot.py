"""dbt-tests-adapter: snapshots."""

from __future__ import annotations

from dbt.tests.adapter.simple_snapshot import (
    new_record_check_mode,
    new_record_dbt_valid_to_current,
    new_record_timestamp_mode,
    test_ephemeral_snapshot_hard_deletes,
    test_snapshot,
)


class TestSimpleSnapshot(test_snapshot.BaseSimpleSnapshot):
    """Changed, new, deleted and revived rows, by time."""


class TestSnapshotCheck(test_snapshot.BaseSnapshotCheck):
    """Changed rows, by the columns compared."""


class TestNewRecordTimestamp(new_record_timestamp_mode.BaseSnapshotNewRecordTimestampMode):
    """A deleted row gets a record of its deletion, by time."""


class TestNewRecordCheck(new_record_check_mode.BaseSnapshotNewRecordCheckMode):
    """A deleted row gets a record of its deletion, by the columns compared."""


class TestNewRecordValidToCurrent(new_record_dbt_valid_to_current.BaseSnapshotNewRecordDbtValidToCurrent):
    """A deleted row gets a record of its deletion where current rows bear a date."""


class TestEphemeralHardDeletes(test_ephemeral_snapshot_hard_deletes.BaseSnapshotEphemeralHardDeletes):
    """Deletions seen through an ephemeral model."""


class TestNewColumnTimestamp(test_ephemeral_snapshot_hard_deletes.BaseSnapshotNewColumnTimestampStrategy):
    """A column that appears, by time."""


class TestNewColumnCheck(test_ephemeral_snapshot_hard_deletes.BaseSnapshotNewColumnSpecificCheckCols):
    """A column that appears, by the columns compared."""


class TestNewColumnWithDeletes(test_ephemeral_snapshot_hard_deletes.BaseSnapshotNewColumnWithDeletes):
    """A column that appears while rows disappear."""
