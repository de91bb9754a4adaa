"""DROP of sequences, stages and file formats, which are read as data statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome import errors
from snowdome.errors import unsupported
from snowdome.query.binder import parts_of
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.state.records import FileFormat, Record, Sequence, Stage
from snowdome.state.retention import erase

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


DROPPED: dict[str, type[Record]] = {"SEQUENCE": Sequence, "STAGE": Stage, "FILE FORMAT": FileFormat}


def drop(account: Account, session: Session, expression: exp.Drop) -> Result:
    """The sequence, stage or file format is gone."""
    kind = str(expression.args.get("kind")).upper()
    if kind not in DROPPED:
        raise unsupported(f"DROP {kind}")
    context, parts = Context.of(session), parts_of(expression.args["tables"][0])
    with account.catalog.change() as change:
        try:
            found = resolve.child(account, context, DROPPED[kind], parts)
        except errors.SqlError:
            if not expression.args.get("exists"):
                raise
            return status(f"Drop statement executed successfully ({parts[2]} already dropped).")
        context.require(account, "OWNERSHIP", found)
        erase(account, change, found)
    return status(f"{parts[2]} successfully dropped.")
