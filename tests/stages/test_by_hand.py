"""`sluice dbt dev …`: whatever the project's macros, a developer's build lands in schemas of their own, or nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from shop import Shop, write

from sluice.dbt.project import SCHEMA_OVERRIDE
from sluice.dbt.terminal import at_the_terminal
from sluice.errors import RefusedError, SluiceError, SpecError
from sluice.operations.refresh.dbt_builds import by_hand
from sluice.snowflake.statements import Statement

FILES = {
    "dbt_project.yml": "name: till\nprofile: till\nmodels: {till: {+materialized: table}}\n",
    "models/sales.sql": "select 2 as id, '{{ var('region', 'none') }}' as region",
    "models/marts/totals.sql": "{{ config(schema='marts') }} select count(*) as sales from {{ ref('sales') }}",
    "models/schema.yml": "models: [{name: sales, columns: [{name: id, data_tests: [not_null]}]}]\n",
    "seeds/rates.csv": "id,rate\n1,2\n",
    "snapshots/kept.yml": "snapshots:\n  - name: kept\n    relation: ref('sales')\n"
    "    config: {unique_key: id, strategy: check, check_cols: all}\n",
    "macros/ops.sql": "{% macro nothing() %}{% do run_query('select 1') %}{% endmacro %}",
}
SHARED = """
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or 'analytics') | trim }}
{%- endmacro %}
"""
"""A macro as many projects have it: schemas are named as the models say, whoever builds."""


@dataclass
class Desk:
    """A developer's place: the shop's dev with schemas for each, and a project of their own."""

    shop: Shop
    project: Path
    developer: str = "ann"
    warned: list[str] = field(default_factory=list)

    def dbt(self, *words: str) -> int:
        """Type a command."""
        call, own = by_hand(self.shop.work, "dev", self.developer)
        return at_the_terminal(call, words, own, self.warned.append)

    def tables(self) -> set[str]:
        """What there is in dev, in this project's and its developer's schemas."""
        with self.shop.work.session("dev", database=self.shop.work.spec("dev").database.name) as session:
            rows = session.run(Statement("select table_schema, table_name from information_schema.tables"))
        names = {f"{row['table_schema']}.{row['table_name']}" for row in rows}
        return {name for name in names if name.split(".")[1] in {"SALES", "TOTALS", "RATES", "KEPT"}}

    def value(self, sql: str) -> object:
        """The one value that the environment's role reads."""
        with self.shop.work.session("dev", database=self.shop.work.spec("dev").database.name) as session:
            return next(iter(session.one(Statement(sql)).values()))


@pytest.fixture
def desk(shop: Shop, tmp_path: Path) -> Desk:
    """Ann's place; what tests before have built is gone."""
    dev = shop.work.spec("dev")
    own = dev.model_copy(update={"dbt": dev.dbt.model_copy(update={"schema_per_user": True})})
    project = write(tmp_path / "till", FILES)
    work = replace(shop.work, environments={**shop.work.environments, "dev": own}, project=project)
    shop.do(*(f"drop schema if exists {name}" for name in SCHEMAS), environment="dev")
    return Desk(replace(shop, work=work, project=project), project)


SCHEMAS = (
    "ann_analytics",
    "ann_analytics_marts",
    "ann_marts",
    "marts",
    "marts_analytics",
    "team",
    "ann_frozen",
    "frozen",
)


def test_without_a_macro_all_lies_in_schemas_of_ones_own(desk: Desk) -> None:
    """As dbt itself names schemas, the developer's is in front; what all share is as it was, variables are merged."""
    before = desk.tables()
    assert desk.dbt("build", "--vars", "{region: north}") == 0
    assert desk.tables() - before == {
        "ANN_ANALYTICS.SALES",
        "ANN_ANALYTICS.RATES",
        "ANN_ANALYTICS.KEPT",
        "ANN_ANALYTICS_MARTS.TOTALS",
    }
    assert desk.value("select region from ann_analytics.sales") == "north"
    assert desk.warned == []


def test_a_macro_that_knows_the_developer_is_as_good(desk: Desk) -> None:
    """The macro that the refusal shows puts the name in front of the model's own schema."""
    write(desk.project, {"macros/generate_schema_name.sql": SCHEMA_OVERRIDE})
    before = desk.tables()
    assert desk.dbt("run") == 0
    assert desk.tables() - before == {"ANN_ANALYTICS.SALES", "ANN_MARTS.TOTALS"}


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("build",),
        ("seed",),
        ("snapshot",),
        ("test", "--store-failures"),
        ("clone", "--state", "state"),
        ("build", "--select", "sales+", "--exclude", "kept"),
        ("--no-use-colors", "run", "--sqlparse", "{MAX_GROUPING_DEPTH: null}", "--full-refresh"),
    ],
    ids=" ".join,
)
def test_a_macro_that_does_not_know_the_developer_is_refused(desk: Desk, words: tuple[str, ...]) -> None:
    """Whatever the command, what would be built in shared schemas is named, with the cure, and nothing is built."""
    write(desk.project, {"macros/names.sql": SHARED})
    before = desk.tables()
    with pytest.raises(RefusedError, match=r"outside of schemas ANN_… of SHOP_DEV") as refused:
        desk.dbt(*words)
    assert "SHOP_DEV." in str(refused.value)
    assert SCHEMA_OVERRIDE.rstrip() in str(refused.value)
    assert desk.tables() == before


def test_retry_repeats_only_what_may_be_built(desk: Desk) -> None:
    """What failed is built again, with the variables of then; not in shared schemas, where macros changed since."""
    write(desk.project, {"models/sales.sql": "select 1/{{ var('by', 1) }} as id, '{{ var('region', '') }}' as region"})
    assert desk.dbt("run", "--select", "sales", "--vars", "{by: 0, region: east}") == 1
    write(desk.project, {"models/sales.sql": "select 1 as id, '{{ var('region', '') }}' as region"})
    assert desk.dbt("retry") == 0
    assert desk.value("select region from ann_analytics.sales") == "east"
    write(desk.project, {"models/sales.sql": "select 1/0 as id"})
    assert desk.dbt("run", "--select", "sales") == 1
    write(desk.project, {"macros/names.sql": SHARED})
    with pytest.raises(RefusedError, match="dbt retry would build outside"):
        desk.dbt("retry")


def test_only_what_is_chosen_counts(desk: Desk) -> None:
    """A model that would lie in a shared schema stops no command that does not build it."""
    write(desk.project, {"macros/names.sql": SHARED.replace("'analytics'", "target.schema")})
    assert desk.dbt("run", "--select", "sales") == 0
    assert desk.dbt("compile") == 0
    with pytest.raises(RefusedError, match=r"model\.till\.totals"):
        desk.dbt("run")


def test_a_name_that_a_shared_schema_begins_with_is_refused(desk: Desk) -> None:
    """A developer called like the team's own prefix would build in the team's schema: that is seen, and said."""
    write(desk.project, {"macros/names.sql": SHARED.replace("'analytics'", "'ann_frozen'")})
    with pytest.raises(RefusedError, match="outside of schemas ANN_") as refused:
        desk.dbt("run", "--select", "sales")
    assert "--developer" in str(refused.value)
    assert "ANN_FROZEN.SALES" not in desk.tables()


@pytest.mark.parametrize(
    ("files", "cure"),
    [
        ({"models/sales.sql": "{{ config(database='shop_prod') }} select 1 as id"}, "no `database:`"),
        (
            {
                "snapshots/old.sql": "{% snapshot kept2 %}{{ config(target_schema='team', unique_key='id', "
                "strategy='check', check_cols='all') }} select * from {{ ref('sales') }}{% endsnapshot %}"
            },
            "`schema:` in place of a snapshot's `target_schema:`",
        ),
    ],
)
def test_settings_of_a_node_are_seen_as_well(desk: Desk, files: Mapping[str, str], cure: str) -> None:
    """A model of another database and a snapshot of a fixed schema are refused, each with its own cure."""
    write(desk.project, files)
    with pytest.raises(RefusedError) as refused:
        desk.dbt("build")
    assert cure in str(refused.value)


def test_what_cannot_be_seen_beforehand_is_said(desk: Desk) -> None:
    """An operation, hooks and materializations of the project's own may write anywhere: they run, with a warning."""
    assert desk.dbt("run-operation", "nothing") == 0
    assert "sluice cannot see where its statements write" in desk.warned[-1]
    with (desk.project / "dbt_project.yml").open("a") as project:
        project.write("on-run-end: ['select 1']\n")
    write(desk.project, {"models/sales.sql": "{{ config(post_hook='select 1') }} select 1 as id"})
    assert desk.dbt("run", "--select", "sales") == 0
    assert "till-on-run-end-0" in desk.warned[-1]
    assert "hooks of model.till.sales" in desk.warned[-1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--target", "prod"), "sluice says --target itself"),
        (("-t", "prod", "run"), "sluice says --target itself"),
        (("build", "--profiles-dir", "here"), "sluice says --profiles-dir itself"),
        (("run", "--vars", "{a: "), "variables are a mapping"),
        (("run", "--vars", "north"), "variables are a mapping"),
        (("ls", "--project-dir=elsewhere"), "sluice says --project-dir itself"),
        (("run", "--vars", "{developer: bob}"), "the variable developer is sluice's"),
    ],
)
def test_what_sluice_says_is_said_by_nobody_else(desk: Desk, words: tuple[str, ...], says: str) -> None:
    """Target, profile, project and whose schemas they are: another value is refused, and how to say it is named."""
    with pytest.raises(SpecError, match=says):
        desk.dbt(*words)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs a command is in a folder of this test's own: what a path without a place names lies there."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("ls", "--bogus"), 2, "No such option '--bogus'"),
        (("bild",), 2, "No such command 'bild'"),
        (("--version",), 0, "installed"),
        (("build", "--help"), 0, "Usage: dbt build"),
        (("deps",), 0, "No packages were found"),
        (("debug",), 0, "All checks passed"),
        (("run-operation", "nobody"), 2, "could not find a macro"),
        (("parse", "--log-path", "elsewhere"), 0, ""),
    ],
)
def test_dbt_speaks_for_itself(
    desk: Desk, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    """Usage errors, help, commands that take no target path: dbt's own words, dbt's own exit code."""
    assert desk.dbt(*words) == code
    printed = capfd.readouterr()
    assert says.lower() in (printed.out + printed.err).lower()


def test_each_developer_has_a_run_of_their_own(desk: Desk) -> None:
    """Artifacts lie apart, so that bob's retry does not repeat what ann did."""
    homes = {by_hand(desk.shop.work, "dev", name)[0].artifacts for name in ("ann", "bob")}
    assert len(homes) == 2


def test_a_name_that_is_no_schemas_name_is_refused(desk: Desk) -> None:
    """A user name with a dot is no prefix: the refusal says a good one."""
    with pytest.raises(SluiceError, match="developer") as refused:
        by_hand(desk.shop.work, "dev", "ann.smith")
    assert "ANN_SMITH" in str(refused.value)


def test_the_manifest_is_ones_own(desk: Desk) -> None:
    """What dbt defers to or compares with later is what this developer has built."""
    assert desk.dbt("parse") == 0
    manifest = json.loads((by_hand(desk.shop.work, "dev", "ann")[0].artifacts / "manifest.json").read_text())
    assert manifest["nodes"]["model.till.sales"]["schema"] == "ANN_ANALYTICS"
