"""What a task leaves in XCom: a summary that stays small however many environments or models there are.

XCom is rows of Airflow's own database. The whole is in the task's log, in the journal or in the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sluice.domain.promotion.deployments import StageReport
from sluice.domain.promotion.evidence import Evidence

LIMIT = 10_000
"""Bytes of JSON that one task leaves."""
MORE = "more"
"""The field that says how many entries each list was cut by."""
_LONGEST = 500
"""Characters of a text in a summary that has to be cut."""
_RESERVE = 400
"""Bytes kept for the field `more`."""
_ENTRIES = 100
"""Entries of a list in a stage's report, before its size is looked at."""


def summary(facts: Mapping[str, object]) -> dict[str, object]:
    """Return these facts as they are, or, where they are over the limit, with as many entries of each list as fit.

    The field `more` then says how many entries each list was cut by.
    """
    if size(facts) <= LIMIT:
        return dict(facts)
    lists = {name: value for name, value in facts.items() if isinstance(value, Mapping | list | tuple)}
    short = {name: _cut(value) for name, value in facts.items() if name not in lists}
    room, more = LIMIT - _RESERVE - size(short), {}
    kept: dict[str, object] = {}
    for place, name in enumerate(sorted(lists, key=lambda name: size(lists[name]))):
        value, share = lists[name], room // (len(lists) - place)
        kept[name], rest = _first(value, share - len(name) - 6)
        room -= size({name: kept[name]})
        if rest:
            more[name] = rest
    return {name: kept[name] if name in kept else short[name] for name in facts} | {MORE: more}


def report_summary(report: StageReport) -> dict[str, object]:
    """Return a stage's report as primitives, its lists and the details of its evidence cut until it fits the limit."""
    most = _ENTRIES
    short = report.short(most)
    while size(short.to_json()) > LIMIT and most > 1:
        most //= 2
        short = replace(report.short(most), evidence=cut_evidence(report.evidence, most))
    if size(short.to_json()) > LIMIT:
        facts = {name: _cut(value) for name, value in report.facts.items() if not isinstance(value, Mapping | list)}
        short = replace(short, summary=str(_cut(report.summary)), facts=dict(islice(facts.items(), 10)))
    return short.to_json()


def cut_evidence(evidence: Iterable[Evidence], most: int = 20) -> tuple[Evidence, ...]:
    """Return each gate's evidence with at most so many of its details, saying how many more there were."""
    return tuple(
        replace(each, detail=(*each.detail[:most], f"… and {len(each.detail) - most} more"))
        if len(each.detail) > most
        else each
        for each in evidence
    )


def size(value: object) -> int:
    """Return how many bytes a value takes as JSON."""
    return len(json.dumps(value, default=str, ensure_ascii=False).encode())


def _first(value: Mapping[object, object] | Sequence[object], room: int) -> tuple[object, int]:
    """Return the first entries of a list or a mapping that fit, and how many were left out."""
    pairs = list(value.items() if isinstance(value, Mapping) else enumerate(value))
    kept: dict[object, object] = {}
    for key, entry in pairs:
        short = _cut(entry)
        room -= size([key, short]) + 4
        if room < 0:
            break
        kept[key] = short
    return (kept if isinstance(value, Mapping) else list(kept.values())), len(pairs) - len(kept)


def _cut(value: object) -> object:
    """Return a text, or the texts of an entry, cut to a line's length."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[: _LONGEST - 1]}…"
    if isinstance(value, Mapping):
        return {name: _cut(each) for name, each in value.items()}
    return value
