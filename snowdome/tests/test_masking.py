"""A masked column is masked, wherever and however it is read, by who may not see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

HIDE = "case when current_role() = 'KEEPER' then v else '***' end"


@pytest.fixture(scope="module")
def lake(snowdome_module: Any, ask: Any) -> Any:
    """The administrator's session on an account with a masked table, its owner KEEPER and a reader, VISITOR."""
    admin = snowdome_module.connect()
    ask(
        admin,
        "create warehouse w",
        "create database lake",
        "create role keeper",
        "create role visitor",
        *(f"grant role {role} to user admin" for role in ("keeper", "visitor")),
        *(f"grant usage on warehouse w to role {role}" for role in ("keeper", "visitor")),
        *(f"grant all on database lake to role {role}" for role in ("keeper", "visitor")),
        *(f"grant all on schema lake.public to role {role}" for role in ("keeper", "visitor")),
    )
    return admin


@pytest.fixture
def shore(snowdome_module: Any, lake: Any, ask: Any) -> Iterator[Any]:
    """A session as KEEPER in a schema of its own that holds a table FISH whose NAME is masked for others."""
    session = snowdome_module.connect(warehouse="W", database="LAKE", role="KEEPER")
    ask(
        session,
        "use secondary roles none",
        "create schema shore",
        "grant all on schema shore to role visitor",
        "create table fish (id int, name varchar(20), kind varchar, weight number(10, 2))",
        "insert into fish values (1, 'ann', 'public', 1.5), (2, 'bob', 'private', 2.5)",
        f"create masking policy hide as (v string) returns string -> {HIDE}",
        "alter table fish modify column name set masking policy hide",
        "grant select, update on all tables in schema shore to role visitor",
    )
    yield session
    ask(session, "use role keeper", "drop schema shore", "use role accountadmin", "use schema lake.public")


def names(ask: Any, session: Any, source: str, role: str = "visitor") -> list[Any]:
    """The names as the role reads them."""
    ask(session, f"use role {role}")
    return [row["NAME"] for row in ask(session, f"select name from {source} order by 1")]


def test_a_column_is_masked_for_a_role(shore: Any, ask: Any) -> None:
    """The owner who may see reads the names, another role reads the mask, and other columns are untouched."""
    assert names(ask, shore, "fish", "keeper") == ["ann", "bob"]
    assert names(ask, shore, "fish") == ["***", "***"]
    assert ask(shore, "select id, kind, weight from fish order by id")[0]["KIND"] == "public"
    assert [row["N"] for row in ask(shore, "select f.name || '!' as n from lake.shore.fish as f")] == ["***!", "***!"]


def test_conditions_joins_and_groups_see_the_mask(shore: Any, ask: Any) -> None:
    """Nobody finds a hidden value by asking for it in WHERE, a join, GROUP BY or ORDER BY."""
    ask(shore, "use role visitor")
    assert ask(shore, "select id from fish where name = 'ann'") == []
    assert ask(shore, "select name, count(*) as n from fish group by name") == [{"NAME": "***", "N": 2}]
    joined = "select count(*) as n from fish a join fish b on a.name = b.name"
    assert ask(shore, joined) == [{"N": 4}]
    assert ask(shore, "with f as (select * from fish) select max(name) as m from f") == [{"M": "***"}]
    assert ask(shore, "select count(*) as n from (fish a join fish b on a.name = b.name)") == [{"N": 4}]
    assert ask(shore, "select * from fish pivot (max(id) for name in ('ann', '***'))")[0]["'ann'"] is None


def test_other_ways_to_read_are_masked(shore: Any, ask: Any) -> None:
    """Time Travel, a stage that is written, INSERT ALL, UPDATE … FROM and MERGE read the mask."""
    ask(shore, "use role visitor", "create temporary table seen (name varchar)")
    past = "select distinct name from fish before (timestamp => current_timestamp())"
    assert ask(shore, past) == [{"NAME": "***"}]
    ask(shore, "insert all into seen (name) values (name) select name from fish")
    ask(shore, "merge into seen using fish on seen.name = fish.name when not matched then insert values (fish.name)")
    ask(shore, "update seen set name = fish.name from fish where fish.id = 1")
    assert {row["NAME"] for row in ask(shore, "select name from seen")} == {"***"}
    ask(shore, "copy into @~/masked from fish overwrite = true")
    assert {row["N"] for row in ask(shore, "select $2 as n from @~/masked")} == {"***"}


@pytest.mark.parametrize(
    "text",
    [
        "create view v as select id, name from fish",
        "create view v as select id, name from lake.shore.fish",
        "create secure view v (id, name) as select id, name from fish",
        "create view v as select id, current_date() as d, name from fish",
    ],
)
def test_a_view_masks_for_who_reads_it(shore: Any, ask: Any, text: str) -> None:
    """A view with its owner's rights does not lift the mask: the reader's role counts, at each reading."""
    ask(shore, "use role keeper", text, "grant select on view v to role visitor")
    assert names(ask, shore, "v") == ["***", "***"]
    assert names(ask, shore, "v x", "keeper") == ["ann", "bob"]
    ask(shore, "create view over as select name from v", "grant select on view over to role visitor")
    assert names(ask, shore, "over") == ["***", "***"]


def test_a_mask_set_later_reaches_a_view_that_was_read_before(shore: Any, ask: Any) -> None:
    """Setting, changing and taking off a mask is seen at once through a view."""
    ask(shore, "use role keeper", "alter table fish modify column name unset masking policy")
    ask(shore, "create view v as select name from fish", "grant select on view v to role visitor")
    assert names(ask, shore, "v") == ["ann", "bob"]
    ask(shore, "use role keeper", "alter table fish modify column name set masking policy hide")
    assert names(ask, shore, "v") == ["***", "***"]
    ask(shore, "use role keeper", "alter masking policy hide set body -> left(v, 1)")
    assert names(ask, shore, "v") == ["a", "b"]
    ask(shore, "use role keeper", "alter table fish modify column name unset masking policy")
    assert names(ask, shore, "v") == ["ann", "bob"]


def test_a_view_can_have_a_mask_of_its_own(shore: Any, ask: Any) -> None:
    """The table's mask comes first, the view's on top of it (user-guide/security-column-intro, nested objects)."""
    ask(
        shore,
        "use role keeper",
        "create masking policy outer_mask as (v string) returns string -> v || '?'",
        "create view v (name masking policy outer_mask) as select name from fish",
        "grant select on view v to role visitor",
    )
    assert names(ask, shore, "v") == ["***?", "***?"]
    assert names(ask, shore, "v", "keeper") == ["ann?", "bob?"]
    ask(shore, "alter view v modify column name unset masking policy")
    assert names(ask, shore, "v") == ["***", "***"]


def test_what_a_reader_copies_is_masked(shore: Any, ask: Any) -> None:
    """CREATE TABLE AS and INSERT … SELECT write what the role reads, and the copy has no policy."""
    ask(shore, "use role visitor", "create table copied as select * from fish")
    ask(shore, "insert into copied select * from fish")
    ask(shore, "grant select on table copied to role keeper")
    assert names(ask, shore, "copied", "keeper") == ["***"] * 4


def test_clones_stay_masked(shore: Any, ask: Any) -> None:
    """A cloned table keeps the policy; in a cloned schema it is the cloned policy that counts."""
    ask(shore, "use role keeper", "create table twin clone fish", "grant select on table twin to role visitor")
    assert names(ask, shore, "twin") == ["***", "***"]
    ask(shore, "use role keeper", "create schema lake.shore2 clone lake.shore")
    ask(shore, "grant usage on schema lake.shore2 to role visitor")
    ask(shore, "alter masking policy lake.shore2.hide set body -> 'second'")
    assert names(ask, shore, "lake.shore2.fish") == ["second", "second"]
    assert names(ask, shore, "lake.shore.fish") == ["***", "***"]
    ask(shore, "use role keeper", "drop schema lake.shore2", "use schema lake.shore")


def test_a_table_like_it_is_masked(shore: Any, ask: Any) -> None:
    """CREATE TABLE … LIKE takes the policy along."""
    ask(shore, "use role keeper", "create table alike like fish", "insert into alike select * from fish")
    ask(shore, "grant select on table alike to role visitor")
    assert names(ask, shore, "alike") == ["***", "***"]


def test_other_columns_decide(shore: Any, ask: Any) -> None:
    """A conditional policy sees the row's other columns."""
    ask(
        shore,
        "use role keeper",
        "create masking policy by_kind as (v string, k string) returns string -> iff(k = 'public', v, null)",
        "alter table fish modify column name set masking policy by_kind using (name, kind) force",
    )
    assert names(ask, shore, "fish") == ["ann", None]


def test_a_policy_reads_a_table_of_who_may_what(shore: Any, ask: Any) -> None:
    """A policy with a query reads with its owner's rights, and its arguments are found inside the query."""
    ask(
        shore,
        "use role keeper",
        "create table may (role varchar, who varchar)",
        "insert into may values ('VISITOR', 'bob')",
        "create masking policy listed as (v string) returns string -> case when exists "
        "(select 1 from may where role = current_role() and who = v) then v else '-' end",
        "alter table fish modify column name set masking policy listed force",
    )
    assert names(ask, shore, "fish") == ["-", "bob"]
    assert names(ask, shore, "fish", "keeper") == ["-", "-"]


def test_tags_bring_masks(shore: Any, ask: Any, lake: Any) -> None:
    """Columns that bear a tag are masked by its policy of their type; a policy of the column's own comes first."""
    ask(
        shore,
        "use role keeper",
        "create tag pii",
        "create masking policy no_number as (n number) returns number -> 0",
        "create masking policy tagged as (v string) returns string -> "
        "system$get_tag_on_current_column('lake.shore.pii')",
    )
    ask(
        lake,
        "alter tag lake.shore.pii set masking policy lake.shore.no_number, masking policy lake.shore.tagged",
        "alter table lake.shore.fish set tag lake.shore.pii = 'deep'",
    )
    ask(shore, "use role visitor")
    first = {"ID": 0, "NAME": "***", "KIND": "deep", "WEIGHT": 0}
    assert ask(shore, "select * from fish limit 1") == [first]
    ask(shore, "use role keeper")
    with pytest.raises(ProgrammingError, match="masking policy is set"):
        ask(shore, "drop tag lake.shore.pii")
    asked = (
        "select ref_column_name, tag_name from table(lake.information_schema.policy_references("
        "policy_name => 'lake.shore.tagged')) where ref_column_name is not null"
    )
    assert ask(lake, asked) == [{"REF_COLUMN_NAME": "KIND", "TAG_NAME": "PII"}]
    ask(lake, "alter tag lake.shore.pii unset masking policy lake.shore.no_number, masking policy lake.shore.tagged")
    assert ask(shore, "select id, kind from fish order by id limit 1") == [{"ID": 1, "KIND": "public"}]


def test_a_change_that_reads_a_masked_column_of_its_target_is_refused(shore: Any, ask: Any, refused: Any) -> None:
    """It is refused by name instead of changing rows by their hidden values; writing the column is fine."""
    ask(shore, "use role visitor")
    assert refused(shore, "update fish set kind = 'x' where name = 'ann'") == 2
    ask(shore, "update fish set name = 'cid' where id = 1")
    assert names(ask, shore, "fish", "keeper") == ["bob", "cid"]


def test_who_may_set_a_mask(shore: Any, ask: Any, refused: Any, lake: Any) -> None:
    """It takes APPLY on the policy and owning the table, or APPLY MASKING POLICY; the owner alone has no say."""
    ask(lake, "grant ownership on table lake.shore.fish to role visitor copy current grants")
    ask(shore, "use role visitor")
    unset = "alter table fish modify column name unset masking policy"
    assert refused(shore, unset) in (2003, 3001)
    ask(lake, "grant apply on masking policy lake.shore.hide to role visitor")
    ask(shore, unset)
    ask(lake, "grant ownership on table lake.shore.fish to role keeper copy current grants")
    assert refused(shore, "alter table fish modify column name set masking policy hide") == 3001
    ask(lake, "grant apply masking policy on account to role visitor")
    ask(shore, "alter table fish modify column name set masking policy hide")
    ask(lake, "revoke apply masking policy on account from role visitor")


def test_a_renamed_column_stays_masked_and_a_dropped_one_takes_its_mask_along(shore: Any, ask: Any) -> None:
    """The mask hangs on the column, whatever it is called."""
    ask(shore, "use role keeper", "alter table fish rename column name to called")
    ask(shore, "use role visitor")
    assert {row["CALLED"] for row in ask(shore, "select called from fish")} == {"***"}
    ask(shore, "use role keeper", "alter table fish drop column called", "drop masking policy hide")
    ask(shore, "alter table fish add column name varchar default 'new'")
    assert names(ask, shore, "fish") == ["new", "new"]


def test_get_ddl_tells_of_masks(shore: Any, ask: Any) -> None:
    """GET_DDL of a policy makes it again, and that of a table names the policies of its columns."""
    ask(shore, "use role keeper")
    for kind, name in (("policy", "hide"), ("table", "fish")):
        text = ask(shore, f"select get_ddl('{kind}', '{name}') as t")[0]["T"]
        assert "masking policy" in text.lower()
        ask(shore, text.replace("policy HIDE", "policy HIDE2") if kind == "policy" else text)
        assert ask(shore, f"select get_ddl('{kind}', '{name}') as t")[0]["T"] == text
    assert [row["name"] for row in ask(shore, "show masking policies in schema shore")] == ["HIDE", "HIDE2"]
    ask(shore, "create session policy short session_idle_timeout_mins = 9 blocked_secondary_roles = (visitor)")
    text = ask(shore, "select get_ddl('POLICY', 'short') as t")[0]["T"]
    ask(shore, text)
    assert ask(shore, "select get_ddl('POLICY', 'lake.shore.short') as t")[0]["T"] == text


def test_temporary_tables_are_masked(shore: Any, ask: Any) -> None:
    """Also a session's own table hides what its policy says."""
    ask(shore, "use role keeper", "create temporary table mine (name varchar masking policy hide)")
    ask(shore, "insert into mine values ('me')")
    assert names(ask, shore, "mine", "keeper") == ["me"]
    ask(shore, "alter masking policy hide set body -> '#'")
    assert names(ask, shore, "mine", "keeper") == ["#"]


def test_masks_survive_a_kill(snowdome_on_disk: Any, ask: Any) -> None:
    """After kill -9 the column is masked as before."""
    admin = snowdome_on_disk.connect()
    ask(
        admin,
        "create warehouse w",
        "create database lake",
        "create table t (a varchar)",
        "insert into t values ('x')",
        "create masking policy hide as (v string) returns string -> '*'",
        "alter table t modify column a set masking policy hide",
        "create network rule home type = ipv4 value_list = ('127.0.0.1')",
        "create network policy gate allowed_network_rule_list = (home)",
        "alter account set network_policy = gate",
    )
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    again = snowdome_on_disk.connect(warehouse="W", database="LAKE")
    assert ask(again, "select a from t") == [{"A": "*"}]
    assert ask(again, "show parameters like 'network_policy' in account")[0]["value"] == "GATE"
