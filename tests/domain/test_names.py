"""Names are checked where they enter, quoted where they leave, and read back as they were made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.names import (
    LONGEST_DATABASE,
    WRITTEN_NAME,
    Identifier,
    Marker,
    Qualified,
    as_account_has,
    candidate_name,
    deployment_id,
    dotted,
    parse_deployment_id,
    retained_name,
    undotted,
)
from sluice.errors import SpecError
from sluice.snowflake import row_parsing
from sluice.snowflake.statements import Statement

AT = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        ("olist_dev", "OLIST_DEV", "OLIST_DEV"),
        ("OLIST$1", "OLIST$1", "OLIST$1"),
        ("TRANSFORM-WH-DEV", "TRANSFORM-WH-DEV", '"TRANSFORM-WH-DEV"'),
        ("svc-dbt-dev", "svc-dbt-dev", '"svc-dbt-dev"'),
        ("1A", "1A", '"1A"'),
        ("Order Lines", "Order Lines", '"Order Lines"'),
        ("JOHN.DOE@SHOP.COM", "JOHN.DOE@SHOP.COM", '"JOHN.DOE@SHOP.COM"'),
        ("Größe", "Größe", '"Größe"'),
        ("A;DROP TABLE T --", "A;DROP TABLE T --", '"A;DROP TABLE T --"'),
        ('"olist"', "olist", '"olist"'),
        ('"OLIST"', "OLIST", "OLIST"),
        ('" a "', " a ", '" a "'),
        ('"say ""hi"""', 'say "hi"', '"say ""hi"""'),
    ],
)
def test_a_name_is_what_snowflake_makes_of_it(text: str, name: str, written: str) -> None:
    """Plain: in capitals; with anything that needs quotes: as written; in double quotes: exactly what is in them."""
    parsed = Identifier.parse(text)
    assert parsed.name == name
    assert parsed.written == written
    assert parsed.needs_quotes == (written != name)
    assert Identifier.parse(parsed.written) == parsed


@pytest.mark.parametrize(
    "text", ["", '""', 'A"B', '"A"B"', '"', " A", "A\n", "A\tB", "A\u200bB", "a-" * 128, "A" * 256]
)
def test_what_cannot_be_a_name_is_refused_with_one_that_can(text: str) -> None:
    """Nothing, a lone quote, what cannot be seen, and more than 255 characters; the good example is really good."""
    with pytest.raises(SpecError) as refused:
        Identifier.parse(text, "database.name")
    assert refused.value.where == "database.name"
    assert Identifier.parse(str(refused.value.good))


@pytest.mark.parametrize("text", ["ann-lee", "1a", "", '"ann"', "ann lee", "A" * 256])
def test_where_others_write_the_sql_a_name_needs_no_quotes(text: str) -> None:
    """A developer's prefix goes into names that dbt does not quote."""
    with pytest.raises(SpecError):
        Identifier.unquoted(text)
    assert Identifier.unquoted("ann_lee").name == "ANN_LEE"


@given(st.text(max_size=300))
def test_whatever_is_found_is_quoted_safely(raw: str) -> None:
    """Outside of its doubled quotes, a quoted name holds nothing that could end it."""
    sql = Identifier.from_account(raw).sql
    assert sql[0] == sql[-1] == '"'
    assert '"' not in sql[1:-1].replace('""', "")
    assert sql[1:-1].replace('""', '"') == raw


@given(st.text(max_size=40) | st.text(alphabet='aB_1.- "$', max_size=12))
def test_what_is_parsed_is_written_and_read_as_the_same(text: str) -> None:
    """Every name, however it came, survives being written into a file, a log-in or the journal."""
    try:
        name = Identifier.parse(text)
    except SpecError:
        return
    assert Identifier.parse(name.written) == name
    assert Identifier.parse(name.sql) == name
    assert name.needs_quotes or name.written == name.name


@given(st.text(max_size=40) | st.text(alphabet='aB_1.- "$\n', max_size=12))
def test_a_form_takes_every_name(text: str) -> None:
    """What is a name passes the form's pattern, so that only what is none is stopped there."""
    try:
        name = Identifier.parse(text)
    except SpecError:
        return
    assert WRITTEN_NAME.fullmatch(text)
    assert WRITTEN_NAME.fullmatch(name.written)


@pytest.mark.parametrize("text", ["", " a", "a ", 'a"; drop', '"a', "a\n"])
def test_a_form_stops_what_is_no_name(text: str) -> None:
    """Blanks around it, and a lone quote."""
    assert not WRITTEN_NAME.fullmatch(text)


@given(st.lists(st.text(alphabet='aB_1.- "$(<', min_size=1, max_size=8), min_size=1, max_size=3))
def test_dotted_names_come_apart_as_they_were_put_together(parts: list[str]) -> None:
    """Whatever dots and quotes the parts hold."""
    names = tuple(Identifier.from_account(part) for part in parts)
    assert undotted(dotted(*parts)) == names
    assert as_account_has(".".join(name.sql for name in names)) == names
    assert Qualified.parse(Qualified(*names).sql) == Qualified(*names)
    assert row_parsing.qualified(Qualified(*names).sql) == Qualified(*names)


def test_a_dotted_name_in_sql_is_spelt_as_the_account_has_it() -> None:
    """Unquoted parts in capitals, quoted ones as they are."""
    assert dotted(*as_account_has('"my-db".analytics."Order.Lines"')) == 'my-db.ANALYTICS."Order.Lines"'


@pytest.mark.parametrize(
    ("shown", "parts"),
    [
        ("OLIST_DEV.<SCHEMA>", ("OLIST_DEV",)),
        ('"my-db".MARTS."F(X VARCHAR):NUMBER"', ("my-db", "MARTS", "F(X VARCHAR):NUMBER")),
        ("DB.MARTS.F(NUMBER, VARCHAR):NUMBER(38,0)", ("DB", "MARTS", "F")),
        ('"a (b)".S.T', ("a (b)", "S", "T")),
        ("svc-wh", ("svc-wh",)),
    ],
)
def test_names_of_show_grants_are_read(shown: str, parts: tuple[str, ...]) -> None:
    """Quoted parts, arguments, and the kind of a future grant."""
    assert tuple(part.name for part in row_parsing.qualified(shown).parts) == parts


@pytest.mark.parametrize(("shown", "name"), [("SLUICE_DEV", "SLUICE_DEV"), ("svc-dev", "svc-dev"), ('"a ""b"', 'a "b')])
def test_who_holds_a_grant_is_read_with_and_without_quotes(shown: str, name: str) -> None:
    """Accounts have shown both."""
    assert row_parsing.named({"grantee_name": shown}, "grantee_name").name == name


def test_a_percent_sign_in_a_name_is_no_place_for_a_value() -> None:
    """The connector puts values in with Python's `%`."""
    statement = Statement(f"ALTER DATABASE {Identifier('50%s off').sql} SET COMMENT = %s", ("x",))
    assert statement.template % ("'x'",) == "ALTER DATABASE \"50%s off\" SET COMMENT = 'x'"
    assert Statement('DROP DATABASE "50%s"').template == 'DROP DATABASE "50%s"'


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
    longest = Identifier("a" * LONGEST_DATABASE)
    assert len(candidate_name(longest, "d20261120t224901-1a2b3c").name) <= 255
    assert candidate_name(Identifier("olist-prod"), "d20261120t224901-1a2b3c").sql.startswith('"olist-prod__C_2026')


@given(st.text(max_size=20), st.none() | st.text(max_size=20), st.none() | st.text(max_size=20))
def test_a_marker_is_read_back_as_it_was_written(environment: str, deployment: str | None, release: str | None) -> None:
    """Whatever a marker says survives the comment."""
    marker = Marker(environment, deployment, release)
    assert Marker.parse(marker.comment) == marker


@pytest.mark.parametrize("comment", [None, "", "mine", "{}", "[]", '{"sluice": 2, "environment": "x"}', '{"sluice":1}'])
def test_a_comment_that_is_not_ours_is_no_marker(comment: str | None) -> None:
    """What does not say that it is ours, is not."""
    assert Marker.parse(comment) is None
