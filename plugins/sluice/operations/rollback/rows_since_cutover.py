"""What came into live since it went live: what a rollback takes away again, said in its receipt."""

from __future__ import annotations

from sluice.domain.names import Marker
from sluice.domain.promotion.inventory import arrived, from_json
from sluice.operations.stage import Stage
from sluice.snowflake import journal, observe

ARRIVED = "rollback.arrived"


def note_arrivals(running: Stage, live: Marker | None) -> dict[str, object]:
    """Leave in the journal which rows and relations came into live since its cut-over, and return them."""
    known = None if live is None or live.deployment is None else live.deployment
    lived = journal.lived(running.session, running.deployment.environment, known) if known is not None else None
    if lived is not None:
        came = arrived(from_json(lived.payload.get("inventory")), observe.inventory(running.session, running.live))
        counted = {name: rows for name, rows in came.items() if rows is not None}
        facts: dict[str, object] = {"since": lived.at.isoformat(), "relations": came, "rows": sum(counted.values())}
    else:
        facts = {"since": None, "relations": {}, "rows": None}
    running.note(ARRIVED, facts)
    return facts
