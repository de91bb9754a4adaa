"""Masking, session and network policies and network rules: created, altered, renamed, dropped.

A policy that protects something can neither be dropped nor replaced: it has to be taken off first
(user-guide/security-column-intro, sql/create-network-policy). Its number (003531) is an assumption.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.kind import Handler
from snowdome.objects.policies import statements as grammar
from snowdome.query import masking, masking_check
from snowdome.result import Result, status
from snowdome.security import access, lookup, network_policies, resolve
from snowdome.security.lookup import LISTS
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor, invalid_property, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.state.records import (
    MaskingPolicy,
    NetworkPolicy,
    NetworkRule,
    Policy,
    Record,
    Schema,
    SessionPolicy,
)

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

P = TypeVar("P", bound=Policy)
CLASSES: dict[str, type[Policy]] = {cls.kind: cls for cls in (MaskingPolicy, SessionPolicy, NetworkPolicy, NetworkRule)}
DONE = status("Statement executed successfully.")


def run(account: Account, session: Session, statement: grammar.PolicyStatement) -> Result:
    """The statement has been carried out."""
    if isinstance(statement, grammar.CreatePolicy):
        return create(account, session, statement)
    try:
        found = lookup.policy(account, session, CLASSES[statement.kind], statement.name)
    except SqlError:
        if not statement.if_exists:
            raise
        return status(f"{statement.name.last} already dropped or never there, statement succeeded.")
    lookup.own(account, session, found)
    match statement:
        case grammar.SetPolicy():
            _alter(account, session, found, dict(statement.settings))
        case grammar.UnsetPolicy():
            _alter(account, session, found, dict.fromkeys(statement.names))
        case grammar.RenamePolicy():
            _rename(account, session, found, statement.new)
        case grammar.SetBody():
            _set_body(account, session, found, statement.body)
        case grammar.ChangeRules():
            _change_rules(account, session, found, statement)
        case grammar.DropPolicy():
            return drop(account, found)
    return DONE


# -- making -------------------------------------------------------------------------------------------------------
def create(account: Account, session: Session, statement: grammar.CreatePolicy) -> Result:
    """The policy is there; one that stood there is replaced, altered or left, as the statement says."""
    cls, name = CLASSES[statement.kind], statement.name
    title = statement.kind.capitalize()
    with account.catalog.change() as change:
        parent, where = 0, ""
        if cls is NetworkPolicy:
            access.check_account(account, session, f"CREATE {cls.kind}")
        else:
            schema = resolve.schema(account, Context.of(session), name.database, name.schema, f"CREATE {cls.kind}")
            access.check(account, session, f"CREATE {cls.kind}", schema)
            parent, where = schema.id, access.full_name(account, schema) + "."
        old = account.catalog.find(cls, name.last, parent)
        if old is not None:
            if statement.how is How.IF_NOT_EXISTS:
                return status(f"{name.last} already exists, statement succeeded.")
            if statement.how is How.PLAIN:
                raise errors.already_exists(where + name.last)
            lookup.own(account, session, old)
            if statement.how is How.OR_ALTER:
                _retell(account, session, old, statement)
                return status(f"{title} {name.last} successfully altered.")
            _unused(account, old)
            change.erase(old.id)
        change.put(new_object(account, session, _made(account, session, statement, parent)))
    return status(f"{title} {name.last} successfully created.")


def _made(account: Account, session: Session, statement: grammar.CreatePolicy, parent: int) -> Policy:
    cls, given = CLASSES[statement.kind], dict(statement.settings)
    now = account.clock.now()
    common: dict[str, Any] = {
        "id": account.catalog.new_id(),
        "name": statement.name.last,
        "parent": parent,
        "created_on": now,
        "altered_on": now,
    }
    extra: dict[str, Any] = {}
    if statement.signature is not None:
        extra = _signature(account, session, statement.signature)
    if cls is NetworkRule:
        given.setdefault("MODE", "INGRESS")
    made = cls(**common, **extra)
    made = _with(account, session, made, given)
    if isinstance(made, MaskingPolicy):
        masking_check.try_out(account, session, made)
    return made


def _signature(account: Account, session: Session, signature: grammar.Signature) -> dict[str, Any]:
    """The arguments with their types by Snowflake's names; what is returned has the type of the first."""
    arguments = tuple((one.name, masking.type_named(account, session, one.type)) for one in signature.arguments)
    names = [name for name, _ in arguments]
    if len(set(names)) != len(names):
        raise invalid(f"duplicate argument name in the signature ({', '.join(names)})", 2014, "42601")
    returns = masking.type_named(account, session, signature.returns)
    if masking.family(returns) != masking.family(arguments[0][1]):
        raise SqlError(
            3507, "42601", "SQL compilation error:\nMasking policy function argument and return type mismatch."
        )
    return {"arguments": arguments, "returns": returns, "body": signature.body}


def _retell(account: Account, session: Session, old: Policy, statement: grammar.CreatePolicy) -> None:
    """CREATE OR ALTER: what is not said has its default; what ALTER cannot change must be the same."""
    given = dict(statement.settings)
    fresh = replace(old, comment="", settings={})
    if isinstance(old, NetworkRule):
        for fixed in ("TYPE", "MODE"):
            if given.get(fixed, "INGRESS") != old.settings[fixed]:
                raise invalid(f"{fixed} of network rule '{old.name}' cannot be changed", 1420)
    if isinstance(old, NetworkPolicy):
        _unused(account, old)
    if isinstance(old, MaskingPolicy) and statement.signature is not None:
        signature = _signature(account, session, statement.signature)
        if (signature["arguments"], signature["returns"]) != (_pairs(old), old.returns):
            raise invalid(f"the signature of masking policy '{old.name}' cannot be changed", 1420)
        fresh = replace(old, comment="", settings={}, body=signature["body"])
        masking_check.try_out(account, session, fresh)
    with account.catalog.change() as change:
        change.put(replace(_with(account, session, fresh, given), altered_on=account.clock.now()))


def _pairs(policy: MaskingPolicy) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind) for name, kind in policy.arguments)


# -- changing -----------------------------------------------------------------------------------------------------
def _alter(account: Account, session: Session, found: Policy, given: Mapping[str, Any]) -> None:
    after = _with(account, session, found, given)
    _put(account, session, after)


def _put(account: Account, session: Session, after: Policy) -> None:
    """The policy is kept; one that would shut out who changes it is refused (sql/alter-network-policy)."""
    with account.catalog.change() as change:
        change.put(replace(after, altered_on=account.clock.now()))
        network_policies.stay_in(account, session)


def _with(account: Account, session: Session, record: P, given: Mapping[str, Any]) -> P:
    """The policy with those properties (None: its default)."""
    settings = dict(record.settings)
    for name, value in given.items():
        if name == "COMMENT":
            record = replace(record, comment=value or "")
            continue
        kept = _rules(account, session, value) if name in LISTS and value is not None else value
        if value is None:
            settings.pop(name, None)
        else:
            settings[name] = kept
    if isinstance(record, NetworkRule):
        _check_values(str(settings["TYPE"]), settings.setdefault("VALUE_LIST", ()))
    for name in ("ALLOWED_IP_LIST", "BLOCKED_IP_LIST"):
        for value in settings.get(name, ()):
            _address("IPV4", value, name)
    return replace(record, settings=settings)


def _check_values(kind: str, values: tuple[str, ...]) -> None:
    for value in values:
        if kind in ("IPV4", "IPV6"):
            _address(kind, value, "VALUE_LIST")
        elif not value.strip():
            raise invalid_value(value, "VALUE_LIST")


def _address(kind: str, value: str, name: str) -> None:
    try:
        version = ipaddress.ip_network(value, strict=False).version
    except ValueError:
        raise invalid_value(value, name) from None
    if version != int(kind[-1]):
        raise invalid_value(value, name)


def _rules(account: Account, session: Session, names: tuple[str, ...]) -> tuple[int, ...]:
    """The ids of the rules; a rule for outgoing traffic has no place in a network policy."""
    found = [lookup.policy(account, session, NetworkRule, Cursor(name).name()) for name in names]
    for rule in found:
        if rule.settings["MODE"] == "EGRESS":
            raise invalid(f"network rule '{rule.name}' is for EGRESS and cannot be in a network policy")
    return tuple(dict.fromkeys(rule.id for rule in found))


def _change_rules(account: Account, session: Session, found: Policy, statement: grammar.ChangeRules) -> None:
    rules = _rules(account, session, statement.rules)
    now = tuple(found.settings.get(statement.list, ()))
    after = tuple(dict.fromkeys((*now, *rules))) if statement.add else tuple(i for i in now if i not in rules)
    _put(account, session, replace(found, settings=dict(found.settings) | {statement.list: after}))


def _set_body(account: Account, session: Session, found: Policy, body: str) -> None:
    if not isinstance(found, MaskingPolicy):
        raise invalid_property("BODY", found.kind)
    after = replace(found, body=body)
    masking_check.try_out(account, session, after)
    _put(account, session, after)


def _rename(account: Account, session: Session, found: Policy, new: Name) -> None:
    """The policy bears the new name, in the schema of the new name."""
    parent, where = found.parent, ""
    if not isinstance(found, NetworkPolicy):
        schema = account.catalog.get(Schema, found.parent)
        if new.schema is not None:
            schema = resolve.schema(account, Context.of(session), new.database, new.schema, "ALTER")
        if schema.id != found.parent:
            access.check(account, session, f"CREATE {found.kind}", schema)
        parent, where = schema.id, access.full_name(account, schema) + "."
    if account.catalog.find(type(found), new.last, parent) is not None:
        raise errors.already_exists(where + new.last)
    with account.catalog.change() as change:
        change.put(replace(found, name=new.last, parent=parent, altered_on=account.clock.now()))


def drop(account: Account, found: Policy) -> Result:
    """The policy is gone for good: there is no UNDROP of policies."""
    _unused(account, found)
    with account.catalog.change() as change:
        change.erase(found.id)
    return status(f"{found.name} successfully dropped.")


def _unused(account: Account, found: Policy) -> None:
    if lookup.policy_users(account, found):
        raise SqlError(
            3531,
            "42601",
            f"SQL compilation error:\n{found.kind.capitalize()} {found.name} cannot be dropped/replaced as it is "
            "associated with one or more entities.",
        )


def check_detached(account: Account, container: Record) -> None:
    """The schema or database can go: no policy or rule in it is on anything outside.

    User-guide/tag-based-masking-policies, Limitations: what holds a policy that is in use cannot be dropped.
    """
    if not any(account.catalog.knows(cls) for cls in CLASSES.values()):
        return
    inside = {record.id for record in _within(account, container)}
    for policy in account.catalog.all(*CLASSES.values()):
        users = lookup.policy_users(account, policy) if policy.id in inside else []
        outside = [one for one in users if one.id not in inside]
        if outside:
            raise SqlError(
                3531,
                "42601",
                f"SQL compilation error:\n{container.kind.capitalize()} {container.name} cannot be dropped: "
                f"{policy.kind.lower()} {policy.name} in it is associated with {outside[0].kind} {outside[0].name}.",
            )


def _within(account: Account, container: Record) -> Iterator[Record]:
    for record in account.catalog.within(container.id):
        yield record
        yield from _within(account, record)


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.PolicyStatement), run)
