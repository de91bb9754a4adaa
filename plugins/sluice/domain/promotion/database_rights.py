"""Who may do what with a database and what lies in it, independent of the database's name; compared before a swap."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sluice.domain.promotion.contents import RELATIONS, ContainedObject

ROLE, DATABASE_ROLE = "ROLE", "DATABASE_ROLE"
FUTURE = "<FUTURE>"
"""The name, within its schema or the database, of what a future grant is about."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One privilege of one grantee on the database itself (`name` empty) or on something in it."""

    grantee: str
    """A role's name; a database role's without its database."""
    privilege: str
    kind: str
    """`DATABASE`, `SCHEMA`, `TABLE`, `VIEW`, …"""
    name: str
    """`SCHEMA` or `SCHEMA.NAME`, without the database, a function's with the types of its arguments."""
    grant_option: bool = False
    grantee_type: str = ROLE
    """`ROLE`, `DATABASE_ROLE`, `SHARE`, `USER`, `APPLICATION`, … as SHOW GRANTS tells."""

    def __str__(self) -> str:
        who = self.grantee if self.grantee_type == ROLE else f"{_words(self.grantee_type)} {self.grantee}"
        option = " with grant option" if self.grant_option else ""
        return f"{who}: {self.privilege} on {_words(self.kind)} {self.name}".rstrip() + option

    @property
    def future(self) -> bool:
        """Whether it is about objects to come."""
        return self.name == FUTURE or self.name.endswith(f".{FUTURE}")


@dataclass(frozen=True, slots=True)
class Alignment:
    """What makes the rights on the incoming database those that people have given and taken on live."""

    grant: tuple[Right, ...] = ()
    revoke: tuple[Right, ...] = ()
    refused: tuple[Right, ...] = ()
    """What cannot be given or taken: of shares, users, applications; or a privilege that the object cannot have."""

    @property
    def changed(self) -> int:
        """How many rights are given or taken."""
        return len(self.grant) + len(self.revoke)


_ANY_RELATION = "RELATION"
_RELATIONS = frozenset(kind.replace(" ", "_") for kind in RELATIONS)
_MIRRORED = frozenset({ROLE, DATABASE_ROLE})
_OF_VIEWS = frozenset({"SELECT", "REFERENCES"})
"""Privileges that a view can have, too."""

Essence = tuple[str, str, str, str, str]


def lost(before: Iterable[Right], after: Iterable[Right], *, removed: Collection[str] = ()) -> tuple[Right, ...]:
    """Return the rights that the swap would take away; a relation that leaves the project takes its rights with it.

    One that was held with the grant option and is held without it is lost as well.
    """
    kept: dict[Essence, bool] = {}
    for right in after:
        kept[_essence(right)] = kept.get(_essence(right), False) or right.grant_option
    return tuple(
        sorted(
            right
            for right in before
            if right.name not in removed
            and (_essence(right) not in kept or (right.grant_option and not kept[_essence(right)]))
        )
    )


def entrances(rights: Iterable[Right]) -> frozenset[Right]:
    """Return what lets roles into the database: rights on the database itself, and who has its database roles.

    A clone has none of them, so nobody reads a candidate; nor does anybody read a retained database, from which they
    are revoked. Ownership is nobody's to hand on.
    """
    return frozenset(
        right
        for right in rights
        if right.kind in {"DATABASE", DATABASE_ROLE}
        and right.grantee_type in _MIRRORED
        and right.privilege != "OWNERSHIP"
    )


def alignment(
    live: Collection[Right],
    incoming: Collection[Right],
    *,
    cloned: Collection[Right] | None,
    live_contents: Iterable[ContainedObject],
    incoming_contents: Iterable[ContainedObject],
) -> Alignment:
    """Return what people have changed about live's rights and the incoming database does not know of.

    `cloned` are live's rights when the incoming database was cloned from it: what differs from them now was given or
    taken since, and what the build itself gave stays. Without it, for a database that was live once, live's rights
    count for all that both hold. Entrances are always those of live. Ownership is never handed on.
    """
    now, there = _by_essence(live), _by_essence(incoming)
    before = there if cloned is None else _by_essence(set(cloned) - entrances(cloned) | entrances(incoming))
    on_live, on_incoming = _kinds(live_contents), _kinds(incoming_contents)
    given = [right for essence, right in now.items() if essence not in before or _wider(right, before[essence])]
    taken = [right for essence, right in before.items() if essence not in now]
    narrowed = [right for essence, right in before.items() if essence in now and _wider(right, now[essence])]
    grant, revoke, refused = list[Right](), list[Right](), list[Right]()
    for right in given:
        essence = _essence(right)
        if not _holds(on_incoming, right) or (essence in there and not _wider(right, there[essence])):
            continue
        possible = _as_on(on_incoming, right)
        (refused if possible is None else grant).append(possible or right)
    for right in (*taken, *narrowed):
        present = there.get(_essence(right))
        if present is None or not _holds(on_live, right) or (right in narrowed and not present.grant_option):
            continue
        (revoke if right.grantee_type in _MIRRORED else refused).append(present)
        if right in narrowed:  # a grant option is taken with the grant, which comes back without it
            grant.append(now[_essence(right)])
    return Alignment(tuple(sorted(grant)), tuple(sorted(revoke)), tuple(sorted(refused)))


def visible(rights: Iterable[Right]) -> frozenset[str]:
    """Return the relations that consumers may read."""
    return frozenset(right.name for right in rights if right.privilege == "SELECT" and right.kind in _RELATIONS)


def to_json(rights: Iterable[Right]) -> dict[str, dict[str, list[str]]]:
    """Return rights as the journal keeps them: grantee → privilege → names."""
    kept: dict[str, dict[str, list[str]]] = {}
    for right in sorted(rights):
        what = f"{right.privilege}|{right.kind}|{'+' if right.grant_option else ''}"
        kept.setdefault(f"{right.grantee_type}|{right.grantee}", {}).setdefault(what, []).append(right.name)
    return kept


def from_json(value: object) -> frozenset[Right]:
    """Return the rights that `to_json` wrote."""
    rights: set[Right] = set()
    for who, held in value.items() if isinstance(value, Mapping) else ():
        grantee_type, _, grantee = str(who).partition("|")
        for what, names in held.items():
            privilege, kind, option = str(what).split("|")
            rights |= {Right(grantee, privilege, kind, str(name), bool(option), grantee_type) for name in names}
    return frozenset(rights)


def _by_essence(rights: Iterable[Right]) -> dict[Essence, Right]:
    """The widest right of each kind, without ownership."""
    found: dict[Essence, Right] = {}
    for right in sorted(rights):
        if right.privilege != "OWNERSHIP":
            found[_essence(right)] = right  # sorted: one with the grant option comes last
    return found


def _wider(right: Right, other: Right) -> bool:
    return right.grant_option and not other.grant_option


def _kinds(contents: Iterable[ContainedObject]) -> dict[tuple[str, str], str]:
    return {thing.place: thing.kind for thing in contents}


def _place(right: Right) -> tuple[str, str]:
    kind = right.kind.replace("_", " ")
    return (_ANY_RELATION if kind in RELATIONS else kind, right.name)


def _holds(kinds: Mapping[tuple[str, str], str], right: Right) -> bool:
    """Whether what the right is about is there: the database itself is, and so is what is to come in its schemas."""
    if right.kind == "DATABASE":
        return True
    if right.future:
        return right.name == FUTURE or ("SCHEMA", right.name.removesuffix(f".{FUTURE}")) in kinds
    return _place(right) in kinds


def _as_on(kinds: Mapping[tuple[str, str], str], right: Right) -> Right | None:
    """The right as it can be given on what is there; None if it cannot."""
    if right.grantee_type not in _MIRRORED:
        return None
    kind = kinds.get(_place(right), right.kind).replace(" ", "_")
    if right.future or right.kind not in _RELATIONS or kind == right.kind:
        return right
    if kind == "VIEW" and right.privilege not in _OF_VIEWS:
        return None
    return Right(right.grantee, right.privilege, kind, right.name, right.grant_option, right.grantee_type)


def _essence(right: Right) -> Essence:
    """A model may change from view to table: its readers lose nothing by it. The grant option is asked for apart."""
    kind = _ANY_RELATION if right.kind in _RELATIONS and not right.future else right.kind
    return right.grantee_type, right.grantee, right.privilege, kind, right.name


def _words(kind: str) -> str:
    return kind.lower().replace("_", " ")
