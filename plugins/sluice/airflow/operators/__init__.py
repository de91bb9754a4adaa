"""Operators: a few lines each around what the layers below do.

    from sluice.airflow.operators import StageOperator

Each is imported when it is asked for, so that reading a DAG file costs no more than what the file uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.airflow.operators.access import ChangeAccess, ProvisionRoles, ReviewAccess
    from sluice.airflow.operators.approval import AcceptMarginal, ApproveDeployment
    from sluice.airflow.operators.base import SluiceOperator
    from sluice.airflow.operators.budgets import CheckBudgets, ControlBudget
    from sluice.airflow.operators.ephemeral import ApproveEnvironment, PlanEnvironment
    from sluice.airflow.operators.lifecycle import ChangeEnvironment, DestroyEnvironment
    from sluice.airflow.operators.plans import PlanOperator, PlanPromotion, PlanRefresh, PlanRollback
    from sluice.airflow.operators.provision import Provision
    from sluice.airflow.operators.reclone import AcceptRenewal, PlanRenewal, RenewEnvironment
    from sluice.airflow.operators.stages import StageOperator, UndoOperator, UnlockOperator
    from sluice.airflow.operators.sweep import PlanSweep, Sweep

__all__ = [
    "AcceptMarginal",
    "AcceptRenewal",
    "ApproveDeployment",
    "ApproveEnvironment",
    "ChangeAccess",
    "ChangeEnvironment",
    "CheckBudgets",
    "ControlBudget",
    "DestroyEnvironment",
    "PlanEnvironment",
    "PlanOperator",
    "PlanPromotion",
    "PlanRefresh",
    "PlanRenewal",
    "PlanRollback",
    "PlanSweep",
    "Provision",
    "ProvisionRoles",
    "RenewEnvironment",
    "ReviewAccess",
    "SluiceOperator",
    "StageOperator",
    "Sweep",
    "UndoOperator",
    "UnlockOperator",
]

_MODULES = {
    "access": ("ChangeAccess", "ProvisionRoles", "ReviewAccess"),
    "approval": ("AcceptMarginal", "ApproveDeployment"),
    "base": ("SluiceOperator",),
    "budgets": ("CheckBudgets", "ControlBudget"),
    "ephemeral": ("ApproveEnvironment", "PlanEnvironment"),
    "lifecycle": ("ChangeEnvironment", "DestroyEnvironment"),
    "plans": ("PlanOperator", "PlanPromotion", "PlanRefresh", "PlanRollback"),
    "provision": ("Provision",),
    "reclone": ("AcceptRenewal", "PlanRenewal", "RenewEnvironment"),
    "stages": ("StageOperator", "UndoOperator", "UnlockOperator"),
    "sweep": ("PlanSweep", "Sweep"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_MODULES]
