"""The forms of every DAG, as schemas: what may be left empty, what is required and says so, what no choice means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError

from sluice.airflow.flows import forms
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE, EPHEMERAL_NAME
from sluice.domain.names import DEPLOYMENT_ID, PLAIN_NAME
from sluice.domain.releases.release import RELEASE_ID
from sluice.domain.schedules.hours import MOMENT
from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import Kind

ROOT = Path(__file__).parents[2]
Fields = Mapping[str, Any]


@pytest.fixture(scope="module")
def fields() -> Fields:
    """Every field of every DAG in the bag, as dag.field: a DAG that is added tomorrow is looked at tomorrow."""
    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}
    found = {f"{dag_id}.{name}": dag.params.get_param(name) for dag_id, dag in bag.dags.items() for name in dag.params}
    assert len(found) > 40
    return found


def types(param: Any) -> list[str]:
    """Return the types that a field's value may have."""
    kind = param.schema["type"]
    return [kind] if isinstance(kind, str) else list(kind)


def optional(param: Any) -> bool:
    """Whether Airflow's button lives while the field is empty."""
    return "null" in types(param)


def takes(param: Any, value: object) -> bool:
    """Whether the field takes a value; its default is left as it is."""
    default = param.value
    try:
        param.resolve(value=value)
    except ParamValidationError:
        return False
    finally:
        param.value = default
    return True


def test_a_field_that_has_to_be_filled_is_filled_or_says_that_it_is_required(fields: Fields) -> None:
    """Airflow's button is dead while a field without null is empty: then the explanation begins with "Required."."""
    empty = {field for field, param in fields.items() if param.value in (None, "", [])}
    dead = {field for field in empty if not optional(fields[field])}
    assert dead == {field for field, param in fields.items() if (param.description or "").startswith("Required.")}
    assert [field for field, param in fields.items() if field not in dead and not takes(param, param.value)] == []


def test_what_may_be_left_empty_takes_both_kinds_of_nothing(fields: Fields) -> None:
    """The form sends null, and people who trigger by API or command line send "" where there is text."""
    free = {field: param for field, param in fields.items() if optional(param)}
    assert [field for field, param in free.items() if not takes(param, None)] == []
    texts = {field: param for field, param in free.items() if "string" in types(param) and "enum" not in param.schema}
    assert len(texts) > 10
    assert [field for field, param in texts.items() if not takes(param, "")] == []


def test_no_choice_has_words_for_what_it_means(fields: Fields) -> None:
    """A drop-down has words for each choice: without them Airflow shows null, or the words of null everywhere."""
    choices = {field: param for field, param in fields.items() if "enum" in param.schema}
    assert len(choices) > 8
    for field, param in choices.items():
        schema = param.schema
        words = schema.get("values_display", {})
        assert (None in schema["enum"]) is optional(param), field
        assert list(words) == schema["enum"], field
        assert {text.strip().lower() for text in words.values()}.isdisjoint({"", "null", "none"}), field
        assert len(set(words.values())) == len(words), field


def test_nothing_is_required_where_it_is_folded_away(fields: Fields) -> None:
    """A section of a form is shut when the form opens: what lies in it belongs to one case, and may be left alone."""
    folded = {field: param for field, param in fields.items() if "section" in param.schema}
    assert len(folded) > 8
    assert [field for field, param in folded.items() if not optional(param)] == []


def test_every_field_has_a_title_and_an_explanation(fields: Fields) -> None:
    """In words: Airflow shows an explanation as it stands, its backticks too; a title is there once in a form."""
    bare = [
        field
        for field, param in fields.items()
        if not param.schema.get("title") or not (param.description or "").endswith(".") or "`" in param.description
    ]
    assert bare == []
    titles = [(field.split(".")[0], param.schema["title"]) for field, param in fields.items()]
    assert len(set(titles)) == len(titles)


def test_sizes_and_kinds_are_the_domains(fields: Fields) -> None:
    """Every size that a spec takes, and every kind of environment that comes and goes, is in the forms."""
    sizes = [param for field, param in fields.items() if field.endswith(".size")]
    assert len(sizes) == 2
    assert all(param.schema["enum"] == [None, *(str(size) for size in Size)] for param in sizes)
    kinds = [kind for kind in fields["provision_environment.kind"].schema["enum"] if kind]
    assert kinds == [str(kind) for kind in Kind if not kind.standing]


@pytest.mark.parametrize(
    ("field", "domain", "good", "bad"),
    [
        ("promote_prod.release", RELEASE_ID, "r0123456789abcdef", "r0123456789ABCDEF"),
        ("rollback.deployment", DEPLOYMENT_ID, "d20261120t224901-1a2b3c", "d20261120t224901"),
        ("destroy_environment.environment", EPHEMERAL_NAME, EPHEMERAL_EXAMPLE, "prod"),
        ("budget_control.until", MOMENT, "2026-11-28T21:00", "25:00"),
        ("budget_control.until", MOMENT, "24:00", "2026-11-28 21:00"),
    ],
)
def test_names_have_the_domains_pattern(fields: Fields, field: str, domain: Any, good: str, bad: str) -> None:
    """What the domain takes the form takes, and what it refuses the form refuses."""
    assert domain.fullmatch(good)
    assert not domain.fullmatch(bad)
    assert takes(fields[field], good)
    assert not takes(fields[field], bad)


def test_schemas_are_names_one_a_line_and_empty_lines_do_not_matter(fields: Fields) -> None:
    """A trailing new line, which everybody types, is no name; what is none is refused."""
    schemas = fields["provision_environment.schemas"]
    assert PLAIN_NAME.fullmatch("core")
    assert takes(schemas, ["core", "MARTS", ""])
    assert not takes(schemas, ['core"; drop'])


def test_a_pattern_of_the_domain_has_no_names_in_a_schema(fields: Fields) -> None:
    """Named groups are Python's own way of writing; JSON schemas are read by others too."""
    assert forms.pattern_of(EPHEMERAL_NAME).startswith("^(([a-z]")
    assert not any("?P<" in str(param.schema) for param in fields.values())
