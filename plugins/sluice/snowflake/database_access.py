"""Who may do what with databases and what lies in them: every grantee, read by a session that sees all grants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sluice.domain.names import Identifier, Qualified, dotted, undotted
from sluice.domain.promotion.database_rights import DATABASE_ROLE, FUTURE, ROLE, Right, entrances
from sluice.errors import StopError
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.statements import Statement

PUBLIC = Identifier("PUBLIC")
"""Everybody has this role, whether or not it is named among those who may enter a database."""
ADMINISTRATORS = frozenset(
    Identifier(name)
    for name in ("ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN", "ORGADMIN", "GLOBALORGADMIN")
)
"""Roles that have every other one of the account below them: what they hold through those is not theirs to lose."""

_PRIVILEGE = re.compile(r"[A-Z]+([ _][A-Z]+)*")
_ELSEWHERE = frozenset({"ACCOUNT", "USER", "WAREHOUSE", "INTEGRATION", "RESOURCE_MONITOR", "NETWORK_POLICY"})
_MOST_ROWS = 10_000


def rights(
    session: Session, databases: Sequence[Identifier], roles: Iterable[Identifier], *, owner: Identifier
) -> dict[Identifier, frozenset[Right]]:
    """Return who may do what with each of the databases, but for `owner`: the role that builds and owns them.

    That one is not asked for: it holds something on every object of every copy, more than SHOW tells at once.

    Of roles: those with a right on one of the databases, those with a database role of theirs, `roles`, PUBLIC, and
    every role that one of these has. Each is asked for once, however many databases, objects and copies there are.

    Raises:
        StopError: a role holds more than SHOW tells.
        MissingError: one of `roles` does not exist, or the session may not know of it.
    """
    found: dict[Identifier, set[Right]] = {database: set() for database in databases}
    for database in databases:
        found[database] |= {_right(row) for row in session.run(show.grants_on_database(database))}
        for row in session.run(show.objects_in("DATABASE ROLES", Qualified(database))):
            _add_database_role(session, found[database], Qualified(database, row_parsing.name(row)))
    waiting = [*sorted({PUBLIC, *roles, *_account_roles(found.values())})]
    asked = {owner}
    while waiting:
        role = waiting.pop()
        if role not in asked:
            asked.add(role)
            waiting += _add_role(session, found, role)
    return {db: frozenset(right for right in held if right.grantee != owner.name) for db, held in found.items()}


def change(database: Identifier, right: Right, *, give: bool) -> Statement:
    """Return the GRANT, or the REVOKE, of a right in a database; with a revoked one goes what was passed on of it."""
    if not _PRIVILEGE.fullmatch(right.privilege) or not _PRIVILEGE.fullmatch(right.kind):
        raise StopError("not a privilege", where=f"grants on {database}", value=str(right), untouched="live")
    if right.grantee_type == ROLE:
        grantee = f"ROLE {Identifier.from_account(right.grantee).sql}"
    else:
        grantee = f"DATABASE ROLE {Qualified(database, Identifier.from_account(right.grantee)).sql}"
    option = " WITH GRANT OPTION" if right.grant_option and give else ""
    if right.kind == DATABASE_ROLE:
        what = f"DATABASE ROLE {Qualified(database, *undotted(right.name)).sql}"
    else:
        what = f"{right.privilege} ON {_target(database, right)}"
    if give:
        return Statement(f"GRANT {what} TO {grantee}{option}")
    return Statement(f"REVOKE {what} FROM {grantee}" + ("" if right.kind == DATABASE_ROLE else " CASCADE"))


def entrances_to(session: Session, database: Identifier) -> tuple[Right, ...]:
    """Return what lets roles into a database: one statement, and one for each of its database roles."""
    held = {_right(row) for row in session.run(show.grants_on_database(database))}
    for row in session.run(show.objects_in("DATABASE ROLES", Qualified(database))):
        held |= _members(session, Qualified(database, row_parsing.name(row)))
    return tuple(sorted(right for right in entrances(held) if right.grantee_type == ROLE))


def _target(database: Identifier, right: Right) -> str:
    kind = right.kind.replace("_", " ")
    if right.future:
        schema = right.name.removesuffix(FUTURE).removesuffix(".")
        level = f"SCHEMA {Qualified(database, *undotted(schema)).sql}" if schema else f"DATABASE {database.sql}"
        return f"FUTURE {show.plural(kind)} IN {level}"
    if right.kind == "DATABASE":
        return f"DATABASE {database.sql}"
    path, opening, arguments = right.name.partition("(")
    return f"{kind} {Qualified(database, *undotted(path)).sql}{opening}{arguments}"


def _add_database_role(session: Session, held: set[Right], role: Qualified) -> None:
    for row in session.run(show.grants_to_database_role(role)):
        if _kind(row["granted_on"]) not in {"DATABASE", DATABASE_ROLE}:  # it may use its database, always
            held.add(_right({**row, "grantee_name": role.sql, "granted_to": DATABASE_ROLE}))
    held |= {
        _future({**row, "grantee_name": role.sql, "grant_to": DATABASE_ROLE})
        for row in session.run(show.future_grants_to_database_role(role))
    }
    held |= _members(session, role)


def _members(session: Session, role: Qualified) -> set[Right]:
    """Who has a database role."""
    name = dotted(role.parts[-1])
    types = [(row, _kind(row["granted_to"])) for row in session.run(show.grants_of_database_role(role))]
    return {Right(_grantee(row, kind), "USAGE", DATABASE_ROLE, name, grantee_type=kind) for row, kind in types}


def _add_role(session: Session, found: dict[Identifier, set[Right]], role: Identifier) -> list[Identifier]:
    """Add what the role holds in the databases; return the roles that it has."""
    rows = session.run(show.grants_to(role))
    if len(rows) >= _MOST_ROWS:
        raise StopError(
            f"SHOW tells of {_MOST_ROWS} grants of a role at most, and so not of all that {role} holds",
            where=f"role {role}",
            good="a role for each database, or fewer retained deployments (promotion.retained_days)",
            untouched="everything",
        )
    further: list[Identifier] = []
    for row in rows:
        kind = _kind(row["granted_on"])
        if kind == ROLE:
            further.append(row_parsing.named(row, "name"))
        elif kind not in _ELSEWHERE | {"DATABASE", DATABASE_ROLE}:
            database = row_parsing.qualified(str(row["name"])).database
            if database in found:
                found[database].add(_right({**row, "grantee_name": role.sql, "granted_to": ROLE}))
    for row in session.run(show.future_grants_to(role)):
        database = row_parsing.qualified(str(row["name"])).database
        if database in found:
            found[database].add(_future({**row, "grantee_name": role.sql, "grant_to": ROLE}))
    return [] if role in ADMINISTRATORS else further


def _account_roles(held: Iterable[set[Right]]) -> set[Identifier]:
    return {Identifier.from_account(r.grantee) for rights in held for r in rights if r.grantee_type == ROLE}


def _right(row: Row) -> Right:
    kind, shown = _kind(row["granted_on"]), str(row["name"])
    path = row_parsing.qualified(shown)
    name = "" if kind == "DATABASE" else dotted(*path.parts[1:]) + row_parsing.signature(shown)
    return Right(
        grantee=_grantee(row, _kind(row["granted_to"])),
        privilege=str(row["privilege"]),
        kind=kind,
        name=name,
        grant_option=row_parsing.truth(row, "grant_option"),
        grantee_type=_kind(row["granted_to"]),
    )


def _future(row: Row) -> Right:
    path = row_parsing.qualified(str(row["name"]))
    return Right(
        grantee=_grantee(row, _kind(row["grant_to"])),
        privilege=str(row["privilege"]),
        kind=_kind(row["grant_on"]),
        name=".".join([*([dotted(path.schema)] if path.schema else []), FUTURE]),
        grant_option=row_parsing.truth(row, "grant_option"),
        grantee_type=_kind(row["grant_to"]),
    )


def _grantee(row: Row, grantee_type: str) -> str:
    """A database role has been seen with and without its database; without it, it means the same in a copy."""
    if grantee_type == DATABASE_ROLE:
        return row_parsing.qualified(str(row["grantee_name"])).parts[-1].name
    return row_parsing.named(row, "grantee_name").name


def _kind(shown: object) -> str:
    """`ACCOUNT ROLE` and `ROLE` are one and the same, in two versions of SHOW."""
    return str(shown).upper().replace(" ", "_").replace("ACCOUNT_ROLE", ROLE)
