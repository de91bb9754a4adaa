"""Admission: what a build will likely cost, by the builds before it, against what is left of the day's budget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Annotated, Literal

from pydantic import Field

from sluice.domain.promotion.evidence import Evidence, Verdict
from sluice.domain.specs.blocks import Block

GATE = "predicted cost"
_TENTHS = 10


class AdmissionBlock(Block):
    """When a build that would cost more than is left is asked about, or refused."""

    enabled: bool = True
    at_least: Annotated[int, Field(ge=1, le=20)] = 3
    """Builds that a prediction rests on; with fewer the cost is unknown."""
    builds: Annotated[int, Field(ge=1, le=200)] = 20
    """The last so many count."""
    unknown: Literal["allow", "ask", "refuse"] = "allow"


@dataclass(frozen=True, slots=True)
class Built:
    """A build that was: how long it took on which compute, and what each model had of that."""

    seconds: float
    credits_per_hour: float
    everything: bool
    """Whether all was built, not only what had changed."""
    models: Mapping[str, float]
    """Seconds of each node that was built, as dbt counts them: several at once, so that their sum is more."""

    def shares(self, credits_per_hour: float) -> dict[str, float]:
        """Return what each model took of the wall's seconds, as they would be on another compute.

        A smaller one takes longer in proportion; that a larger one is faster is not counted on.
        """
        whole = sum(self.models.values())
        slower = max(1.0, self.credits_per_hour / credits_per_hour)
        return {name: self.seconds * slower * part / whole for name, part in self.models.items()} if whole > 0 else {}


@dataclass(frozen=True, slots=True)
class Prediction:
    """Dollars that a build costs in half of all cases at most, and in nine of ten."""

    p50_usd: float
    p90_usd: float
    builds: int
    new_models: int = 0
    """Of the models to build so many have never been built here: each counts like the usual one."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be said, and why."""

    why: str


def predict(
    builds: Sequence[Built],
    models: Collection[str] | None,
    *,
    everything: bool,
    credits_per_hour: float,
    credit_usd: float,
    block: AdmissionBlock,
) -> Prediction | Unknown:
    """Return what building these models will likely cost, from the builds before it, oldest first.

    Full builds say nothing of others, nor others of them. `models` None: which they will be is not known yet, so whole
    builds count. The ninth tenths of many models at once are a cautious sum.
    """
    if models is not None and not models:
        return Prediction(0.0, 0.0, len(builds))
    known = [one for one in builds if one.everything == everything][-block.builds :]
    if len(known) < block.at_least:
        record = "1 build like it is" if len(known) == 1 else f"{len(known)} builds like it are"
        return Unknown(f"{record} on record, {block.at_least} are needed")
    usd = credits_per_hour * credit_usd / 3600
    shares = [one.shares(credits_per_hour) for one in known]
    if models is None:
        wholes = [sum(one.values()) for one in shares]
        return Prediction(median(wholes) * usd, _ninth(wholes) * usd, len(known))
    history: dict[str, list[float]] = {}
    for share in shares:
        for name, seconds in share.items():
            history.setdefault(name, []).append(seconds)
    new = [name for name in models if name not in history]
    if 2 * len(new) > len(models):
        return Unknown(f"{len(new)} of {len(models)} models have never been built here")
    usual = [median(seconds) for seconds in history.values()]
    mine = [history[name] for name in models if name in history] + [usual] * len(new)
    return Prediction(
        sum(median(seconds) for seconds in mine) * usd,
        sum(_ninth(seconds) for seconds in mine) * usd,
        len(known),
        len(new),
    )


def admit(found: Prediction | Unknown, left_usd: float, block: AdmissionBlock, *, watched: bool) -> Evidence:
    """Return whether a build may begin: it fits into what is left, somebody is asked, or it is refused.

    What is beyond in one case of ten is asked about, what is beyond in half of all is refused; where the budget only
    watches, that is asked about too.
    """
    left = f"USD {max(left_usd, 0.0):.2f} of today's budget is left"
    if isinstance(found, Unknown):
        verdicts = {"allow": Verdict.PASS, "ask": Verdict.MARGINAL, "refuse": Verdict.FAIL}
        return Evidence(GATE, _softened(verdicts[block.unknown], watched), f"unknown: {found.why}", left)
    verdict = Verdict.PASS
    if found.p90_usd > left_usd:
        verdict = Verdict.MARGINAL if found.p50_usd <= left_usd else Verdict.FAIL
    said = f"USD {found.p50_usd:.2f} (p50), {found.p90_usd:.2f} (p90) for the build, from {found.builds} before it"
    new = (f"{found.new_models} models are new here and count like the usual one",) if found.new_models else ()
    return Evidence(GATE, _softened(verdict, watched), said, left, new)


def _softened(verdict: Verdict, watched: bool) -> Verdict:
    return Verdict.MARGINAL if watched and verdict is Verdict.FAIL else verdict


def _ninth(seconds: Sequence[float]) -> float:
    """The ninth tenth; of one value that value."""
    return quantiles(seconds, n=_TENTHS, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
