"""The stages of a promotion by name, and its plan."""

from __future__ import annotations

from sluice.operations.promotion.candidate import build, clone, record_undo
from sluice.operations.promotion.cutover import cut_over
from sluice.operations.promotion.finalize import settle
from sluice.operations.promotion.lock_and_scale import lock, scale_down, scale_up, unlock
from sluice.operations.promotion.planning import plan
from sluice.operations.promotion.preflight import check_source, check_target
from sluice.operations.promotion.run_gates import judge
from sluice.operations.promotion.undo import undo
from sluice.operations.promotion.verification import verify
from sluice.operations.stage import StageFunction

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
