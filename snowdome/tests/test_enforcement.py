"""The least privilege that lets each kind of statement through, and what does not: over the wire, with fresh roles."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = yaml.safe_load((Path(__file__).parent / "privileges.yml").read_text(encoding="utf-8"))
REFUSALS = frozenset({904, 2003, 2043, 3001, 3011, 3013, 90105})
"""Invalid identifier (a sequence), not there, not usable, insufficient, some not granted, not assigned, no database."""
INSIDE = {
    "database": ["usage on database <d>"],
    "schema": ["usage on database <d>", "usage on schema <d>.s"],
}
OBJECTS = {
    "<d>": (
        "create database <d>",
        "create schema <d>.e",
        "create schema <d>.s",
        "create table <d>.s.t (x int)",
        "create table <d>.s.u (x int)",
        "create view <d>.s.v as select x from <d>.s.t",
        "create sequence <d>.s.q",
        "create stage <d>.s.g",
        "create file format <d>.s.f type = csv",
        "create tag <d>.s.k",
    ),
    "<m>": ("create warehouse <m>",),
    "<o>": ("create role <o>",),
    "<u>": ("create user <u>",),
}
numbers = itertools.count(1)


def attempts(case: dict[str, Any]) -> Iterator[tuple[list[str], bool]]:
    """Everything that must not suffice, and at last what must."""
    usages = INSIDE.get(case.get("inside", ""), [])
    whole = [*usages, *case["enough"]]
    for short in case.get("short", ()):
        yield [*usages, *short], False
    if case.get("alone", True):
        for missing in range(len(whole)):
            yield whole[:missing] + whole[missing + 1 :], False
    yield whole, True


@pytest.fixture(scope="module")
def admin(snowdome_module: Any, ask: Any) -> Any:
    """The administrator, and a user PROBE that works in the fresh roles."""
    connection = snowdome_module.connect()
    ask(connection, "create warehouse w", "create user probe password = 'p' default_secondary_roles = ()")
    return connection


@pytest.fixture(scope="module")
def probe(snowdome_module: Any, admin: Any) -> Any:
    """A session of PROBE."""
    return snowdome_module.connect(user="probe", password="p")


def granted(what: str, role: str) -> str:
    """The statement that gives the role what a case says."""
    if what.startswith("=role "):
        return f"grant role {what.removeprefix('=role ')} to role {role}"
    what, _, option = what.partition(" with ")
    tail = " copy current grants" if what.startswith("ownership ") else f" with {option}" if option else ""
    return f"grant {what} to role {role}{tail}"


def named(text: str, world: int, role: int) -> str:
    """The text with the names of that world's objects and of that role."""
    return re.sub("<([dmour])>", lambda found: f"{found[1]}{role if found[1] == 'r' else world}", text)


def makings(case: dict[str, Any]) -> list[str]:
    """What makes the objects that the case speaks of."""
    text = " ".join([case["sql"], *case.get("prepare", ()), *(one for grants, _ in attempts(case) for one in grants)])
    made = [statement for letter, statements in OBJECTS.items() if letter in text for statement in statements]
    return [*made, *case.get("prepare", ())]


def ids() -> list[str]:
    """What each case is called."""
    return [f"{number}-{' '.join(case['sql'].split()[:6])}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=ids())
def test_the_least_privilege(admin: Any, probe: Any, ask: Any, refused: Any, case: dict[str, Any]) -> None:
    """With less than the least privilege, or with others, the statement is refused; with it, it goes through."""
    world = 0
    wrong: list[tuple[list[str], int]] = []
    for grants, passes in attempts(case):
        role = next(numbers)
        if not world or case.get("then"):
            world = role
            ask(admin, *(named(step, world, role) for step in makings(case)))
        steps = ["create role <r>", "grant role <r> to user probe", "grant usage on warehouse w to role <r>"]
        steps += [granted(what, "<r>") for what in grants]
        if case.get("then"):  # done by the administrator, who has to inherit what the role may own
            steps += ["grant role <r> to role sysadmin", *case["then"]]
        ask(admin, *(named(step, world, role) for step in steps))
        ask(probe, f"use role r{role}", "use warehouse w")
        found = refused(probe, named(case["sql"], world, role))
        if (found == 0) is not passes or (found and found not in REFUSALS):
            wrong.append((grants, found))
    assert wrong == []
