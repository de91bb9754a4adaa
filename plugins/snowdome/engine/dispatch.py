"""From an account statement to the function that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snowdome.errors import unsupported
from snowdome.objects import (
    absent,
    automata,
    automata_alter,
    databases,
    dynamic_tables,
    grants,
    hybrid,
    monitors,
    parameters,
    pipes,
    policies,
    protection,
    relations,
    remarks,
    roles,
    schemas,
    sessions,
    show,
    show_automata,
    show_grants,
    show_indexes,
    show_inside,
    show_policies,
    show_users,
    show_warehouses,
    streams,
    tags,
    tasks,
    tokens,
    users,
    warehouses,
)
from snowdome.query import calls, tag_references
from snowdome.security import show_format
from snowdome.sql.grammar.show import Show

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.result import Result
    from snowdome.sql.grammar import Statement
    from snowdome.state.session import Session

Handler = Callable[["Account", "Session", Any], "Result"]

HANDLERS: dict[type, Any] = {
    **calls.HANDLERS,
    **databases.HANDLERS,
    **schemas.HANDLERS,
    **relations.HANDLERS,
    **sessions.HANDLERS,
    **warehouses.HANDLERS,
    **roles.HANDLERS,
    **users.HANDLERS,
    **tokens.HANDLERS,
    **grants.HANDLERS,
    **hybrid.HANDLERS,
    **tags.HANDLERS,
    **monitors.HANDLERS,
    **parameters.HANDLERS,
    **remarks.HANDLERS,
    **show_grants.HANDLERS,
    **automata.HANDLERS,
    **automata_alter.HANDLERS,
    **tasks.HANDLERS,
    **streams.HANDLERS,
    **pipes.HANDLERS,
    **dynamic_tables.HANDLERS,
    **policies.HANDLERS,
    **protection.HANDLERS,
}
SHOWN: dict[str, Handler] = {
    **dict.fromkeys((*show.FULL, "COLUMN"), show.show),
    "ROLE": roles.show,
    "DATABASE ROLE": roles.show_database_roles,
    "USER": show_users.show,
    "WAREHOUSE": show_warehouses.show,
    "TAG": tag_references.show,
    "RESOURCE MONITOR": monitors.show,
    **dict.fromkeys(absent.KINDS, absent.show),
    **dict.fromkeys(show_automata.KINDS, show_automata.show),
    **dict.fromkeys(policies.CLASSES, show_policies.show),
    **dict.fromkeys(show_inside.LISTED, show_inside.show),
    **dict.fromkeys(show_inside.KEYS, show_inside.show_keys),
    "INDEX": show_indexes.show,
    "VARIABLE": show_inside.show_variables,
}


def run(account: Account, session: Session, statement: Statement) -> Result:
    """The statement has been carried out."""
    if isinstance(statement, Show):
        handler = SHOWN.get(statement.kind)
        what = f"SHOW {statement.kind}"
    else:
        handler, what = HANDLERS.get(type(statement)), type(statement).__name__
    if handler is None:
        raise unsupported(what)
    result = handler(account, session, statement)
    return show_format.as_resource(result, what) if isinstance(statement, Show) and statement.as_resource else result
