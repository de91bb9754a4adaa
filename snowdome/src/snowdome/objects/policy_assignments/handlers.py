"""Policies set on columns, tags, users and the account, and unset.

Who may: user-guide/security-column-intro and session-policies-managing: the global APPLY … POLICY, or APPLY on the
policy by the owner of what it is put on. A tag's policies ask for the global privilege (sql/alter-tag).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.policy_assignments import statements as grammar
from snowdome.query import masking
from snowdome.result import Result, status
from snowdome.security import access, lookup, network_policies, resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Account as AccountRecord
from snowdome.state.records import (
    Mask,
    MaskingPolicy,
    NetworkPolicy,
    Record,
    Role,
    SessionPolicy,
    Table,
    Tag,
    User,
    View,
)

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


DONE = status("Statement executed successfully.")


Relation = Table | View


R = TypeVar("R", bound=Relation)


def mask_columns(account: Account, session: Session, statement: grammar.MaskColumns) -> Result:
    """The columns have those masks, or none of their own."""
    context, name = Context.of(session), statement.name
    try:
        found = resolve.relation(account, context, (name.database, name.schema, name.last), "ALTER")
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    if found.kind != statement.kind:
        raise SqlError(
            2203,
            "42601",
            f"SQL compilation error:\nObject found is of type '{found.kind}', specified type is '{statement.kind}'",
        )
    for column in statement.columns:
        found = masked(account, session, found, column)
    keep(account, session, found)
    return DONE


def keep(account: Account, session: Session, record: Relation) -> None:
    """The table or view is kept with its masks."""
    if record.temporary:
        session.temporary[record.parent, record.name] = record
        return
    with account.catalog.change() as change:
        change.put(replace(record, altered_on=account.clock.now()))


def masked(account: Account, session: Session, record: R, wanted: grammar.ColumnMask) -> R:
    """The table or view with the column's mask set or taken off, where the session may do that."""
    if wanted.column not in {column.name for column in record.columns}:
        raise errors.invalid_identifier(wanted.column)
    now = record.masks.get(wanted.column)
    rest = {name: mask for name, mask in record.masks.items() if name != wanted.column}
    if wanted.policy is None:
        if now is not None:
            _may_protect(account, session, account.catalog.get(MaskingPolicy, now.policy), record)
        return replace(record, masks=rest)
    policy = lookup.policy(account, session, MaskingPolicy, wanted.policy)
    if now is not None and not wanted.force:
        raise SqlError(
            3529,
            "42601",
            "Specified column already attached to another masking policy. A column cannot be attached to multiple "
            "masking policies. Please drop the current association in order to attach a new masking policy.",
        )
    _may_protect(account, session, policy, record)
    return replace(record, masks=rest | {wanted.column: mask(record, wanted.column, policy, wanted.using)})


def mask(record: Relation, column: str, policy: MaskingPolicy, using: tuple[str, ...]) -> Mask:
    """The policy on the column, if the columns it is to use are there and of the types of its arguments."""
    given = using or (column, *(name for name, _ in policy.arguments[1:]))
    if given[0] != column or len(given) != len(policy.arguments):
        names = ", ".join(name for name, _ in policy.arguments)
        raise invalid(f"masking policy {policy.name} takes ({names}): USING must name {column} and the others", 3506)
    known = {one.name: one.type for one in record.columns}
    for name, (argument, kind) in zip(given, policy.arguments, strict=True):
        if name not in known:
            raise errors.invalid_identifier(name)
        if masking.family(known[name]) != masking.family(kind):
            raise SqlError(
                3507,
                "42601",
                f"SQL compilation error:\nMasking policy {policy.name} cannot be set on column {column}: its argument "
                f"{argument} is {kind} and column {name} is {known[name]}.",
            )
    return Mask(policy=policy.id, using=given)


def _may_protect(account: Account, session: Session, policy: MaskingPolicy, record: Record) -> None:
    roles = access.roles_of(account, session)
    if access.holds_on_account(account, roles, "APPLY MASKING POLICY"):
        return
    access.check(account, session, "APPLY", policy)
    if not (isinstance(record, (Table, View)) and record.temporary):
        lookup.own(account, session, record)


def mask_tag(account: Account, session: Session, statement: grammar.MaskTag) -> Result:
    """The columns that bear the tag are masked by the policies, one for each type."""
    try:
        tag = lookup.tag(account, session, statement.name)
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    access.check_account(account, session, "APPLY MASKING POLICY")
    named = [lookup.policy(account, session, MaskingPolicy, name) for name in statement.policies]
    after = list(tag.policies)
    for policy in named:
        after = _on_tag(account, tag, after, policy, statement) if statement.on else _off_tag(tag, after, policy)
    with account.catalog.change() as change:
        change.put(replace(tag, policies=tuple(after), altered_on=account.clock.now()))
    return DONE


def _on_tag(account: Account, tag: Tag, now: list[int], policy: MaskingPolicy, statement: grammar.MaskTag) -> list[int]:
    kind = masking.family(policy.arguments[0][1])
    same = [i for i in now if masking.family(account.catalog.get(MaskingPolicy, i).arguments[0][1]) == kind]
    if same and not statement.force:
        raise invalid(f"tag {tag.name} has a masking policy for the type {kind} already", 3529, "42601")
    return [i for i in now if i not in same] + [policy.id]


def _off_tag(tag: Tag, now: list[int], policy: MaskingPolicy) -> list[int]:
    if policy.id not in now:
        raise invalid(f"masking policy {policy.name} is not attached to tag {tag.name}", 3532, "42601")
    return [i for i in now if i != policy.id]


def user_policy(account: Account, session: Session, statement: grammar.UserPolicy) -> Result:
    """The user's sessions obey that session policy, or the account's."""
    try:
        user = (
            account.catalog.get(User, session.user) if statement.name is None else lookup.user(account, statement.name)
        )
    except SqlError:
        if statement.if_exists:
            return DONE
        raise
    if not access.has(account, session, "APPLY SESSION POLICY", user):
        access.check_account(account, session, "APPLY SESSION POLICY")
    put(account, session, user, SessionPolicy.kind, _session_policy(account, session, user, statement))
    return DONE


def account_policy(account: Account, session: Session, statement: grammar.AccountPolicy) -> Result:
    """Every session obeys that session policy, unless its user has another."""
    access.check_account(account, session, "APPLY SESSION POLICY")
    record = access.account_record(account)
    put(account, session, record, SessionPolicy.kind, _session_policy(account, session, record, statement))
    return DONE


def _session_policy(
    account: Account,
    session: Session,
    record: User | AccountRecord,
    statement: grammar.UserPolicy | grammar.AccountPolicy,
) -> SessionPolicy | None:
    if statement.policy is None:
        return None
    found = lookup.policy(account, session, SessionPolicy, statement.policy)
    if record.policies.get(SessionPolicy.kind) is not None and not statement.force:
        raise invalid(f"a session policy is set on {record.kind} {record.name} already: unset it first", 3529, "42601")
    return found


def put(account: Account, session: Session, record: User | AccountRecord, kind: str, policy: Record | None) -> None:
    """The user or account has that policy of that kind, or none; who sets it is not shut out by it."""
    rest = {name: one for name, one in record.policies.items() if name != kind}
    with account.catalog.change() as change:
        change.put(replace(record, policies=rest | ({kind: policy.id} if policy is not None else {})))
        network_policies.stay_in(account, session)


def set_network_policy(account: Account, session: Session, record: User | AccountRecord, name: str | None) -> None:
    """NETWORK_POLICY = name (None: unset); on the account SECURITYADMIN may, or who has ATTACH POLICY."""
    roles = access.roles_of(account, session)
    if isinstance(record, AccountRecord):
        security = account.catalog.find(Role, "SECURITYADMIN")
        if not (security and security.id in roles) and not access.holds_on_account(account, roles, "ATTACH POLICY"):
            raise errors.insufficient_privileges("ACCOUNT", record.name)
    else:
        lookup.own(account, session, record)
    found = lookup.policy(account, session, NetworkPolicy, Name((name,))) if name is not None else None
    put(account, session, record, NetworkPolicy.kind, found)
