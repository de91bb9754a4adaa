"""GRANT, REVOKE and SHOW GRANTS, in every form."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.objects.grants.privileges import WORDS
from snowdome.sql.grammar import kinds
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who gets or loses: `kind` ROLE, DATABASE ROLE, USER or SHARE."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class OnAccount:
    """The account itself."""


@dataclass(frozen=True, slots=True)
class OnObject:
    """One object; a function's or procedure's argument types are in `arguments`."""

    kind: str
    name: Name
    arguments: str | None = None


@dataclass(frozen=True, slots=True)
class OnAll:
    """Every object of a kind that is there, in a schema or database."""

    kind: str
    container: str
    name: Name


@dataclass(frozen=True, slots=True)
class OnFuture:
    """Every object of a kind made later in a schema or database."""

    kind: str
    container: str
    name: Name


Target = OnAccount | OnObject | OnAll | OnFuture


@dataclass(frozen=True, slots=True)
class GrantRole:
    """GRANT [DATABASE] ROLE … TO … [WITH GRANT OPTION]."""

    kind: str
    role: Name
    to: Grantee
    option: bool = False


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """REVOKE [GRANT OPTION FOR] [DATABASE] ROLE … FROM … [CASCADE | RESTRICT]."""

    kind: str
    role: Name
    source: Grantee
    option_only: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class GrantPrivileges:
    """GRANT privileges ON … TO … [WITH GRANT OPTION]; `privileges` is ("ALL",) for all."""

    privileges: tuple[str, ...]
    on: Target
    to: Grantee
    option: bool
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class GrantOwnership:
    """GRANT OWNERSHIP ON … TO … [COPY | REVOKE CURRENT GRANTS]; `current` says which."""

    on: Target
    to: Grantee
    current: str | None


@dataclass(frozen=True, slots=True)
class RevokePrivileges:
    """REVOKE [GRANT OPTION FOR] privileges ON … FROM … [CASCADE | RESTRICT]."""

    privileges: tuple[str, ...]
    on: Target
    source: Grantee
    option_only: bool
    cascade: bool
    inherited: bool = False


GrantStatement = GrantRole | RevokeRole | GrantPrivileges | GrantOwnership | RevokePrivileges


def grant(cursor: Cursor) -> GrantStatement:
    """What follows GRANT."""
    if kind := _role_form(cursor):
        role = cursor.name(2 if kind == "DATABASE ROLE" else 1)
        cursor.expect("TO")
        to = _grantee(cursor)
        option = to.kind != "USER" and cursor.accept("WITH", "GRANT", "OPTION")
        cursor.end()
        return GrantRole(kind, role, to, option)
    statement = _grant_privileges(cursor)
    cursor.end()
    return statement


def _role_form(cursor: Cursor) -> str | None:
    """Whether a role is granted, not a privilege."""
    if cursor.accept("DATABASE", "ROLE"):
        return "DATABASE ROLE"
    if cursor.sees("APPLICATION", "ROLE"):
        raise unsupported("GRANT APPLICATION ROLE")
    if cursor.accept("ROLE"):
        return "ROLE"
    return None


def _grant_privileges(cursor: Cursor) -> GrantPrivileges | GrantOwnership:
    inherited = cursor.accept("INHERITED")
    wanted = _privileges(cursor)
    cursor.expect("ON")
    on = _target(cursor)
    cursor.expect("TO")
    to = _grantee(cursor)
    _check(wanted, on, to, inherited=inherited)
    if wanted == ("OWNERSHIP",):
        current = cursor.accept_any("COPY", "REVOKE")
        if current:
            cursor.expect("CURRENT", "GRANTS")
        return GrantOwnership(on, to, current)
    return GrantPrivileges(wanted, on, to, cursor.accept("WITH", "GRANT", "OPTION"), inherited)


def revoke(cursor: Cursor) -> GrantStatement:
    """What follows REVOKE."""
    option_only = cursor.accept("GRANT", "OPTION", "FOR")
    if kind := _role_form(cursor):
        role = cursor.name(2 if kind == "DATABASE ROLE" else 1)
        cursor.expect("FROM")
        holder = _grantee(cursor)
        cascade = cursor.accept_any("CASCADE", "RESTRICT") == "CASCADE"
        cursor.end()
        return RevokeRole(kind, role, holder, option_only, cascade)
    inherited = cursor.accept("INHERITED")
    wanted = _privileges(cursor)
    cursor.expect("ON")
    on = _target(cursor)
    cursor.expect("FROM")
    source = _grantee(cursor)
    cascade = cursor.accept_any("CASCADE", "RESTRICT") == "CASCADE"
    cursor.end()
    if wanted == ("OWNERSHIP",) and not isinstance(on, OnFuture):
        raise invalid("OWNERSHIP cannot be revoked: grant it to another role instead", 3008, "42501")
    _check(wanted, on, source, inherited=inherited)
    return RevokePrivileges(wanted, on, source, option_only, cascade, inherited)


def _check(wanted: tuple[str, ...], on: Target, grantee: Grantee, *, inherited: bool) -> None:
    if inherited and not isinstance(on, OnAll):
        raise invalid("INHERITED goes with ON ALL … IN", 3008, "42501")
    if "OWNERSHIP" in wanted and len(wanted) > 1:
        raise invalid("OWNERSHIP is granted by itself, not in a list", 3008, "42501")
    if "ALL" in wanted and len(wanted) > 1:
        raise invalid("ALL is granted by itself, not in a list", 3008, "42501")
    if grantee.kind == "USER":
        _check_user(wanted, on)
    if grantee.kind != "DATABASE ROLE":
        return
    outside = isinstance(on, OnAccount) or (isinstance(on, OnObject) and kinds.most_parts(on.kind) == 1)
    if "IMPORTED PRIVILEGES" in wanted or (outside and not (isinstance(on, OnObject) and on.kind == "DATABASE")):
        what = ", ".join(wanted)
        message = f"{what} cannot be granted to a database role: it only holds privileges in its database"
        raise invalid(message, 3008, "42501")


def _check_user(wanted: tuple[str, ...], on: Target) -> None:
    """What cannot be granted to a user (docs sql-reference/sql/grant-privilege-user)."""
    if isinstance(on, OnFuture):
        raise invalid("there are no future grants to users", 3008, "42501")
    for privilege in wanted:
        if privilege == "OWNERSHIP" or privilege.startswith("CREATE "):
            raise invalid(f"{privilege} cannot be granted to a user", 3008, "42501")


def _privileges(cursor: Cursor) -> tuple[str, ...]:
    """Privileges up to ON; `ALL PRIVILEGES` is `ALL`."""
    found = cursor.listed(lambda: _privilege(cursor))
    return tuple("ALL" if one == "ALL PRIVILEGES" else one for one in found)


def _privilege(cursor: Cursor) -> str:
    if cursor.peek().kind is not Kind.WORD or cursor.peek().value not in WORDS:
        raise cursor.unexpected()
    words = [cursor.take().value]
    while cursor.peek().kind is Kind.WORD and not cursor.sees("ON"):
        words.append(cursor.take().value)
    while cursor.accept("."):
        words[-1] += "." + cursor.identifier()
    return " ".join(words)


def _target(cursor: Cursor) -> Target:
    if cursor.accept("ACCOUNT"):
        return OnAccount()
    if bulk := cursor.accept_any("ALL", "FUTURE"):
        kind = kinds.plural(cursor)
        if kind is None:
            raise cursor.unexpected()
        cursor.expect("IN")
        container = cursor.expect_any("SCHEMA", "DATABASE")
        name = cursor.name(2 if container == "SCHEMA" else 1)
        return OnAll(kind, container, name) if bulk == "ALL" else OnFuture(kind, container, name)
    return on_object(cursor, kinds.singular(cursor) or "TABLE")


def on_object(cursor: Cursor, kind: str) -> OnObject:
    """The name of one object behind its kind (which may be left out for tables and views)."""
    name = cursor.name(kinds.most_parts(kind))
    arguments = None
    if kind in ("FUNCTION", "PROCEDURE"):
        cursor.expect("(")
        arguments = cursor.text_until(lambda: cursor.sees(")"))
        cursor.expect(")")
    return OnObject(kind, name, arguments)


def _grantee(cursor: Cursor) -> Grantee:
    """`[ROLE] name`, `DATABASE ROLE db.name`, `USER name`."""
    if cursor.accept("DATABASE", "ROLE"):
        return Grantee("DATABASE ROLE", cursor.name(2))
    if cursor.sees("SHARE") or cursor.sees("APPLICATION", "ROLE"):
        raise unsupported(f"a grant to a {cursor.peek().value}")
    if cursor.sees_any("USER", "ROLE") and cursor.peek(1).kind in (Kind.WORD, Kind.QUOTED):
        return Grantee(cursor.take().value, cursor.name(1))
    return Grantee("ROLE", cursor.name(1))


@dataclass(frozen=True, slots=True)
class ShowGrants:
    """SHOW GRANTS: `form` ON (object), TO or OF (grantee), or MINE; `limit` rows."""

    form: str
    on: OnAccount | OnObject | None = None
    kind: str | None = None
    name: Name | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ShowFutureGrants:
    """SHOW FUTURE GRANTS IN SCHEMA | DATABASE … or TO [DATABASE] ROLE; `limit` rows."""

    form: str
    kind: str
    name: Name
    limit: int | None = None


def _limit(cursor: Cursor) -> int | None:
    return cursor.integer() if cursor.accept("LIMIT") else None


def show_grants(cursor: Cursor) -> ShowGrants:
    """What follows SHOW GRANTS."""
    if cursor.accept("ON"):
        if cursor.accept("ACCOUNT"):
            return ShowGrants("ON", OnAccount(), limit=_limit(cursor))
        return ShowGrants("ON", on_object(cursor, kinds.singular(cursor) or "TABLE"), limit=_limit(cursor))
    form = cursor.accept_any("TO", "OF")
    if form is None:
        return ShowGrants("MINE", limit=_limit(cursor))
    if cursor.sees("SHARE") or cursor.sees("APPLICATION"):
        raise unsupported(f"SHOW GRANTS {form} {cursor.peek().value}")
    if cursor.accept("DATABASE", "ROLE"):
        return ShowGrants(form, None, "DATABASE ROLE", cursor.name(2), _limit(cursor))
    kind = cursor.expect_any("ROLE", "USER") if form == "TO" else cursor.expect_any("ROLE")
    return ShowGrants(form, None, kind, cursor.name(1), _limit(cursor))


def show_future_grants(cursor: Cursor) -> ShowFutureGrants:
    """What follows SHOW FUTURE GRANTS."""
    if cursor.accept("IN"):
        container = cursor.expect_any("SCHEMA", "DATABASE")
        return ShowFutureGrants("IN", container, cursor.name(2 if container == "SCHEMA" else 1), _limit(cursor))
    cursor.expect("TO")
    if cursor.accept("DATABASE", "ROLE"):
        return ShowFutureGrants("TO", "DATABASE ROLE", cursor.name(2), _limit(cursor))
    cursor.accept("ROLE")
    return ShowFutureGrants("TO", "ROLE", cursor.name(1), _limit(cursor))
