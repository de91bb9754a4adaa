"""POLICY_REFERENCES: what a policy is on, or which policies are on an object (functions/policy_references).

Rows are shown to who has the global APPLY … POLICY of the kind or owns the policy; with APPLY on the policy alone, for
objects of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from snowdome.errors import SqlError, invalid
from snowdome.query import masking, tag_references
from snowdome.result import Result
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Account as AccountRecord
from snowdome.state.records import (
    MaskingPolicy,
    NetworkPolicy,
    Policy,
    Record,
    SessionPolicy,
    Table,
    Tag,
    User,
    View,
)

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = tuple(
    (name, show_format.TEXT)
    for name in (
        "POLICY_DB", "POLICY_SCHEMA", "POLICY_NAME", "POLICY_KIND", "REF_DATABASE_NAME", "REF_SCHEMA_NAME",
        "REF_ENTITY_NAME", "REF_ENTITY_DOMAIN", "REF_COLUMN_NAME", "REF_ARG_COLUMN_NAMES", "TAG_DATABASE",
        "TAG_SCHEMA", "TAG_NAME", "POLICY_STATUS",
    )
)  # fmt: skip
DOMAINS = {"ACCOUNT": "ACCOUNT", "TABLE": "TABLE", "VIEW": "VIEW", "TAG": "TAG", "USER": "USER"}
Row = tuple[str | None, ...]
ACTIVE = "ACTIVE"


def references(account: Account, session: Session, arguments: Mapping[str, str]) -> Result:
    """The rows for the named arguments; the two ways of asking cannot be mixed."""
    given = {name.upper(): value for name, value in arguments.items()}
    with account.catalog.lock:
        if set(given) in ({"POLICY_NAME"}, {"POLICY_NAME", "POLICY_KIND"}):
            rows = _of_policy(account, session, given)
        elif set(given) == {"REF_ENTITY_NAME", "REF_ENTITY_DOMAIN"}:
            rows = _of_object(account, session, given["REF_ENTITY_NAME"], given["REF_ENTITY_DOMAIN"].upper())
        else:
            message = "POLICY_REFERENCES takes POLICY_NAME, or REF_ENTITY_NAME and REF_ENTITY_DOMAIN, by name"
            raise invalid(message, 938, "22023")
        return Result(columns=COLUMNS, rows=list(rows))


def _of_policy(account: Account, session: Session, given: Mapping[str, str]) -> Iterator[Row]:
    name = tag_references.parse_name(given["POLICY_NAME"])
    policy = _policy(account, session, name, given.get("POLICY_KIND", "").upper())
    for record in lookup.policy_users(account, policy):
        if _shown(account, session, policy, record):
            yield from _rows(account, policy, record)
    if isinstance(policy, MaskingPolicy):
        yield from _by_tags(account, session, policy)


def _policy(account: Account, session: Session, name: Name, kind: str) -> Policy:
    if kind == "NETWORK_POLICY":
        return lookup.policy(account, session, NetworkPolicy, name)
    if kind:
        raise invalid(f"invalid value [{kind}] for parameter 'POLICY_KIND'")
    try:
        return lookup.policy(account, session, MaskingPolicy, name)
    except SqlError:
        return lookup.policy(account, session, SessionPolicy, name)


def _by_tags(account: Account, session: Session, policy: MaskingPolicy) -> Iterator[Row]:
    """The columns that a tag puts under the policy."""
    if not any(policy.id in tag.policies for tag in account.catalog.all(Tag)):
        return
    for record in account.catalog.all(Table, View):
        if not account.catalog.is_live(record) or not _shown(account, session, policy, record):
            continue
        if not isinstance(record, (Table, View)):
            continue
        for column, applied in masking.on(account, record).items():
            if applied.policy.id == policy.id and applied.tag is not None:
                yield _row(account, policy, record, column, applied.using, applied.tag)


def _of_object(account: Account, session: Session, name: str, domain: str) -> Iterator[Row]:
    if domain not in DOMAINS:
        raise invalid(f"invalid value [{domain}] for parameter 'REF_ENTITY_DOMAIN'")
    if domain == "ACCOUNT":
        record: Record = access.account_record(account)
    else:
        record = lookup.find(account, session, domain, tag_references.parse_name(name), "SELECT")
    for policy in _on(account, record):
        if _shown(account, session, policy, record):
            yield from _rows(account, policy, record)
    if isinstance(record, (Table, View)):
        for column, applied in masking.on(account, record).items():
            if applied.tag is not None and _shown(account, session, applied.policy, record):
                yield _row(account, applied.policy, record, column, applied.using, applied.tag)


def _on(account: Account, record: Record) -> list[Policy]:
    match record:
        case Table() | View():
            ids = [mask.policy for mask in record.masks.values()]
        case Tag():
            ids = list(record.policies)
        case User() | AccountRecord():
            ids = list(record.policies.values())
        case _:
            ids = []
    found = [account.catalog.peek(i) for i in dict.fromkeys(ids)]
    return [one for one in found if isinstance(one, Policy)]


def _shown(account: Account, session: Session, policy: Policy, record: Record) -> bool:
    roles = access.roles_of(account, session)
    if policy.owner in roles or access.holds_on_account(account, roles, f"APPLY {policy.kind}"):
        return True
    return record.owner in roles and access.has(account, session, "APPLY", policy)


def _rows(account: Account, policy: Policy, record: Record) -> Iterator[Row]:
    """The policy's own place on the object: on the columns it was put on, or on the whole."""
    if not isinstance(record, (Table, View)):
        yield _row(account, policy, record)
        return
    for column, mask in record.masks.items():
        if mask.policy == policy.id:
            yield _row(account, policy, record, column, tuple(mask.using))


def _row(  # noqa: PLR0917 (what makes one row)
    account: Account,
    policy: Policy,
    record: Record,
    column: str | None = None,
    using: tuple[str, ...] = (),
    tag: Tag | None = None,
) -> Row:
    others = ", ".join(f'"{name}"' for name in using[1:])
    return (
        *_place(account, policy), policy.name, policy.kind.replace(" ", "_"), *_place(account, record), record.name,
        record.kind, column, f"[ {others} ]" if others else None, *(_place(account, tag) if tag else (None, None)),
        tag.name if tag else None, _status(record, using),
    )  # fmt: skip


def _place(account: Account, record: Record) -> tuple[str | None, str | None]:
    above = [one.name for one in access.parents(account, record)]
    return (above[1], above[0]) if len(above) > 1 else (None, None)


def _status(record: Record, using: tuple[str, ...]) -> str:
    known = {one.name for one in record.columns} if isinstance(record, (Table, View)) else set(using)
    return ACTIVE if set(using) <= known else "COLUMN_IS_MISSING_FOR_SECONDARY_ARG"
