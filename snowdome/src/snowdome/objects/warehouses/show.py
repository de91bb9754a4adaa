"""SHOW WAREHOUSES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects.warehouses.handlers import default_of
from snowdome.result import Result, listing
from snowdome.security import access, show_format
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Warehouse
from snowdome.warehouses import settings as warehouse_settings

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


NUMBERS = frozenset({
    "min_cluster_count", "max_cluster_count", "started_clusters", "running", "queued", "auto_suspend",
    "query_acceleration_max_scale_factor", "query_throughput_multiplier",
})  # fmt: skip


TIMES = frozenset({"created_on", "resumed_on", "updated_on"})


NAMES = [
    *("name", "state", "type", "size", "min_cluster_count", "max_cluster_count", "started_clusters", "running"),
    *(
        "queued",
        "is_default",
        "is_current",
        "is_interactive",
        "auto_suspend",
        "auto_resume",
        "available",
        "provisioning",
        "quiescing",
    ),
    *("other", "created_on", "resumed_on", "updated_on", "owner", "comment", "enable_query_acceleration"),
    *("query_acceleration_max_scale_factor", "resource_monitor", "actives", "pendings", "failed", "suspended"),
    *("uuid", "scaling_policy", "budget", "owner_role_type", "resource_constraint", "generation"),
    *("max_query_performance_level", "query_throughput_multiplier", "disabled_reasons"),
]


COLUMNS = tuple(
    (name, show_format.TIME if name in TIMES else show_format.NUMBER if name in NUMBERS else show_format.TEXT)
    for name in NAMES
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """SHOW WAREHOUSES: those the session has any privilege on."""
    with account.catalog.lock:
        visible = [one for one in account.catalog.all(Warehouse) if access.may_see(account, session, one)]
        found = show_format.keep(statement, visible, lambda warehouse: warehouse.name)
        rows = [_cells(account, session, warehouse) for warehouse in found]
    return listing(COLUMNS, [tuple(cells.get(name) for name in NAMES) for cells in rows])


def _cells(account: Account, session: Session, warehouse: Warehouse) -> dict[str, Any]:
    settings = warehouse_settings.effective(warehouse.settings)
    monitor = account.catalog.peek(warehouse.monitor) if warehouse.monitor is not None else None
    here = [one for one in account.running_queries.all() if one.warehouse == warehouse.id]
    cells = {
        "name": warehouse.name,
        "state": warehouse.state,
        "type": settings["WAREHOUSE_TYPE"],
        "running": sum(one.cluster is not None for one in here),
        "queued": sum(one.cluster is None for one in here),
        "is_default": show_format.mark(default_of(account, session) == warehouse.name),
        "is_interactive": "N",
        "is_current": show_format.mark(session.warehouse == warehouse.name),
        "created_on": warehouse.created_on,
        "resumed_on": warehouse.resumed_on,
        "updated_on": warehouse.updated_on,
        "owner": show_format.role_name(account, warehouse.owner),
        "comment": warehouse.comment,
        "resource_monitor": monitor.name if monitor is not None else "null",
        "uuid": str(warehouse.id),
        "owner_role_type": show_format.role_type(account, warehouse.owner),
    }
    if settings["WAREHOUSE_TYPE"] == warehouse_settings.ADAPTIVE:
        return cells | _adaptive(account, warehouse, settings)
    return cells | _sized(account, warehouse, settings)


def _adaptive(account: Account, warehouse: Warehouse, settings: dict[str, Any]) -> dict[str, Any]:
    """What only an adaptive warehouse has; a monitor that stops it disables it (user-guide/warehouses-adaptive)."""
    stopped = account.monitors.refusal(warehouse, account.clock.now()) is not None
    reasons = ["ALTER_WAREHOUSE"] if warehouse.state == "DISABLED" else []
    reasons += ["RESOURCE_MONITOR"] if stopped else []
    return {
        "state": "DISABLED" if reasons else warehouse.state,
        "max_query_performance_level": warehouse_settings.SHOWN_SIZES[settings["MAX_QUERY_PERFORMANCE_LEVEL"]],
        "query_throughput_multiplier": settings["QUERY_THROUGHPUT_MULTIPLIER"],
        "disabled_reasons": ", ".join(reasons) or None,
    }


def _sized(account: Account, warehouse: Warehouse, settings: dict[str, Any]) -> dict[str, Any]:
    """What only a warehouse with a size has."""
    clusters = account.clusters.of(warehouse).clusters
    leaving = sum(one.leaving for one in clusters)
    runs = bool(clusters)
    return {
        "size": warehouse_settings.SHOWN_SIZES[settings["WAREHOUSE_SIZE"]],
        "min_cluster_count": settings["MIN_CLUSTER_COUNT"],
        "max_cluster_count": settings["MAX_CLUSTER_COUNT"],
        "started_clusters": len(clusters),
        "auto_suspend": settings["AUTO_SUSPEND"],
        "auto_resume": show_format.truth(settings["AUTO_RESUME"]),
        "available": _percent(len(clusters) - leaving, len(clusters)) if runs else "",
        "provisioning": "0" if runs else "",
        "quiescing": _percent(leaving, len(clusters)) if runs else "",
        "other": "0" if runs else "",
        "enable_query_acceleration": show_format.truth(settings["ENABLE_QUERY_ACCELERATION"]),
        "query_acceleration_max_scale_factor": settings["QUERY_ACCELERATION_MAX_SCALE_FACTOR"],
        "actives": str(len(clusters)),
        "pendings": "0",
        "failed": "0",
        "suspended": str(max(settings["MAX_CLUSTER_COUNT"] - len(clusters), 0)),
        "scaling_policy": settings["SCALING_POLICY"],
        "resource_constraint": settings["RESOURCE_CONSTRAINT"],
        "generation": settings["GENERATION"],
    }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4g}"
