"""`python -m snowdome.tools.ask_a_real_account`: compares what snowdome assumes of Snowflake with an account.

It needs a connection of snowflake-connector-python (a name in its connections.toml) and a role that may make
databases, warehouses, roles, users and resource monitors: ACCOUNTADMIN, best on a trial account. Everything it makes
begins with its prefix and is removed at the end, also after a failure or ctrl-C; it refuses to start where something
with that prefix is there already. It runs one XSMALL warehouse for some minutes, far less than a credit.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import snowflake.connector
from rich.console import Console
from snowflake.connector.errors import Error

from snowdome.tools.assumptions import EXPERIMENTS, report
from snowdome.tools.assumptions.client import LEAST_PREFIX, Cleanup, Connect, ProbeClient
from snowdome.tools.assumptions.experiment import (
    DIFFERENT,
    SAME,
    UNTRIED,
    Experiment,
    Finding,
    NotTestable,
    Untestable,
)

PREFIX = "SNOWDOME_ASKS"
ALL_SAME, DIFFERS, NOT_STARTED, NOT_CLEAN = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """The account has been asked, and nothing of the asking is left on it; 0 if it is as assumed, 1 if not."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 200)
    wanted = [one for one in EXPERIMENTS if not options.only or one.key in options.only]
    if options.list:
        console.print(*(f"{one.key}: {one.assumes}" for one in wanted), sep="\n", markup=False, soft_wrap=True)
        return ALL_SAME
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        connect = _connector(options)
        cleanup = Cleanup(connect(), options.prefix, options.role)
        left = cleanup.found()
    except Error as problem:
        return _complain(f"cannot connect: {problem.msg}")
    if left and not options.remove_leftovers:
        names = ", ".join(f"{kind.lower()} {name}" for kind, name, _ in left)
        return _complain(
            f"there is something called {options.prefix}…: {names}. If nobody needs it, --remove-leftovers removes it; "
            "else take another --prefix."
        )
    findings: list[Finding] = []
    try:
        cleanup.sweep()
        _ask_all(connect, options, wanted, findings, console)
    except KeyboardInterrupt:
        console.print("interrupted: removing what was made")
    kept = cleanup.sweep()
    report.show(console, findings)
    if options.json:
        Path(options.json).write_text(report.as_json(findings), encoding="utf-8")
    if kept:
        console.print("[bold red]not removed:[/] " + "; ".join(kept))
        return NOT_CLEAN
    return DIFFERS if any(one.outcome == DIFFERENT for one in findings) or len(findings) < len(wanted) else ALL_SAME


def _ask_all(
    connect: Connect,
    options: argparse.Namespace,
    wanted: Iterable[Experiment | NotTestable],
    findings: list[Finding],
    console: Console,
) -> None:
    for one in wanted:
        console.print(f"{one.key} …", highlight=False)
        findings.append(ask(connect, options.prefix, options.role, one))


def ask(connect: Connect, prefix: str, role: str, one: Experiment | NotTestable) -> Finding:
    """What the account answers to one experiment, made on a connection of its own."""
    if isinstance(one, NotTestable):
        return Finding(one.key, one.topic, one.mark, one.assumes, "", one.why, UNTRIED)
    client: ProbeClient | None = None
    try:
        client = ProbeClient(connect, prefix, role, one.key)
        found = one.find(client)
        outcome = SAME if found == one.expected else DIFFERENT
    except (Untestable, Error) as problem:
        found, outcome = str(problem).replace("\n", " "), UNTRIED
    finally:
        if client is not None:
            client.close()
    return Finding(one.key, one.topic, one.mark, one.assumes, one.expected, found, outcome)


def _connector(options: argparse.Namespace) -> Connect:
    settings: dict[str, Any] = {"session_parameters": {"QUERY_TAG": "snowdome.tools.ask_a_real_account"}}
    if options.connection_name:
        settings["connection_name"] = options.connection_name
    if options.connections_file:
        settings["connections_file_path"] = Path(options.connections_file)
    return lambda: snowflake.connector.connect(**settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m snowdome.tools.ask_a_real_account",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--connection-name", help="in connections.toml; else the connector's default connection")
    parser.add_argument("--connections-file", metavar="FILE", help="instead of the connector's own connections.toml")
    parser.add_argument("--role", default="ACCOUNTADMIN", type=str.upper, help="the role that asks")
    parser.add_argument("--prefix", default=PREFIX, type=_prefix, help="of every name that it makes")
    parser.add_argument("--only", action="append", metavar="KEY", choices=[one.key for one in EXPERIMENTS])
    parser.add_argument("--list", action="store_true", help="name the assumptions and ask nothing")
    parser.add_argument("--remove-leftovers", action="store_true", help="remove what bears the prefix, then ask")
    parser.add_argument("--json", metavar="FILE", help="write the findings there as well")
    return parser


def _prefix(text: str) -> str:
    name = text.upper()
    if len(name) < LEAST_PREFIX or not name.replace("_", "").isalnum() or not name[0].isalpha():
        raise argparse.ArgumentTypeError(
            f"{text} is no safe prefix: take at least {LEAST_PREFIX} letters, digits or _, for example {PREFIX}"
        )
    return name


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _complain(message: str) -> int:
    sys.stderr.write(f"ask_a_real_account: {message}\n")
    return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
