"""Reading YAML at the edge: whatever is wrong becomes one SpecError with file, field, bad value and a good one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sluice.errors import SpecError

try:  # a scheduler reads the specs at every parse of a DAG file: libyaml does it eight times faster
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

_Model = TypeVar("_Model", bound=BaseModel)


class FileError(SpecError):
    """Several things in a file are wrong: the message is the first's and names the others, `errors` has each."""

    def __init__(self, errors: Sequence[SpecError]) -> None:
        first, rest = errors[0], errors[1:]
        fields = ", ".join(str(error.where).rpartition(": ")[2] for error in rest)
        message = f"{first.message} (also wrong: {fields})" if rest else first.message
        super().__init__(message, where=first.where, value=first.value, good=first.good, untouched=first.untouched)
        self.errors = tuple(errors)


def each_error(error: SpecError) -> tuple[SpecError, ...]:
    """Return every single thing that is wrong, of an error that may stand for several."""
    return error.errors if isinstance(error, FileError) else (error,)


class _UniqueKeys(_SafeLoader):
    """YAML in which a key said twice is an error, not the last one silently, and 18:00 is no number."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[object, object]:
    seen: set[object] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is said twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _without_colon(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f"(?!.*:)(?:{pattern.pattern})", re.VERBOSE)


# YAML 1.1 reads 18:00 as the number 1080, but 08:00 as a text: both are times of the day.
_UniqueKeys.yaml_implicit_resolvers = {
    first: [(tag, _without_colon(pattern) if tag == "tag:yaml.org,2002:int" else pattern) for tag, pattern in found]
    for first, found in _SafeLoader.yaml_implicit_resolvers.items()
}
_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what somebody probably meant: the one name that is alike, or all there are."""
    names = [str(one) for one in known]
    near = get_close_matches(name, names, 1)
    return near[0] if near else ", ".join(names) or "nothing: there is none"


def read_yaml(path: Path) -> Mapping[str, object]:
    """Return the mapping in a YAML file, or refuse it by name."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except OSError as missing:
        raise SpecError("the file cannot be read", where=str(path), good="a readable YAML file") from missing
    except (yaml.YAMLError, ValueError) as wrong:  # also 2026-02-30, which looks like a date
        raise SpecError(
            f"not valid YAML: {wrong}", where=str(path), good="key: value, two spaces a level", untouched="everything"
        ) from wrong
    if not isinstance(content, dict):
        raise SpecError("the file holds no mapping", where=str(path), value=content, good="name: dev")
    return content


def read_model(path: Path, model: type[_Model]) -> _Model:
    """Return the validated content of a YAML file."""
    return validated(read_yaml(path), model, str(path))


def validated(content: Mapping[str, object], model: type[_Model], where: str) -> _Model:
    """Return `content` as `model`, every refusal translated into one SpecError."""
    try:
        return model.model_validate(content)
    except ValidationError as wrong:
        raise FileError([_translate(one, model, where) for one in wrong.errors()]) from wrong


def _translate(wrong: ErrorDetails, model: type[BaseModel], where: str) -> SpecError:
    path = [str(part) for part in wrong["loc"]]
    message, good = _explain(wrong["type"], wrong["msg"], path, model, wrong.get("ctx", {}))
    value = None if wrong["type"] == "missing" or isinstance(wrong["input"], dict) else wrong["input"]
    field = ".".join(path)
    return SpecError(
        message, where=f"{where}: {field}" if field else where, value=value, good=good, untouched="everything"
    )


def _explain(
    kind: str, text: str, path: list[str], model: type[BaseModel], context: Mapping[str, object]
) -> tuple[str, str | None]:
    if kind == "extra_forbidden":
        at = _model_at(model, path[:-1])
        if instead := getattr(at, "removed_keys", {}).get(path[-1]):
            return "there is no such key any more, and nothing ever read it", instead
        known = list(at.model_fields) if at is not None else []
        near = get_close_matches(path[-1], known, 1, 0.5)
        return "unknown key", near[0] if near else f"one of {', '.join(known)}"
    if kind == "missing":
        return "this key is missing", f"{path[-1]}: …"
    if kind == "value_error":
        message = text.removeprefix("Value error, ")
        before, said, good = message.partition("say ")
        return (before.rstrip(" ;:,"), good) if said else (message, None)
    bound = {"greater_than_equal": "ge", "less_than_equal": "le", "literal_error": "expected", "enum": "expected"}
    if kind in bound:
        return text, str(context.get(bound[kind]))
    if kind == "greater_than":
        return text, "25"
    return text, None


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel] | None:
    at: object = model
    for part in path:
        if isinstance(at, type) and issubclass(at, BaseModel) and part in at.model_fields:
            annotation = at.model_fields[part].annotation
            at = next((one for one in (annotation, *get_args(annotation)) if _is_model(one)), None)
    return at if isinstance(at, type) and issubclass(at, BaseModel) else None


def _is_model(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
