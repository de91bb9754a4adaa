"""Where the files of a stage are: of a named stage, a table's own and a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.state.records import Stage

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

CATALOG, SCHEMA = "rows", "main"


def storage(account: Account, session: Session, name: str, privilege: str = "READ") -> str:
    """The folder of a named stage, a table's stage (`%table`) or the user's (`~`).

    A named stage takes READ or WRITE; USAGE is for external ones (docs user-guide/security-access-control-privileges).
    """
    context = Context.of(session)
    if name == "~":
        return f"u{session.user}"
    parts = named(name)
    if parts[2].startswith("%"):
        table = resolve.relation(account, context, (parts[0], parts[1], parts[2][1:]))
        context.require(account, "OWNERSHIP", table)  # nothing can be granted on a table's stage
        return f"s{table.id}"
    found = resolve.child(account, context, Stage, parts)
    context.require(account, privilege, found)
    return found.physical


def options(account: Account, context: Context, name: str) -> dict[str, Any]:
    """How a named stage says that its files are to be read."""
    parts = named(name)
    if name == "~" or parts[2].startswith("%"):
        return {}
    return dict(resolve.child(account, context, Stage, parts).options)


def named(name: str) -> tuple[str | None, str | None, str]:
    """The parts of a dotted name written in a string or behind an @."""
    percent = "%" if name.rpartition(".")[2].startswith("%") else ""
    table = exp.to_table(name.replace("%", "", 1) if percent else name, dialect="snowflake")
    folded = [i.name if i.args.get("quoted") else i.name.upper() for i in table.parts]
    padded: list[str | None] = [None, None, *folded]
    database, schema, last = padded[-3:]
    return database, schema, percent + (last or "")


def shown_name(name: str) -> str:
    """What LIST puts before the paths of the stage's files."""
    last = named(name)[2] if name != "~" else name
    return "" if last.startswith(("%", "~")) else f"{last.lower()}/"
