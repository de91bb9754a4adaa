"""The packages of snowdome: what import-linter's layers cannot see of circles is held here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import grimp
import pytest

SMALL = 3
"""Files of one package that may know each other."""
Imports = Mapping[str, Iterable[str]]


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Return each module of snowdome with those it imports, for types alone too."""
    graph = grimp.build_graph("snowdome", exclude_type_checking_imports=False, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def reached(start: str, imports: Imports) -> set[str]:
    """Return what the start imports, directly or through others."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for module in imports.get(todo.pop(), ()):
            if module not in seen:
                seen.add(module)
                todo.append(module)
    return seen


def circles(imports: Imports) -> list[list[str]]:
    """Return the groups of those that import each other, directly or through others."""
    reach = {module: reached(module, imports) for module in {*imports, *chain.from_iterable(imports.values())}}
    groups = {frozenset(m for m in others if module in reach[m]) for module, others in reach.items()}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def package(module: str) -> str:
    """Return the package of snowdome that the module is in; a module of the root is one of its own."""
    return ".".join(module.split(".")[:2])


def kind(module: str) -> str | None:
    """Return the folder of `objects` that the module is in, or the module where it is in none; None for others."""
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["objects"] and len(parts) > 2 else None


def test_circles_are_found() -> None:
    """Two that import each other through a third are a circle of three; who only reads them is in none."""
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == [["a", "b", "c"]]


def test_packages_import_one_way(imports: dict[str, set[str]]) -> None:
    """No package imports another that imports it, directly or through others."""
    between: dict[str, set[str]] = {}
    for module, imported in imports.items():
        between.setdefault(package(module), set()).update(package(other) for other in imported)
    for name, others in between.items():
        others.discard(name)
    assert circles(between) == []


def test_kinds_import_one_way(imports: dict[str, set[str]]) -> None:
    """No folder of a kind of object imports another that imports it, directly or through others."""
    between: dict[str, set[str]] = {}
    for module, imported in imports.items():
        folder = kind(module)
        for other in map(kind, imported):
            if folder is not None and other is not None and other != folder:
                between.setdefault(folder, set()).add(other)
    assert circles(between) == []


def test_circles_of_files_are_small(imports: dict[str, set[str]]) -> None:
    """Files that import each other are three at most, and of one package."""
    groups = circles(imports)
    assert [group for group in groups if len(group) > SMALL] == []
    assert [group for group in groups if len({package(module) for module in group}) > 1] == []
