"""CREATE, ALTER and DROP USER, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects.kind import Handler
from snowdome.objects.policy_assignments import handlers as policy_assignments
from snowdome.objects.roles import handlers as roles
from snowdome.objects.tags import handlers as tags
from snowdome.objects.users import password_resets, tokens
from snowdome.objects.users import statements as grammar
from snowdome.result import Result, status
from snowdome.security import access, keys, lookup
from snowdome.security.new_object import new_object
from snowdome.security.passwords import hashed
from snowdome.sql.grammar import parameters
from snowdome.sql.grammar.clauses import How
from snowdome.state.records import User
from snowdome.state.sessions import end_sessions

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = status("Statement executed successfully.")
FINGERPRINTS = {"RSA_PUBLIC_KEY": "RSA_PUBLIC_KEY_FP", "RSA_PUBLIC_KEY_2": "RSA_PUBLIC_KEY_2_FP"}
OWN = frozenset({"DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE", "DEFAULT_ROLE", *parameters.SESSION})
"""What a user may set of its own, its password not among it (docs sql-reference/sql/alter-user)."""
UserStatement = (
    grammar.CreateUser
    | grammar.SetUser
    | grammar.UnsetUser
    | grammar.RenameUser
    | grammar.ResetPassword
    | grammar.AbortUser
    | grammar.DropUser
)
NOT_FOR_SERVICE = frozenset({
    "PASSWORD", "FIRST_NAME", "MIDDLE_NAME", "LAST_NAME", "MUST_CHANGE_PASSWORD",
})  # fmt: skip


def run(account: Account, session: Session, statement: UserStatement) -> Result:
    """The user statement has been carried out."""
    if isinstance(statement, grammar.CreateUser):
        return create(account, session, statement)
    try:
        user = _named(account, session, statement.name)
    except SqlError:
        if not statement.if_exists:
            raise
        if isinstance(statement, grammar.DropUser):
            return status(f"Drop statement executed successfully ({statement.name} already dropped).")
        return DONE
    return _on(account, session, user, statement)


def _on(account: Account, session: Session, user: User, statement: UserStatement) -> Result:
    match statement:
        case grammar.SetUser():
            return alter(account, session, user, dict(statement.settings))
        case grammar.UnsetUser():
            return alter(account, session, user, dict.fromkeys(statement.names))
        case grammar.RenameUser():
            return rename(account, session, user, statement.new)
        case grammar.ResetPassword():
            lookup.own(account, session, user)
            return status(password_resets.offer(account, user))
        case grammar.AbortUser():
            return abort(account, session, user)
        case _:
            return drop(account, session, user)


def _named(account: Account, session: Session, name: str | None) -> User:
    return account.catalog.get(User, session.user) if name is None else lookup.user(account, name)


def create(account: Account, session: Session, statement: grammar.CreateUser) -> Result:
    """Create the user, with PUBLIC as its only role; secondary roles are ALL by default."""
    access.check_account(account, session, "CREATE USER")
    name, given = statement.name, dict(statement.settings)
    old = account.catalog.find(User, name)
    if old is not None and statement.how is How.IF_NOT_EXISTS:
        return status(f"{name} already exists, statement succeeded.")
    if old is not None and statement.how is not How.OR_REPLACE:
        raise errors.already_exists(name)
    wanted = tags.values(account, session, statement.tags)
    now = account.clock.now()
    with account.catalog.change() as change:
        if old is not None:
            lookup.own(account, session, old)
            roles.forget(account, old)
        made = User(
            id=change.new_id(),
            name=name,
            login_name=str(given.get("LOGIN_NAME") or name).upper(),
            created_on=now,
            tags=wanted,
            properties={"DEFAULT_SECONDARY_ROLES": ("ALL",), "TYPE": "PERSON", "DISPLAY_NAME": name},
        )
        made = change.put(_with(account, new_object(account, session, made), given))
        _put_network_policy(account, session, made, given)
    return status(f"User {name} successfully created.")


def alter(account: Account, session: Session, user: User, given: Mapping[str, Any]) -> Result:
    """The user has those properties (None: no longer)."""
    mine = user.id == session.user and set(given) <= OWN
    keyed = set(given) <= set(FINGERPRINTS) and access.has(account, session, tokens.AUTHENTICATION, user)
    if not mine and not keyed:
        lookup.own(account, session, user)
    with account.catalog.change() as change:
        changed = change.put(_with(account, user, given))
        _put_network_policy(account, session, changed, given)
    if given.get("DISABLED"):  # docs: its statements are aborted, and it begins no others
        end_sessions(account, user, but=session)
    return DONE


def abort(account: Account, session: Session, user: User) -> Result:
    """What the user runs, in whatever session and on whatever warehouse, is cancelled."""
    lookup.own(account, session, user)
    for other in list(account.sessions.values()):
        if other.user == user.id and other is not session:
            account.running_queries.cancel_session(other)
    return DONE


def _put_network_policy(account: Account, session: Session, user: User, given: Mapping[str, Any]) -> None:
    if "NETWORK_POLICY" in given:
        name = given["NETWORK_POLICY"]
        policy_assignments.set_network_policy(account, session, user, str(name) if name else None)


def _with(account: Account, user: User, given: Mapping[str, Any]) -> User:
    kind = given.get("TYPE") or user.properties.get("TYPE", "PERSON")
    if kind == "SERVICE" and any(given.get(name) for name in NOT_FOR_SERVICE):
        wrong = min(name for name in NOT_FOR_SERVICE if given.get(name))
        raise invalid(f"Cannot set {wrong} on users with TYPE=SERVICE.", 3659, "42601")
    if kind != "SERVICE" and given.get("WORKLOAD_IDENTITY"):
        raise invalid("WORKLOAD_IDENTITY goes with TYPE=SERVICE.", 3659, "42601")
    properties = dict(user.properties)
    for name, value in given.items():
        _set(account, properties, name, value)
    password = user.password_hash
    if "PASSWORD" in given:
        password = hashed(given["PASSWORD"]) if given["PASSWORD"] is not None else None
    login = given.get("LOGIN_NAME", user.login_name) or user.name
    others = [u for u in account.catalog.all(User) if u.id != user.id and u.login_name == login.upper()]
    if others:
        raise errors.already_exists(login)
    return replace(
        user,
        properties=properties,
        password_hash=password,
        login_name=login.upper(),
        comment=str(given.get("COMMENT", user.comment) or ""),
        disabled=bool(given["DISABLED"]) if "DISABLED" in given else user.disabled,
        altered_on=account.clock.now(),
    )


def _set(account: Account, properties: dict[str, Any], name: str, value: Any) -> None:
    if name in ("PASSWORD", "LOGIN_NAME", "COMMENT", "DISABLED", "NETWORK_POLICY") or name.endswith("_FP"):
        return
    if name == "DAYS_TO_EXPIRY":
        expires = account.clock.now() + timedelta(days=value) if value is not None else None
        properties["EXPIRES_ON"] = expires.isoformat() if expires else None
        return
    if name in FINGERPRINTS:
        real = bool(value) and not keys.elided(value)
        if real:
            keys.public_key(value)
        properties[FINGERPRINTS[name]] = keys.fingerprint(value) if real else None
    if value is None:
        properties.pop(name, None)
    else:
        properties[name] = value


def rename(account: Account, session: Session, user: User, new: str) -> Result:
    """The user bears the new name."""
    lookup.own(account, session, user)
    if account.catalog.find(User, new) is not None:
        raise errors.already_exists(new)
    with account.catalog.change() as change:
        change.put(replace(user, name=new, altered_on=account.clock.now()))
    return DONE


def drop(account: Account, session: Session, user: User) -> Result:
    """The user is gone, and every grant to it."""
    lookup.own(account, session, user)
    if user.id == session.user:
        raise errors.insufficient_privileges("USER", user.name)
    roles.forget(account, user)
    end_sessions(account, user, but=session)
    return status(f"{user.name} successfully dropped.")


HANDLERS: Mapping[type, Handler] = dict.fromkeys(
    set(get_args(grammar.UserStatement)) - {grammar.AddToken, grammar.RemoveToken}, run
)
