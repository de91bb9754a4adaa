"""GET_DDL of policies, and what it says of a table's masked columns (sql-reference/functions/get_ddl)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.errors import SqlError
from snowdome.security import resolve
from snowdome.sql.grammar.tokens import quote_identifier, quote_string
from snowdome.state.records import MaskingPolicy, Policy, SessionPolicy, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.security.resolve import Context
    from snowdome.sql.grammar.names import Name


def policy(account: Account, context: Context, name: Name) -> str:
    """GET_DDL('POLICY', name): the text for a masking or session policy."""
    parts = (name.database, name.schema, name.last)
    try:
        found: Policy = resolve.child(account, context, MaskingPolicy, parts)
    except SqlError:
        found = resolve.child(account, context, SessionPolicy, parts)
    return masking(found) if isinstance(found, MaskingPolicy) else session(found)


def masking(record: MaskingPolicy) -> str:
    """The text for a masking policy."""
    arguments = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in record.arguments)
    exempt = "\nEXEMPT_OTHER_POLICIES = TRUE" if record.settings.get("EXEMPT_OTHER_POLICIES") else ""
    name = quote_identifier(record.name)
    head = f"create or replace masking policy {name} as ({arguments}) returns {record.returns} ->"
    return f"{head}\n{record.body}{_comment(record)}{exempt}\n;"


def session(record: Policy) -> str:
    """The text for a session policy."""
    lines = "".join(f"\n\t{name} = {_value(value)}" for name, value in record.settings.items())
    return f"create or replace session policy {quote_identifier(record.name)}{lines}{_comment(record)}\n;"


def _value(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return f"({', '.join(quote_string(str(one)) for one in value)})"
    return str(value)


def _comment(record: Policy) -> str:
    return f"\nCOMMENT = {quote_string(record.comment)}" if record.comment else ""


def of_columns(account: Account, table: Table) -> dict[str, str]:
    """What stands behind each masked column: its policy, and the columns that the policy uses."""
    found: dict[str, str] = {}
    for column, mask in table.masks.items():
        record = account.catalog.peek(mask.policy)
        if record is None:
            continue
        name = ".".join(quote_identifier(part) for part in resolve.full_name(account, record).split("."))
        others = ", ".join(quote_identifier(one) for one in mask.using)
        found[column] = f" WITH MASKING POLICY {name}" + (f" USING ({others})" if len(mask.using) > 1 else "")
    return found
