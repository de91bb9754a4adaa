"""A sweep of ten thousand environments: look-ups and seconds, against one of a hundred."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.shops import Shop, shop
from sluice.domain.cleanup.cleanup_policy import load_cleanup
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent
from sluice.domain.ephemeral.templates import Request, load_templates, specify
from sluice.domain.journal.control_schema import journal_table
from sluice.domain.journal.events import Kind as Happened
from sluice.domain.names import Marker
from sluice.domain.specs.blocks import Kind
from sluice.operations.cleanup.sweep import plan_sweep
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement

AT_ONCE = 200
INCLUDE = Path(__file__).resolve().parents[1] / "include"


def measure(*, quick: bool) -> list[Figure]:
    """Plan a sweep of both estates on one account each, statements counted by the account."""
    figures: list[Figure] = []
    before: dict[str, float] = {}
    for count in (100, 1000) if quick else (100, 10_000):
        with shop() as opened:
            _estate(opened, count)
            policy = load_cleanup(INCLUDE / "policies" / "cleanup.yml")
            _control(opened, "DELETE")
            started = time.perf_counter()
            plan = plan_sweep(opened.work, policy, datetime.now(UTC))
            seconds = time.perf_counter() - started
            sent = len(_control(opened)["statements"])
            assert len(plan.findings) >= count
        facts = (("look-ups", float(sent), "statements", "constant"), ("seconds", seconds, "s", "seconds"))
        for fact, value, unit, bar in facts:
            what = f"a sweep of {count:,} environments: {fact}"
            figures.append(
                Figure(what, value, unit, "100 environments" if fact in before else "", before.get(fact), bar)
            )
            before.setdefault(fact, value)
    return figures


def _estate(opened: Shop, count: int) -> None:
    """As many environments in the journal, each with a database of its own name."""
    template = load_templates(INCLUDE / "environments" / "templates")[Kind.FEATURE]
    own = template.model_copy(update={"connection": "snowflake_dev", "user": opened.work.spec("dev").access.user})
    then = datetime.now(UTC) - timedelta(days=5)
    with opened.work.control() as session:
        rows: list[tuple[str, str, str, str]] = []
        for number in range(count):
            name = EphemeralName.make("dev", f"f{number}", "john", then.date())
            spec = specify(own, Request(name, "john", "data", "x", base=""), opened.work.environments, then)
            made = Statement(f"create database {spec.database.name.sql} comment = %s", (Marker(str(name)).comment,))
            session.run(made)
            ends = (then + timedelta(days=7)).isoformat()
            asked = {"spec": spec.model_dump(mode="json"), "owner": "john", "team": "data", "expires": ends}
            rows.append((f"{number}a", str(name), EphemeralEvent.REQUESTED, json.dumps(asked)))
            rows.append((f"{number}b", str(name), Happened.PROVISIONED, "{}"))
            if len(rows) >= AT_ONCE or number == count - 1:
                append(session, then, rows)
                rows.clear()


def append(session: Session, then: datetime, rows: list[tuple[str, str, str, str]]) -> None:
    """Have these in the journal: id, environment, kind, payload."""
    places = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    text = (
        f"insert into {journal_table(session.control).sql}\n"
        f"select column1, '{then:%Y-%m-%d %H:%M:%S}'::timestamp_ntz, 'john', column2, null, column3,\n"
        f"  parse_json(column4) from values {places}"
    )
    session.run(Statement(text, tuple(value for row in rows for value in row)))


def _control(opened: Shop, method: str = "GET") -> dict[str, Any]:
    """The account's own record of statements, or that it is empty now."""
    request = urllib.request.Request(f"http://127.0.0.1:{opened.port}/snowdome/statements", method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found
