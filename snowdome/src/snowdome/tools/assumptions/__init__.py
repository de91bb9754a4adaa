"""What snowdome assumes of Snowflake without being able to know it, each with the experiment that would tell."""

from __future__ import annotations

from snowdome.tools.assumptions import (
    cloning,
    computing,
    excluding,
    granting,
    moving,
    protecting,
    refusing,
    swapping,
    timing,
    using,
)
from snowdome.tools.assumptions.experiment import Experiment, NotTestable

EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    *swapping.EXPERIMENTS,
    *cloning.EXPERIMENTS,
    *computing.EXPERIMENTS,
    *timing.EXPERIMENTS,
    *moving.EXPERIMENTS,
    *granting.EXPERIMENTS,
    *excluding.EXPERIMENTS,
    *refusing.EXPERIMENTS,
    *protecting.EXPERIMENTS,
    *using.EXPERIMENTS,
)
