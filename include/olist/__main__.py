"""`python -m include.olist load --scale 0.1` and `… append-day`, against the account in SNOWFLAKE_* variables."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path

from include.olist.load import DATABASE, append_day, load
from sluice.snowflake.connect import ConnectionSettings, connect


def main() -> None:
    """Run one command and print what the raw database holds now."""
    parser = argparse.ArgumentParser(prog="python -m include.olist", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    loading = commands.add_parser("load", help="load the whole dataset; OLIST_DIR holds the published files, if any")
    loading.add_argument("--scale", type=float, default=0.1, help="1 is the published size")
    loading.add_argument("--reader", action="append", default=[], help="a role that may read it; may be repeated")
    adding = commands.add_parser("append-day", help="add the next day, or the one given")
    adding.add_argument("--day", type=date.fromisoformat)
    for command in (loading, adding):
        command.add_argument("--seed", type=int, default=42)
        command.add_argument("--database", default=os.environ.get("OLIST_RAW_DATABASE", DATABASE))
    chosen = parser.parse_args()
    folder = os.environ.get("OLIST_DIR")
    with connect(_settings(), query_tag={"pipeline": "olist_raw"}) as session:
        if chosen.command == "append-day":
            day = append_day(session, day=chosen.day, seed=chosen.seed, database=chosen.database)
            print(f"{day.day} is there after {day.seconds:.1f} s: {sum(day.rows.values()):,} rows new or changed")
            return
        report = load(
            session,
            scale=chosen.scale,
            seed=chosen.seed,
            folder=Path(folder) if folder else None,
            database=chosen.database,
            readers=chosen.reader,
        )
        print(
            f"{chosen.database} holds {sum(report.rows.values()):,} rows after {report.seconds:.1f} s: {report.origin}"
        )


def _settings() -> ConnectionSettings:
    """Read the connection from the environment; nothing secret is on the command line."""
    port, key_file = os.environ.get("SNOWFLAKE_PORT"), os.environ.get("SNOWFLAKE_PRIVATE_KEY_FILE")
    return ConnectionSettings(
        account=os.environ.get("SNOWFLAKE_ACCOUNT", "snowdome"),
        user=os.environ.get("SNOWFLAKE_USER", "ADMIN"),
        password=os.environ.get("SNOWFLAKE_PASSWORD"),
        private_key=Path(key_file).read_bytes() if key_file else None,
        port=int(port) if port else None,
        name="SNOWFLAKE_* variables",
        role=os.environ.get("SNOWFLAKE_ROLE"),
        warehouse=os.environ.get("SNOWFLAKE_WAREHOUSE"),
        host=os.environ.get("SNOWFLAKE_HOST"),
        protocol=os.environ.get("SNOWFLAKE_PROTOCOL"),
    )


if __name__ == "__main__":
    main()
