"""Airflow DAG: the Olist sample data in the raw database, whole or a day more; outside every promoted database."""

from typing import Any

from airflow.sdk import Param, task

from sluice.airflow.flows.parts import flow, specs

with flow(
    "load_olist",
    title="Sample data · Load Olist",
    description="Fills the raw database with the Olist sample data, or adds a day to it",
    doc="""
### Load the Olist sample data

Fills `OLIST_RAW` with data generated at the published shape of the Olist dataset (where `OLIST_DIR` is set: with the
original files), or adds one more day to it.
""",
    params={
        "what": Param("everything", type="string", enum=["everything", "one more day"], title="What"),
        "scale": Param(0.1, type="number", minimum=0.001, maximum=1, title="Scale", description="1: 99,441 orders"),
    },
    tags=["sample data"],
) as dag:

    @task
    def load_olist(**context: Any) -> dict[str, int]:
        """Load as the administrator; provisioning has let every environment's role read what comes."""
        import os
        from dataclasses import replace
        from pathlib import Path

        from include.olist import append_day, load
        from sluice.airflow.connections import snowflake_settings
        from sluice.snowflake.connect import connect

        asked, found = context["params"], list(specs().values())
        settings = replace(snowflake_settings(found[0].admin_connection), warehouse=found[0].warehouse.name.written)
        with connect(settings, query_tag={"pipeline": "olist_raw"}) as session:
            if asked["what"] == "one more day":
                return dict(append_day(session).rows)
            folder = os.environ.get("OLIST_DIR")
            chosen = Path(folder) if folder else None
            return dict(load(session, scale=asked["scale"], folder=chosen).rows)

    load_olist()
