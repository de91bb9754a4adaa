"""Airflow DAG: the Olist sample data in the raw database, whole or a day more; outside every promoted database."""

from typing import Any

from airflow.sdk import task

from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import flow, specs

ALL, DAY = "everything", "one more day"
SCALE = 0.1

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
        "what": forms.choice("What", "All of it anew, or a day after the last.", [ALL, DAY], default=ALL),
        "scale": forms.fraction("Scale", f"For {ALL}: 1 is 99,441 orders. Empty: {SCALE}.", default=SCALE, least=0.001),
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
        from sluice.airflow.operators.arguments import Arguments
        from sluice.snowflake.connect import connect

        form, found = Arguments(context["params"]), list(specs().values())
        settings = replace(snowflake_settings(found[0].admin_connection), warehouse=found[0].warehouse.name.written)
        with connect(settings, query_tag={"pipeline": "olist_raw"}) as session:
            if form.text("what") == DAY:
                return dict(append_day(session).rows)
            chosen = Path(folder) if (folder := os.environ.get("OLIST_DIR")) else None
            return dict(load(session, scale=float(form.number("scale") or SCALE), folder=chosen).rows)

    load_olist()
