"""Operators: a few lines each around what the layers below do. Each is usable by itself, in anybody's DAG.

    from sluice.airflow.operators import ProvisionEnvironmentOperator

    with DAG("morning", schedule="0 6 * * 1-5"):
        ProvisionEnvironmentOperator(task_id="dev", environment="dev") >> work()

Each is imported when it is asked for, so that reading a DAG file costs no more than what the file uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.airflow.operators.access import ChangeAccessOperator, ProvisionRolesOperator, ReviewAccessOperator
    from sluice.airflow.operators.approval import (
        ApproveCostOperator,
        ApproveDeploymentOperator,
        ApproveMarginalOperator,
    )
    from sluice.airflow.operators.base import SluiceOperator
    from sluice.airflow.operators.budgets import CheckBudgetsOperator, ControlBudgetOperator
    from sluice.airflow.operators.lifecycle import ChangeEnvironmentOperator, DestroyEnvironmentOperator
    from sluice.airflow.operators.plans import (
        PlanDeploymentOperator,
        PlanPromotionOperator,
        PlanRefreshOperator,
        PlanRollbackOperator,
    )
    from sluice.airflow.operators.provision import (
        ApproveEnvironmentOperator,
        PlanEnvironmentOperator,
        ProvisionEnvironmentOperator,
    )
    from sluice.airflow.operators.reclone import ApproveRecloneOperator, PlanRecloneOperator, RecloneEnvironmentOperator
    from sluice.airflow.operators.stages import RunStageOperator, UndoDeploymentOperator, UnlockEnvironmentOperator
    from sluice.airflow.operators.sweep import PlanSweepOperator, SweepEnvironmentsOperator

__all__ = [
    "ApproveCostOperator",
    "ApproveDeploymentOperator",
    "ApproveEnvironmentOperator",
    "ApproveMarginalOperator",
    "ApproveRecloneOperator",
    "ChangeAccessOperator",
    "ChangeEnvironmentOperator",
    "CheckBudgetsOperator",
    "ControlBudgetOperator",
    "DestroyEnvironmentOperator",
    "PlanDeploymentOperator",
    "PlanEnvironmentOperator",
    "PlanPromotionOperator",
    "PlanRecloneOperator",
    "PlanRefreshOperator",
    "PlanRollbackOperator",
    "PlanSweepOperator",
    "ProvisionEnvironmentOperator",
    "ProvisionRolesOperator",
    "RecloneEnvironmentOperator",
    "ReviewAccessOperator",
    "RunStageOperator",
    "SluiceOperator",
    "SweepEnvironmentsOperator",
    "UndoDeploymentOperator",
    "UnlockEnvironmentOperator",
]

_MODULES = {
    "access": ("ChangeAccessOperator", "ProvisionRolesOperator", "ReviewAccessOperator"),
    "approval": ("ApproveCostOperator", "ApproveDeploymentOperator", "ApproveMarginalOperator"),
    "base": ("SluiceOperator",),
    "budgets": ("CheckBudgetsOperator", "ControlBudgetOperator"),
    "lifecycle": ("ChangeEnvironmentOperator", "DestroyEnvironmentOperator"),
    "plans": ("PlanDeploymentOperator", "PlanPromotionOperator", "PlanRefreshOperator", "PlanRollbackOperator"),
    "provision": ("ApproveEnvironmentOperator", "PlanEnvironmentOperator", "ProvisionEnvironmentOperator"),
    "reclone": ("ApproveRecloneOperator", "PlanRecloneOperator", "RecloneEnvironmentOperator"),
    "stages": ("RunStageOperator", "UndoDeploymentOperator", "UnlockEnvironmentOperator"),
    "sweep": ("PlanSweepOperator", "SweepEnvironmentsOperator"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_MODULES]
