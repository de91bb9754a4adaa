"""SHOW and DESCRIBE of policies and network rules, with the columns of Snowflake's pages."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from snowdome.errors import unsupported
from snowdome.objects.listing import parents
from snowdome.objects.policies import statements as grammar
from snowdome.objects.policies.handlers import CLASSES
from snowdome.result import Result, listing
from snowdome.security import access, lookup, session_policies, show_format
from snowdome.security.lookup import LISTS
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import MaskingPolicy, NetworkPolicy, NetworkRule, Policy, SessionPolicy

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

POLICY = "created_on name database_name schema_name kind owner comment options owner_role_type"
COLUMNS = {
    grammar.MASKING: POLICY,
    grammar.SESSION: POLICY,
    grammar.NETWORK: (
        "created_on name comment entries_in_allowed_ip_list entries_in_blocked_ip_list "
        "entries_in_allowed_network_rules entries_in_blocked_network_rules"
    ),
    grammar.RULE: (
        "created_on name database_name schema_name owner comment type mode entries_in_valuelist owner_role_type"
    ),
}
LENGTHS = {
    "entries_in_allowed_ip_list": "ALLOWED_IP_LIST",
    "entries_in_blocked_ip_list": "BLOCKED_IP_LIST",
    "entries_in_allowed_network_rules": "ALLOWED_NETWORK_RULE_LIST",
    "entries_in_blocked_network_rules": "BLOCKED_NETWORK_RULE_LIST",
    "entries_in_valuelist": "VALUE_LIST",
}


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each policy that the session may see; without IN, those of the current database."""
    cls = CLASSES[statement.kind]
    if statement.scope is None and session.database is not None:
        statement = replace(statement, scope="DATABASE")
    with account.catalog.lock:
        homes = [0] if cls is NetworkPolicy else parents(account, session, statement)
        found = [
            record
            for home in homes
            for record in account.catalog.children(home, cls)
            if access.may_see(account, session, record)
        ]
        kept = show_format.keep(statement, found, lambda record: record.name)
        rows = [_cells(account, record) for record in kept]
    names = COLUMNS[statement.kind].split()
    return listing([(name, _type(name)) for name in names], [[row.get(name) for name in names] for row in rows])


def _type(name: str) -> str:
    return TIME if name == "created_on" else NUMBER if name.startswith(("entries_", "session_")) else TEXT


def _cells(account: Account, record: Policy) -> dict[str, Any]:
    return {
        "created_on": record.created_on,
        "name": record.name,
        **_place(account, record),
        "kind": record.kind.replace(" ", "_"),
        "owner": show_format.role_name(account, record.owner),
        "owner_role_type": show_format.role_type(account, record.owner),
        "comment": record.comment,
        "options": '{"EXEMPT_OTHER_POLICIES": "TRUE"}' if record.settings.get("EXEMPT_OTHER_POLICIES") else "",
        "type": record.settings.get("TYPE"),
        "mode": record.settings.get("MODE"),
        **{column: len(record.settings.get(name, ())) for column, name in LENGTHS.items()},
    }


def _place(account: Account, record: Policy) -> dict[str, str]:
    above = [one.name for one in access.parents(account, record)]
    return {"schema_name": above[0], "database_name": above[1]} if above else {}


# -- describing -----------------------------------------------------------------------------------------------------
def describe(account: Account, session: Session, name: Name, *, kind: str) -> Result:
    """The rows of DESCRIBE for a policy or a rule."""
    record = lookup.find(account, session, kind, name, "DESCRIBE")
    match record:
        case MaskingPolicy():
            names = ", ".join(f"{name} {kind.partition('(')[0]}" for name, kind in record.arguments)
            return _one_row(
                {
                    "name": record.name,
                    "signature": f"({names})",
                    "return_type": record.returns,
                    "body": record.body,
                }
            )
        case SessionPolicy():
            limits = {
                name.lower(): _plain(session_policies.setting(record, name)) for name in session_policies.DEFAULTS
            }
            return _one_row({"created_on": record.created_on, "name": record.name, **limits, "comment": record.comment})
        case NetworkRule():
            cells = _cells(account, record) | {"value_list": ",".join(record.settings.get("VALUE_LIST", ()))}
            return _one_row({
                name: cells[name]
                for name in (
                    "created_on", "name", "database_name", "schema_name", "owner", "comment", "type", "mode",
                    "value_list",
                )
            })  # fmt: skip
        case NetworkPolicy():
            return listing((("name", TEXT), ("value", TEXT)), list(_lists(account, record).items()))
        case _:
            raise unsupported(f"DESCRIBE {kind}")


def _lists(account: Account, record: NetworkPolicy) -> dict[str, str]:
    """The lists that are set; rules as Snowflake's clients read them: JSON with their full names."""
    found: dict[str, str] = {}
    for name in LENGTHS.values():
        if not record.settings.get(name):
            continue
        if name in LISTS:
            rules = [account.catalog.peek(rule) for rule in record.settings[name]]
            named = [{"fullyQualifiedRuleName": access.full_name(account, rule)} for rule in rules if rule is not None]
            found[name] = json.dumps(named, separators=(",", ":"))
        else:
            found[name] = ",".join(record.settings[name])
    return found


def _plain(value: object) -> object:
    return json.dumps(list(value)) if isinstance(value, (tuple, list)) else value


def _one_row(cells: dict[str, Any]) -> Result:
    columns = [
        (name, NUMBER if isinstance(value, int) else _type(name) if name == "created_on" else TEXT)
        for name, value in cells.items()
    ]
    return listing(columns, [list(cells.values())])
