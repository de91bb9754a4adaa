"""CREATE SEQUENCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome import errors
from snowdome.errors import unsupported
from snowdome.query.binder import parts_of
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.state.records import Sequence
from snowdome.state.retention import erase

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def create(account: Account, session: Session, create: exp.Create) -> Result:
    """The sequence is there."""
    start, increment, ordered, comment = 1, 1, False, ""
    properties = create.args.get("properties")
    for item in properties.expressions if properties else ():
        match item:
            case exp.SequenceProperties():
                start = _number(item.args.get("start"), 1)
                increment = _number(item.args.get("increment"), 1)
            case exp.SchemaCommentProperty():
                comment = item.this.name
            case _:
                raise unsupported(f"CREATE SEQUENCE … {item.sql(dialect='snowflake')}")
    context, parts = Context.of(session), parts_of(create.this)
    with account.catalog.change() as change:
        schema = resolve.schema(account, context, parts[0], parts[1], "CREATE SEQUENCE")
        context.require(account, "CREATE SEQUENCE", schema)
        old = account.catalog.find(Sequence, parts[2], schema.id)
        if old is not None and create.args.get("exists"):
            return status(f"{parts[2]} already exists, statement succeeded.")
        if old is not None and not create.args.get("replace"):
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{parts[2]}")
        if old is not None:
            context.require(account, "OWNERSHIP", old)
            erase(account, change, old)
        record_id = change.new_id()
        account.duck.run(f'CREATE SEQUENCE rows.main."q{record_id}" START {start} INCREMENT {increment}')
        change.put(
            new_object(
                account,
                session,
                Sequence(
                    id=record_id,
                    name=parts[2],
                    parent=schema.id,
                    comment=comment,
                    created_on=account.clock.now(),
                    physical=f"q{record_id}",
                    start=start,
                    increment=increment,
                    ordered=ordered,
                ),
            )
        )
    return status(f"Sequence {parts[2]} successfully created.")


def _number(node: exp.Expr | None, default: int) -> int:
    return default if node is None else int(node.sql())
