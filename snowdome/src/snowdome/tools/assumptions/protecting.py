"""Policies: the numbers of their refusals, and what of their effect no page says."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable
from snowdome.tools.assumptions.refusing import refusal

TOPIC = "Policies"
_TABLE = "create table {d}.public.t (x varchar, y int)"
_POLICY = "create masking policy {d}.public.m as (v varchar) returns varchar -> '*'"
_SET = "alter table {d}.public.t modify column x set masking policy {d}.public.m"


def _refused(key: str, what: str, expected: str, before: tuple[str, ...], statement: str) -> Experiment:
    def find(client: ProbeClient) -> str:
        return refusal(before, statement, client)

    return Experiment(f"policy-{key}", TOPIC, "#", f"Refused: {what}.", expected, find)


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    _refused("in-use", "DROP of a masking policy that is on a column", "003531 (42601)", (_TABLE, _POLICY, _SET),
             "drop masking policy {d}.public.m"),
    _refused("replaced-in-use", "OR REPLACE of a masking policy that is on a column", "003531 (42601)",
             (_TABLE, _POLICY, _SET),
             "create or replace masking policy {d}.public.m as (v varchar) returns varchar -> v"),
    _refused("second-mask", "a second masking policy on a column, without FORCE", "003529 (42601)",
             (_TABLE, _POLICY, _SET), _SET),
    _refused("mask-type", "a masking policy on a column of another type", "003507 (42601)", (_TABLE, _POLICY),
             "alter table {d}.public.t modify column y set masking policy {d}.public.m"),
    _refused("mask-returns", "a masking policy that returns another type than it takes", "003507 (42601)", (),
             "create masking policy {d}.public.m as (v varchar) returns number -> 1"),
    _refused("tag-masks", "DROP of a tag that has a masking policy", "003531 (42601)",
             (_POLICY, "create tag {d}.public.k", "alter tag {d}.public.k set masking policy {d}.public.m"),
             "drop tag {d}.public.k"),
    NotTestable("policy-door", TOPIC, "#", "A log-in from an address that is not allowed is refused with 390422.",
            "needs a client at another address"),
    NotTestable("policy-locked-out", TOPIC, "#",
                "A network policy that would shut out who sets it is refused with 001003.",
            "would touch who may log in to the account"),
    NotTestable("policy-blocked-only", TOPIC, "?",
                "A network policy with only a blocked list of rules lets all others in.",
            "needs a client at another address"),
    NotTestable("policy-token", TOPIC, "#", "A token of a user without a network policy is refused with 390432.",
            "needs a second user's log-in"),
    NotTestable("policy-idle", TOPIC, "◇", "A session whose idle minutes are over gets 390114 at its next statement.",
            "takes five minutes of waiting at the least"),
    NotTestable("policy-none-idle", TOPIC, "◇",
            "Without a session policy a session goes on (Snowflake: four hours idle), also when the clock is moved.",
            "snowdome differs on purpose: on a driven clock each step would end all sessions"),
    NotTestable("policy-secondary", TOPIC, "#",
                "USE SECONDARY ROLES against the session policy is refused with 003120.",
            "needs a user of its own"),
    NotTestable("policy-multiple-tags", TOPIC, "#", "A column that tags put under two policies is refused with 003530.",
            "the refusal's number is not on the page"),
    NotTestable("tag-propagate", TOPIC, "◇",
            "PROPAGATE and ON_CONFLICT of a tag are kept and shown; snowdome propagates no tag to views and copies.",
            "known: snowdome does not do it, and says so"),
    NotTestable("policy-changes", TOPIC, "◇",
            "snowdome refuses UPDATE, DELETE and MERGE that read a masked column of their target; Snowflake masks it.",
            "known: snowdome does not do it, and says so"),
)  # fmt: skip
