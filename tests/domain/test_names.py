"""Names are checked where they enter, quoted where they leave, and read back as they were made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.names import (
    Identifier,
    Marker,
    Qualified,
    candidate_name,
    deployment_id,
    parse_deployment_id,
    retained_name,
)
from sluice.errors import SpecError

AT = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ['A"B', "A;DROP", "A B", "", "1A", "A.B", "Ä", "A'B", "A" * 256])
def test_a_name_that_would_need_quotes_is_refused(text: str) -> None:
    """A text that Snowflake would not take unquoted never becomes a name."""
    with pytest.raises(SpecError) as refused:
        Identifier.parse(text, "database.name")
    assert refused.value.where == "database.name"
    assert refused.value.good


@pytest.mark.parametrize("text", ['A"B;', "1A", "", "Ä"])
def test_the_suggested_name_is_itself_accepted(text: str) -> None:
    """The good example of a refusal is really good."""
    with pytest.raises(SpecError) as refused:
        Identifier.parse(text)
    assert Identifier.parse(str(refused.value.good))


@given(st.text(max_size=300))
def test_whatever_is_found_is_quoted_safely(raw: str) -> None:
    """Outside of its doubled quotes, a quoted name holds nothing that could end it."""
    sql = Identifier.found(raw).sql
    assert sql[0] == sql[-1] == '"'
    assert '"' not in sql[1:-1].replace('""', "")
    assert sql[1:-1].replace('""', '"') == raw


@given(st.text(max_size=40))
def test_what_is_parsed_needs_no_quotes(text: str) -> None:
    """A parsed name is upper case and survives being parsed again."""
    try:
        name = Identifier.parse(text)
    except SpecError:
        return
    assert Identifier.parse(name.name) == name
    assert name.sql == f'"{text.upper()}"'


def test_a_qualified_name_leaves_out_what_is_not_there() -> None:
    """A database alone is a qualified name too."""
    assert Qualified.of("a", "b", "c").sql == '"A"."B"."C"'
    assert Qualified.of("a").sql == '"A"'


def test_deployment_ids_sort_by_time_and_are_the_same_for_the_same_run() -> None:
    """A retried task makes the same id again; a later run a later one."""
    first = deployment_id(AT, "run-1")
    assert first == deployment_id(AT, "run-1")
    assert first != deployment_id(AT, "run-2")
    assert first < deployment_id(AT.replace(second=2), "run-1")
    assert first.startswith("d20261120t224901-")
    assert parse_deployment_id(first) == AT


@pytest.mark.parametrize("text", ["", "d20261120", "d20261320t224901-1a2b3c", "prod", "d20261120t224901-1A2B3C"])
def test_what_is_not_a_deployment_id_is_refused(text: str) -> None:
    """A wrong id is refused with a right one as the example."""
    with pytest.raises(SpecError, match="not a deployment id"):
        parse_deployment_id(text)


def test_names_beside_live_tell_what_they_are() -> None:
    """A candidate and a retained database carry their deployment in the name."""
    live = Identifier("OLIST_PROD")
    assert candidate_name(live, "d20261120t224901-1a2b3c").name == "OLIST_PROD__C_20261120T224901_1A2B3C"
    assert retained_name(live, "d20261120t224901-1a2b3c").name == "OLIST_PROD__R_20261120T224901_1A2B3C"
    with pytest.raises(SpecError, match="leaves no room"):
        candidate_name(Identifier("A" * 250), "d20261120t224901-1a2b3c")


@given(st.text(max_size=20), st.none() | st.text(max_size=20), st.none() | st.text(max_size=20))
def test_a_marker_is_read_back_as_it_was_written(environment: str, deployment: str | None, release: str | None) -> None:
    """Whatever a marker says survives the comment."""
    marker = Marker(environment, deployment, release)
    assert Marker.parse(marker.comment) == marker


@pytest.mark.parametrize("comment", [None, "", "mine", "{}", "[]", '{"sluice": 2, "environment": "x"}', '{"sluice":1}'])
def test_a_comment_that_is_not_ours_is_no_marker(comment: str | None) -> None:
    """What does not say that it is ours, is not."""
    assert Marker.parse(comment) is None
