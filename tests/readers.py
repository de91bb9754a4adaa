"""Who reads which field of a class: the product's own source, read with the types that its annotations give."""

from __future__ import annotations

import ast
import collections.abc
import contextlib
import functools
import importlib
import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any

PRODUCT = Path(__file__).resolve().parents[1] / "plugins" / "sluice"
Types = tuple[Any, ...]
"""What an expression may be; empty: not known."""
_MAPPINGS = (collections.abc.Mapping, dict)
_SAME = {"dict", "frozenset", "iter", "list", "replace", "reversed", "set", "sorted", "tuple"}
"""Calls whose answer holds what the first argument does."""
_ONE = {"max", "min", "next"}


def reads() -> set[tuple[type, str]]:
    """Return every field that is read in the product, with the class that declares it; a validator is no reader."""
    found: set[tuple[type, str]] = set()
    for path in sorted(PRODUCT.rglob("*.py")):
        if path.stem == "__main__":
            continue
        name = ".".join(("sluice", *path.relative_to(PRODUCT).with_suffix("").parts)).removesuffix(".__init__")
        _Reader(importlib.import_module(name), found).visit(ast.parse(path.read_text("utf-8")))
    return found


@dataclass
class _Reader(ast.NodeVisitor):
    """Walks through one module, and knows what its names stand for where it is."""

    module: ModuleType
    found: set[tuple[type, str]]
    classes: list[type] = field(default_factory=list)
    names: dict[str, Types] = field(default_factory=dict)
    for_types: dict[str, Any] = field(default_factory=dict)
    """What the module imports for type checking only."""
    assigned: dict[tuple[Any, str], Types] = field(default_factory=dict)
    """What a class's methods assign to attributes of `self`."""
    _INFER: typing.ClassVar[dict[type[ast.expr], Any]] = {}
    """How the types of each kind of expression are known."""

    def visit_If(self, node: ast.If) -> None:
        """What is imported for type checking is imported here."""
        if ast.unparse(node.test) == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), str(self.module), "exec"), self.for_types)  # noqa: S102
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """What a function imports of ours is known in it."""
        if str(node.module).startswith("sluice."):
            module = importlib.import_module(str(node.module))
            self.names |= {alias.asname or alias.name: _known(module, alias.name) for alias in node.names}

    def visit_With(self, node: ast.With) -> None:
        """A name stands for what a context manager yields."""
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, _elements(self._infer(item.context_expr)))
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class is what `self` is in its methods."""
        cls = getattr(self.classes[-1] if self.classes else self.module, node.name, None)
        if isinstance(cls, type):
            self.classes.append(cls)
            self.generic_visit(node)
            self.classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function knows its arguments by their annotations."""
        if any("validator" in ast.unparse(decorator) for decorator in node.decorator_list):
            return
        before = dict(self.names)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for number, argument in enumerate(arguments):
            if number == 0 and argument.arg == "self" and self.classes:
                self.names["self"] = (self.classes[-1],)
            else:
                self.names[argument.arg] = self._annotated(argument.annotation)
        self.generic_visit(node)
        self.names = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (the names are ast's)

    def visit_Assign(self, node: ast.Assign) -> None:
        """A name stands for what is assigned to it."""
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for name, value in zip(target.elts, node.value.elts, strict=False):
                    self._bind(name, self._infer(value))
            else:
                self._bind(target, self._infer(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A name stands for what it is annotated with."""
        if node.value is not None:
            self.visit(node.value)
        self._bind(node.target, self._annotated(node.annotation))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """A name stands for what it is bound to within an expression."""
        self.visit(node.value)
        self._bind(node.target, self._infer(node.value))

    def visit_For(self, node: ast.For) -> None:
        """A loop's name stands for one of what is looped over."""
        self.visit(node.iter)
        self._bind(node.target, _elements(self._infer(node.iter)))
        for statement in [*node.body, *node.orelse]:
            self.visit(statement)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        for generator in node.generators:
            self.visit(generator.iter)
            self._bind(generator.target, _elements(self._infer(generator.iter)))
            for condition in generator.ifs:
                self.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A field is read of whatever class its owner is."""
        for owner in self._infer(node.value):
            for cls in inspect.getmro(owner) if isinstance(owner, type) else ():
                if node.attr in inspect.get_annotations(cls) and isinstance(node.ctx, ast.Load):
                    self.found.add((cls, node.attr))
        self.visit(node.value)

    def _bind(self, target: ast.expr, types: Types) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = types
        elif isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and self.classes:
            self.assigned[self.classes[-1], target.attr] = types
        elif isinstance(target, ast.Tuple):
            for number, part in enumerate(target.elts):
                self._bind(part, _item(types, number))

    def _annotated(self, annotation: ast.expr | None) -> Types:
        if annotation is None:
            return ()
        with contextlib.suppress(Exception):  # a name that is not the module's own
            names = {**vars(self.module), **self.for_types}
            return _alternatives(eval(ast.unparse(annotation), names))  # noqa: S307
        return ()

    def _infer(self, node: ast.expr) -> Types:
        infer = self._INFER.get(type(node))
        return infer(self, node) if infer is not None else ()

    def _name(self, node: ast.Name) -> Types:
        return self.names[node.id] if node.id in self.names else _known(self.module, node.id)

    def _owned(self, node: ast.Attribute) -> Types:
        owners = self._infer(node.value)
        assigned = [one for owner in owners for one in self.assigned.get((owner, node.attr), ())]
        return (*assigned, *(one for owner in owners for one in _attribute(owner, node.attr)))

    def _chosen(self, node: ast.Subscript) -> Types:
        owners = self._infer(node.value)
        return _values(owners) or _elements(owners)

    def _either(self, node: ast.IfExp | ast.BoolOp) -> Types:
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        return tuple(one for part in parts for one in self._infer(part))

    def _inside(self, node: ast.NamedExpr | ast.Starred) -> Types:
        return self._infer(node.value)

    def _several(self, node: ast.List | ast.Tuple | ast.Set) -> Types:
        return tuple(_list(one) for one in self._infer(node.elts[0])) if node.elts else ()

    def _comprehended(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Types:
        return tuple(_list(one) for one in self._infer(node.elt))

    def _mapped(self, node: ast.DictComp) -> Types:
        return tuple(_dict(one) for one in self._infer(node.value))

    def _called(self, node: ast.Call) -> Types:
        function = node.func
        if isinstance(function, ast.Name) and function.id in _SAME | _ONE and node.args:
            first = self._infer(node.args[0])
            return _elements(first) or first if function.id in _ONE else first
        if isinstance(function, ast.Attribute):
            owners = self._infer(function.value)
            if function.attr in {"get", "pop"} and _values(owners):
                return _values(owners)
            if function.attr == "values":
                return tuple(_list(one) for one in _values(owners))
            if function.attr == "items":
                return tuple(_list(_pair(one)) for one in _values(owners))
            if function.attr in {"model_copy", "__enter__"}:
                return owners
        answers = [one for called in self._infer(function) for one in _returned(called)]
        if any(isinstance(one, typing.TypeVar) for one in answers):  # the class that it is called with
            return tuple(one.func for given in node.args for one in self._infer(given) if _is_class(one))
        return tuple(answers)


def _known(module: ModuleType, name: str) -> Types:
    value = getattr(module, name, None)
    if isinstance(value, type):
        return (functools.partial(value),)  # calling it makes one
    return (value,) if callable(value) else (type(value),) if value is not None else ()


_Reader._INFER = {
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._owned,
    ast.Call: _Reader._called,
    ast.Subscript: _Reader._chosen,
    **dict.fromkeys((ast.IfExp, ast.BoolOp), _Reader._either),
    **dict.fromkeys((ast.NamedExpr, ast.Starred), _Reader._inside),
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), _Reader._several),
    **dict.fromkeys((ast.ListComp, ast.GeneratorExp, ast.SetComp), _Reader._comprehended),
    ast.DictComp: _Reader._mapped,
}


def _list(element: Any) -> Any:
    return types.GenericAlias(list, (element,))


def _dict(value: Any) -> Any:
    return types.GenericAlias(dict, (str, value))


def _pair(value: Any) -> Any:
    return types.GenericAlias(tuple, (str, value))


def _origin(annotation: Any) -> Any:
    return typing.get_origin(annotation)


def _is_class(called: Any) -> bool:
    return isinstance(called, functools.partial) and isinstance(called.func, type)


def _attribute(owner: Any, name: str) -> Types:
    if isinstance(owner, ModuleType):
        return _known(owner, name)
    if not isinstance(owner, type):
        return ()
    for cls in inspect.getmro(owner):
        if name in inspect.get_annotations(cls):
            with contextlib.suppress(Exception):
                return _alternatives(typing.get_type_hints(cls)[name])
        member = inspect.getattr_static(cls, name, None)
        if isinstance(member, property):
            return _returned(member.fget)
        if inspect.isfunction(member):
            return (member,)
    return ()


def _returned(called: Any) -> Types:
    if _is_class(called):
        return (called.func,)
    with contextlib.suppress(Exception):
        return _alternatives(typing.get_type_hints(called).get("return"))
    return ()


def _alternatives(annotation: Any) -> Types:
    if _origin(annotation) in {typing.Union, UnionType}:
        return tuple(one for part in typing.get_args(annotation) for one in _alternatives(part))
    if _origin(annotation) is typing.Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    return () if annotation in {None, type(None), typing.Any} else (annotation,)


def _values(types: Types) -> Types:
    return tuple(one for each in types if _origin(each) in _MAPPINGS for one in _alternatives(typing.get_args(each)[1]))


def _elements(types: Types) -> Types:
    def each() -> Iterator[Any]:
        for one in types:
            parts = typing.get_args(one)
            if parts and isinstance(_origin(one), type):
                yield from _alternatives(parts[0])

    return tuple(each())


def _item(types: Types, number: int) -> Types:
    parts = [typing.get_args(one) for one in types if _origin(one) is tuple]
    return tuple(one for part in parts if number < len(part) for one in _alternatives(part[number]))
