"""SHOW USERS and DESCRIBE USER."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.result import Result, listing
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DESCRIBED: tuple[tuple[str, Any, str], ...] = (
    ("NAME", None, "Name"),
    ("COMMENT", None, "user comment associated to an object in the dictionary"),
    ("DISPLAY_NAME", None, "Display name of the associated object"),
    ("TYPE", None, "Type of user"),
    ("LOGIN_NAME", None, "Login name of the user"),
    ("FIRST_NAME", None, "First name of the user"),
    ("MIDDLE_NAME", None, "Middle name of the user"),
    ("LAST_NAME", None, "Last name of the user"),
    ("EMAIL", None, "Email address of the user"),
    ("PASSWORD", None, "Password of the user"),
    ("MUST_CHANGE_PASSWORD", "false", "User must change the password"),
    ("DISABLED", "false", "Whether the user is disabled"),
    ("SNOWFLAKE_LOCK", "false", "Whether the user or account is locked by Snowflake"),
    ("SNOWFLAKE_SUPPORT", "false", "Snowflake Support is allowed to use the user or account"),
    ("DAYS_TO_EXPIRY", None, "User record will be treated as expired after specified number of days"),
    ("MINS_TO_UNLOCK", None, "Temporary lock on the user will be removed after specified number of minutes"),
    ("DEFAULT_WAREHOUSE", None, "Default warehouse for this user"),
    ("DEFAULT_NAMESPACE", None, "Default database namespace prefix for this user"),
    ("DEFAULT_ROLE", None, "Primary principal of user session will be set to this role"),
    ("DEFAULT_SECONDARY_ROLES", '["ALL"]', "The secondary roles will be set to all roles provided here"),
    ("EXT_AUTHN_DUO", "false", "Whether Duo Security is enabled as second factor authentication"),
    ("EXT_AUTHN_UID", None, "External authentication ID of the user"),
    ("MINS_TO_BYPASS_MFA", None, "Temporary bypass MFA for the user for a specified number of minutes"),
    ("RSA_PUBLIC_KEY", None, "RSA public key of the user"),
    ("RSA_PUBLIC_KEY_FP", None, "Fingerprint of user's RSA public key."),
    ("RSA_PUBLIC_KEY_2", None, "Second RSA public key of the user"),
    ("RSA_PUBLIC_KEY_2_FP", None, "Fingerprint of user's second RSA public key."),
    ("PASSWORD_LAST_SET_TIME", None, "The timestamp on which the last non-null password was set for the user."),
    ("HAS_WORKLOAD_IDENTITY", "false", "Whether user has workload identity"),
)


def _secondary(user: User) -> str:
    wanted = user.properties.get("DEFAULT_SECONDARY_ROLES", ())
    return "[" + ",".join(f'"{role}"' for role in wanted) + "]"


def has_password(user: User) -> bool:
    """Whether there is a password to log in with: that of a user made a SERVICE is kept, and does not count."""
    return bool(user.password_hash) and user.properties.get("TYPE") != "SERVICE"


def _days_left(account: Account, user: User) -> float | None:
    expires = user.properties.get("EXPIRES_ON")
    if expires is None:
        return None
    return round((datetime.fromisoformat(expires) - account.clock.now()).total_seconds() / 86_400, 6)


def _property(account: Account, user: User, name: str) -> Any:  # noqa: PLR0911 (one line per property)
    match name:
        case "NAME":
            return user.name
        case "COMMENT":
            return user.comment or None
        case "LOGIN_NAME":
            return user.login_name
        case "PASSWORD":
            return "********" if has_password(user) else None
        case "DISABLED":
            return show_format.truth(user.disabled)
        case "MUST_CHANGE_PASSWORD":
            return show_format.truth(user.properties.get(name))
        case "DEFAULT_SECONDARY_ROLES":
            return _secondary(user)
        case "DAYS_TO_EXPIRY":
            return _days_left(account, user)
        case "HAS_WORKLOAD_IDENTITY":
            return show_format.truth(user.properties.get("WORKLOAD_IDENTITY"))
        case _:
            return user.properties.get(name)


def _all_seen(account: Account, session: Session) -> bool:
    """Whether the session sees every user: MANAGE GRANTS, or MONITOR USER on the account."""
    monitors = access.holds_on_account(account, access.roles_of(account, session), "MONITOR USER")
    return monitors or access.manages_grants(account, session)


def describe(account: Account, session: Session, name: Name) -> Result:
    """DESCRIBE USER: one row per property."""
    user = lookup.user(account, name.last)
    roles = access.roles_of(account, session)
    if user.id != session.user and user.owner not in roles and not _all_seen(account, session):
        raise errors.insufficient_privileges("USER", user.name)
    rows = []
    for key, default, description in DESCRIBED:
        value = _property(account, user, key)
        rows.append((key, "null" if value is None and default is None else str(value or default), default, description))
    columns = ("property", "value", "default", "description")
    return listing(tuple((column, show_format.TEXT) for column in columns), rows)


TIMES = frozenset({"created_on", "last_success_login", "expires_at_time", "locked_until_time"})
COLUMNS = tuple(
    (name, show_format.TIME if name in TIMES else show_format.TEXT)
    for name in (
        "name", "created_on", "login_name", "display_name", "first_name", "last_name", "email", "mins_to_unlock",
        "days_to_expiry", "comment", "disabled", "must_change_password", "snowflake_lock", "default_warehouse",
        "default_namespace", "default_role", "default_secondary_roles", "ext_authn_duo", "ext_authn_uid",
        "mins_to_bypass_mfa", "owner", "last_success_login", "expires_at_time", "locked_until_time", "has_password",
        "has_rsa_public_key", "type", "has_mfa", "has_pat", "has_workload_identity",
    )
)  # fmt: skip


TERSE = (
    "name", "created_on", "display_name", "first_name", "last_name", "email", "org_identity", "comment", "has_password",
    "has_rsa_public_key", "type", "has_mfa", "has_pat", "has_federated_workload_authentication",
    "is_from_organization_user",
)  # fmt: skip


def _terse(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What SHOW TERSE USERS keeps of a row (show-users); no user here comes from an organisation."""
    cells = dict(zip((name for name, _ in COLUMNS), row, strict=True))
    cells["has_federated_workload_authentication"] = cells["has_workload_identity"]
    cells["is_from_organization_user"] = "false"
    return tuple(cells.get(name) for name in TERSE)


def show(account: Account, session: Session, statement: Show) -> Result:
    """SHOW USERS: those the session owns or, for one who manages grants, all; oneself always."""
    users = account.catalog.all(User)
    if not _all_seen(account, session):
        roles = access.roles_of(account, session)
        users = [user for user in users if user.owner in roles or user.id == session.user]
    rows = [_row(account, user) for user in show_format.keep(statement, users, lambda user: user.name)]
    if statement.terse:
        return listing(
            [(name, show_format.TIME if name in TIMES else show_format.TEXT) for name in TERSE],
            [_terse(row) for row in rows],
        )
    return listing(COLUMNS, rows)


def _row(account: Account, user: User) -> tuple[Any, ...]:
    of = user.properties
    days = _days_left(account, user)
    return (
        user.name, user.created_on, user.login_name, of.get("DISPLAY_NAME"), of.get("FIRST_NAME"), of.get("LAST_NAME"),
        of.get("EMAIL"), None, str(days) if days is not None else None, user.comment, show_format.truth(user.disabled),
        show_format.truth(of.get("MUST_CHANGE_PASSWORD")), "false", of.get("DEFAULT_WAREHOUSE"),
        of.get("DEFAULT_NAMESPACE"), of.get("DEFAULT_ROLE"), _secondary(user), "false", None, None,
        show_format.role_name(account, user.owner), user.last_login, None, None,
        show_format.truth(has_password(user)), show_format.truth(of.get("RSA_PUBLIC_KEY")),
        of.get("TYPE"), "false", "false", show_format.truth(of.get("WORKLOAD_IDENTITY")),
    )  # fmt: skip
