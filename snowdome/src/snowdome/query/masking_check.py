"""The body of a new masking policy, tried out before it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome.query import masking
from snowdome.query.binder import Binder
from snowdome.security.resolve import Context
from snowdome.sql.translate import translate
from snowdome.state import run_sql
from snowdome.state.records import Column, Database, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.records import MaskingPolicy
    from snowdome.state.session import Session


def try_out(account: Account, session: Session, policy: MaskingPolicy) -> None:
    """The body reads as an expression over the arguments, of the type returned; else Snowflake's refusal is raised."""
    schema = account.catalog.get(Schema, policy.parent)
    database = account.catalog.get(Database, schema.parent)
    columns = tuple(Column(name=name, type=kind) for name, kind in policy.arguments)
    stand_in = Table(
        id=-1, name=policy.name, parent=schema.id, created_on=policy.created_on, physical="", columns=columns
    )
    given = [
        exp.alias_(exp.cast(exp.Null(), exp.DataType.build(c.type, dialect="snowflake")), c.name, quoted=True)
        for c in columns
    ]
    alias = exp.TableAlias(this=exp.to_identifier(masking.BASE, quoted=True))
    binder = Binder(account, Context(session, database.name, schema.name, policy.owner))
    applied = masking.Applied(policy, tuple(c.name for c in columns))
    try:
        expression = masking.mask(binder, stand_in, columns[0].name, applied)
        query = exp.select(exp.alias_(expression, "m", quoted=True)).from_(
            exp.Subquery(this=exp.select(*given), alias=alias)
        )
        run_sql.run_expression(account, session, run_sql.no_rows(translate(query)))
    finally:
        session.unregister(binder.bound.registered)
