"""The stages of a promotion by name, and its plan."""

from __future__ import annotations

from sluice.stages.candidate import build, clone, record_undo
from sluice.stages.checks import check_source, check_target
from sluice.stages.cutover import cut_over
from sluice.stages.holding import lock, scale_down, scale_up, unlock
from sluice.stages.judging import judge
from sluice.stages.planning import plan
from sluice.stages.settling import settle
from sluice.stages.stage import StageFunction
from sluice.stages.undo import undo
from sluice.stages.verification import verify

__all__ = ["STAGES", "StageFunction", "plan"]

STAGES: dict[str, StageFunction] = {
    "lock": lock,
    "scale_up": scale_up,
    "check_source": check_source,
    "check_target": check_target,
    "record_undo": record_undo,
    "clone": clone,
    "build": build,
    "judge": judge,
    "cut_over": cut_over,
    "verify": verify,
    "settle": settle,
    "undo": undo,
    "scale_down": scale_down,
    "unlock": unlock,
}
