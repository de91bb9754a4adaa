"""Admission: the predicted cost of a build, from previous builds, against the rest of the day's budget."""

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
    """When a build that would exceed the remaining budget needs approval or is refused."""

    enabled: bool = True
    at_least: Annotated[int, Field(ge=1, le=20)] = 3
    """The builds needed for a prediction; with fewer the cost is unknown."""
    builds: Annotated[int, Field(ge=1, le=200)] = 20
    """How many of the latest builds count."""
    unknown: Literal["allow", "ask", "refuse"] = "allow"


@dataclass(frozen=True, slots=True)
class PastBuild:
    """A previous build: its duration, compute and the seconds of each model."""

    seconds: float
    credits_per_hour: float
    everything: bool
    """Whether it was a full build."""
    models: Mapping[str, float]
    """Seconds of each built node, as dbt reports them; they overlap, so their sum exceeds the duration."""

    def shares(self, credits_per_hour: float) -> dict[str, float]:
        """Return each model's share of the duration, scaled to other compute.

        Smaller compute takes longer in proportion; larger compute is not assumed to be faster.
        """
        whole = sum(self.models.values())
        slower = max(1.0, self.credits_per_hour / credits_per_hour)
        return {name: self.seconds * slower * part / whole for name, part in self.models.items()} if whole > 0 else {}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predicted cost of a build: median and ninth decile."""

    p50_usd: float
    p90_usd: float
    builds: int
    new_models: int = 0
    """Models that were never built here: each counts as a median one."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No prediction is possible, and why."""

    why: str


def predict(
    builds: Sequence[PastBuild],
    models: Collection[str] | None,
    *,
    everything: bool,
    credits_per_hour: float,
    credit_usd: float,
    block: AdmissionBlock,
) -> Prediction | Unknown:
    """Return the predicted cost of building these models, from previous builds, oldest first.

    Full builds predict full builds only, partial ones partial ones. `models` None: not known yet, so whole builds
    count. The sum of the ninth deciles of many models is conservative.
    """
    if models is not None and not models:
        return Prediction(0.0, 0.0, len(builds))
    similar = [build for build in builds if build.everything == everything][-block.builds :]
    if len(similar) < block.at_least:
        record = "1 build like it is" if len(similar) == 1 else f"{len(similar)} builds like it are"
        return Unknown(f"{record} on record, {block.at_least} are needed")
    usd_per_second = credits_per_hour * credit_usd / 3600
    shares = [one.shares(credits_per_hour) for one in similar]
    if models is None:
        wholes = [sum(build.values()) for build in shares]
        return Prediction(median(wholes) * usd_per_second, _ninth_decile(wholes) * usd_per_second, len(similar))
    history: dict[str, list[float]] = {}
    for share in shares:
        for name, seconds in share.items():
            history.setdefault(name, []).append(seconds)
    new_models = [name for name in models if name not in history]
    if 2 * len(new_models) > len(models):
        return Unknown(f"{len(new_models)} of {len(models)} models have never been built here")
    medians = [median(seconds) for seconds in history.values()]
    estimates = [history[name] for name in models if name in history] + [medians] * len(new_models)
    return Prediction(
        sum(median(seconds) for seconds in estimates) * usd_per_second,
        sum(_ninth_decile(seconds) for seconds in estimates) * usd_per_second,
        len(similar),
        len(new_models),
    )


def admit(prediction: Prediction | Unknown, left_usd: float, block: AdmissionBlock, *, watched: bool) -> Evidence:
    """Return whether a build may start: it fits the remaining budget, needs approval, or is refused.

    A ninth decile beyond the rest needs approval, a median beyond it is refused; where the budget only watches, that
    needs approval too.
    """
    left = f"USD {max(left_usd, 0.0):.2f} of today's budget is left"
    if isinstance(prediction, Unknown):
        verdicts = {"allow": Verdict.PASS, "ask": Verdict.MARGINAL, "refuse": Verdict.FAIL}
        return Evidence(GATE, _capped(verdicts[block.unknown], watched), f"unknown: {prediction.why}", left)
    verdict = Verdict.PASS
    if prediction.p90_usd > left_usd:
        verdict = Verdict.MARGINAL if prediction.p50_usd <= left_usd else Verdict.FAIL
    usd = f"USD {prediction.p50_usd:.2f} (p50), {prediction.p90_usd:.2f} (p90)"
    observed = f"{usd} for the build, from {prediction.builds} previous builds"
    new = (f"{prediction.new_models} models are new here and count as median ones",) if prediction.new_models else ()
    return Evidence(GATE, _capped(verdict, watched), observed, left, new)


def _capped(verdict: Verdict, watched: bool) -> Verdict:
    return Verdict.MARGINAL if watched and verdict is Verdict.FAIL else verdict


def _ninth_decile(seconds: Sequence[float]) -> float:
    """The ninth decile; of a single value, that value."""
    return quantiles(seconds, n=_TENTHS, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
