"""dbt-snowflake, unmodified, builds a project again and again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome

DBT_SECONDS = 400
STRATEGIES = ("merge", "append", "delete+insert", "insert_overwrite")
FILES = {
    "dbt_project.yml": """
name: shop
version: "1.0"
profile: shop
models:
  shop:
    +persist_docs: {relation: true, columns: true}
    +query_tag: shop_models
    +grants: {select: [READER]}
data_tests:
  +store_failures: true
on-run-start: ["create table if not exists {{ target.database }}.SRC.RUNS (id varchar)"]
on-run-end: ["insert into {{ target.database }}.SRC.RUNS values ('{{ invocation_id }}')"]
""",
    "seeds/kinds.csv": "kind,label\na,first\nb,\n",
    "models/staged.sql": "select id, kind, amount::number(12,2) as amount from {{ source('src', 'events') }}",
    "models/totals.sql": """
{{ config(materialized='table', copy_grants=true, post_hook="select count(*) from {{ this }}") }}
with staged as (select * from {{ ref('staged') }})
select k.label, sum(amount) as total, count(*) as n
from staged left join {{ ref('kinds') }} as k on k.kind = staged.kind group by k.label
""",
    "models/contracted.sql": """
{{ config(materialized='incremental', unique_key='id', contract={'enforced': true}, on_schema_change='fail') }}
select id, kind, amount from {{ ref('staged') }}
""",
    **{
        f"models/by_{strategy.replace('+', '_')}.sql": f"""
{{{{ config(materialized='incremental', incremental_strategy='{strategy}', unique_key='id') }}}}
select id, kind, amount from {{{{ ref('staged') }}}}
{{% if is_incremental() %}} where id > (select max(id) from {{{{ this }}}}) {{% endif %}}
"""
        for strategy in STRATEGIES
    },
    "snapshots/history.sql": """
{% snapshot history %}
{{ config(target_schema='MAIN', unique_key='id', strategy='check', check_cols='all', hard_deletes='new_record') }}
select * from {{ source('src', 'events') }}
{% endsnapshot %}
""",
    "models/schema.yml": """
version: 2
sources:
  - name: src
    schema: SRC
    tables:
      - {name: events, config: {loaded_at_field: at, freshness: {error_after: {count: 1, period: day}}}}
models:
  - name: staged
    description: "The shop's events"
    columns: [{name: id, description: "the event's key", data_tests: [unique, not_null]}]
  - name: contracted
    columns:
      - {name: id, data_type: number, constraints: [{type: not_null}]}
      - {name: kind, data_type: varchar}
      - {name: amount, data_type: "number(12,2)"}
unit_tests:
  - name: totals_add_up
    model: totals
    given:
      - {input: ref('staged'), rows: [{kind: a, amount: 1}, {kind: a, amount: 2}]}
      - {input: ref('kinds'), rows: [{kind: a, label: one}]}
    expect: {rows: [{label: one, total: 3, n: 2}]}
""",
}
RUNNER = """
import json, sys
from dbt.cli.main import dbtRunner

if __name__ == "__main__":
    for line in sys.stdin:
        done = dbtRunner().invoke(["--quiet", *json.loads(line)])
        print("DONE", done.success, done.exception or "", flush=True)
"""


class Dbt:
    """dbt in a process of its own, asked one command after the other."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        output = {
            "type": "snowflake", "account": "x", "user": "ADMIN", "password": "snowdome", "host": "127.0.0.1",
            "port": port, "protocol": "http", "role": "ACCOUNTADMIN", "database": "SHOP", "warehouse": "WH",
            "schema": "MAIN", "threads": 4,
        }  # fmt: skip
        outputs = {"dev": output, "other": output | {"schema": "CLONED"}}
        (folder / "profiles.yml").write_text(json.dumps({"shop": {"target": "dev", "outputs": outputs}}))
        (folder / "runner.py").write_text(RUNNER)
        self._process = subprocess.Popen(
            [sys.executable, "runner.py"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "0"},
        )

    def __call__(self, *arguments: str) -> None:
        """The command has succeeded."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        said: list[str] = []
        for line in self._process.stdout:
            said.append(line)
            if line.startswith("DONE "):
                assert line.startswith("DONE True"), "".join(said)
                return
        raise AssertionError("".join(said))

    def close(self) -> None:
        """The process has ended."""
        self._process.kill()
        self._process.wait(DBT_SECONDS)


@pytest.fixture
def dbt(snowdome: Snowdome, tmp_path: Path) -> Iterator[Dbt]:
    """A project over a source in an account."""
    cursor = snowdome.connect().cursor()
    for statement in (
        "create warehouse wh",
        "create role reader",
        "create database shop",
        "create schema main",
        "create schema src",
        "create table events (id int, kind varchar, amount float, at timestamp_ntz default current_timestamp())",
        "insert into events (id, kind, amount) values (1, 'a', 1.25), (2, 'b', 2)",
    ):
        cursor.execute(statement)
    runner = Dbt(tmp_path, snowdome.port)
    yield runner
    runner.close()


def test_a_project_is_built_three_times(dbt: Dbt, snowdome: Snowdome) -> None:
    """Incrementals, snapshots, tests, contracts, grants, docs and clones work the first time and the times after."""
    cursor: Any = snowdome.connect(database="shop", schema="main", warehouse="wh").cursor()

    def ask(sql: str) -> list[Any]:
        found: list[Any] = cursor.execute(sql).fetchall()
        return found

    dbt("build")
    cursor.execute("insert into src.events (id, kind, amount) values (3, 'a', 4)")
    cursor.execute("update src.events set amount = 3 where id = 2")
    cursor.execute("delete from src.events where id = 1")
    dbt("build")
    dbt("build")
    assert ask("select id, amount from by_merge order by id") == [(1, 1.25), (2, 2), (3, 4)]
    assert ask("select id, amount from by_append order by id") == [(1, 1.25), (2, 2), (3, 4)]
    assert ask("select id, amount from contracted order by id") == [(1, 1.25), (2, 3), (3, 4)]
    assert ask("select label, total, n from totals order by total") == [(None, 3, 1), ("first", 4, 1)]
    assert ask("select id, count(*) from history group by id order by id") == [(1, 2), (2, 2), (3, 1)]
    assert ask("select count(*) from src.runs") == [(3,)]
    assert ("SELECT", "READER") in [(row[1], row[5]) for row in ask("show grants on view staged")]
    assert ask("describe view staged")[0][9] == "the event's key"
    tables = "select comment from shop.information_schema.tables where table_name = 'STAGED'"
    assert ask(tables) == [("The shop's events",)]
    assert "shop_models" in {entry["query_tag"] for entry in snowdome.statements()}
    dbt("docs", "generate")
    catalog = json.loads((dbt.folder / "target" / "catalog.json").read_text())
    assert catalog["nodes"]["model.shop.totals"]["columns"]["TOTAL"]["type"] == "NUMBER"
    dbt("source", "freshness")
    (dbt.folder / "target").rename(dbt.folder / "state")
    dbt("clone", "--state", "state", "--target", "other")
    assert ask("select count(*) from shop.cloned.by_merge") == [(3,)]
    assert ask("select count(*) from shop.cloned.staged") == [(2,)]
    dbt("build", "--full-refresh")
    assert ask("select id from by_merge order by id") == [(2,), (3,)]
