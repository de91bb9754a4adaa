"""How large SHOW and the information schema say a table is: about, from its rows and its columns' types.

Snowflake says how large its compressed micro-partitions are, which nobody can know from outside; a table with rows
never has none. What storage is billed for is measured, see `snowdome.usage.storage_views`.
"""

from __future__ import annotations

from snowdome.state.records import Table
from snowdome.types import base

PAGE = 512
_WIDTHS = {"VARCHAR": 16, "VARIANT": 64, "OBJECT": 64, "ARRAY": 64, "BINARY": 32, "BOOLEAN": 1, "DATE": 4}


def about(table: Table, rows: int) -> int:
    """The bytes of so many rows, in whole pages of 512 bytes, one more for what describes them."""
    if not rows:
        return 0
    width = sum(_WIDTHS.get(base(column.type), 8) for column in table.columns)
    return (2 + rows * width // PAGE) * PAGE
