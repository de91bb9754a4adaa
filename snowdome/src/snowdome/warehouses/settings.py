"""Settings of a warehouse: defaults filled in, combinations checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snowdome.errors import invalid
from snowdome.sql.grammar.cursor import invalid_property, invalid_value

SIZES = (
    "XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE", "XXXLARGE", "X4LARGE", "X5LARGE", "X6LARGE",
)  # fmt: skip
_SIZE_WORDS = ("X-Small", "Small", "Medium", "Large", "X-Large", *(f"{n}X-Large" for n in range(2, 7)))
SHOWN_SIZES = dict(zip(SIZES, _SIZE_WORDS, strict=True))
MOST_CLUSTERS = dict(zip(SIZES, (300, 300, 300, 160, 80, 40, 20, 10, 10, 10), strict=True))
BEYOND_GENERATION_2 = frozenset({"X5LARGE", "X6LARGE"})
STANDARD, SNOWPARK, ADAPTIVE = "STANDARD", "SNOWPARK-OPTIMIZED", "ADAPTIVE"
LEAST_MEMORY_SIZE = {"MEMORY_1X": "XSMALL", "MEMORY_16X": "MEDIUM", "MEMORY_64X": "LARGE"}
ADAPTIVE_ONLY = frozenset({"MAX_QUERY_PERFORMANCE_LEVEL", "QUERY_THROUGHPUT_MULTIPLIER"})
NOT_ADAPTIVE = frozenset({
    "WAREHOUSE_SIZE", "GENERATION", "RESOURCE_CONSTRAINT", "MIN_CLUSTER_COUNT", "MAX_CLUSTER_COUNT", "SCALING_POLICY",
    "AUTO_SUSPEND", "AUTO_RESUME", "INITIALLY_SUSPENDED", "ENABLE_QUERY_ACCELERATION",
    "QUERY_ACCELERATION_MAX_SCALE_FACTOR", "MAX_CONCURRENCY_LEVEL",
})  # fmt: skip
ALWAYS: Mapping[str, Any] = {
    "MIN_CLUSTER_COUNT": 1,
    "MAX_CLUSTER_COUNT": 1,
    "SCALING_POLICY": "STANDARD",
    "AUTO_SUSPEND": 600,
    "AUTO_RESUME": True,
    "MAX_CONCURRENCY_LEVEL": 8,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172_800,
}


def effective(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that hold, where only those in `given` were set."""
    kind = given.get("WAREHOUSE_TYPE", STANDARD)
    if kind == ADAPTIVE:
        adaptive = {"MAX_QUERY_PERFORMANCE_LEVEL": "XLARGE", "QUERY_THROUGHPUT_MULTIPLIER": 2}
        return {"WAREHOUSE_TYPE": kind} | adaptive | dict(given)
    size = given.get("WAREHOUSE_SIZE", "MEDIUM" if kind == SNOWPARK else "XSMALL")
    constraint = given.get("RESOURCE_CONSTRAINT") or ("MEMORY_16X" if kind == SNOWPARK else None)
    generation = None
    if kind == STANDARD:
        implied = constraint[-1] if constraint and constraint.startswith("STANDARD_GEN_") else None
        generation = given.get("GENERATION") or implied or ("1" if size in BEYOND_GENERATION_2 else "2")
        constraint = constraint or f"STANDARD_GEN_{generation}"
    accelerated = generation == "2" or given.get("MAX_CLUSTER_COUNT", 1) > 1
    derived = {
        "WAREHOUSE_TYPE": kind,
        "WAREHOUSE_SIZE": size,
        "GENERATION": generation,
        "RESOURCE_CONSTRAINT": constraint,
        "ENABLE_QUERY_ACCELERATION": accelerated,
        "QUERY_ACCELERATION_MAX_SCALE_FACTOR": 2 if accelerated else 8,
    }
    return dict(ALWAYS) | derived | {k: v for k, v in given.items() if k not in ("GENERATION", "RESOURCE_CONSTRAINT")}


def check(given: Mapping[str, Any]) -> None:
    """The settings go together, or Snowflake's refusal is raised."""
    kind = given.get("WAREHOUSE_TYPE", STANDARD)
    wrong = NOT_ADAPTIVE if kind == ADAPTIVE else ADAPTIVE_ONLY
    for name in given:
        if name in wrong:
            raise invalid_property(name, f"{kind} WAREHOUSE" if kind == ADAPTIVE else "WAREHOUSE")
    if kind == ADAPTIVE:
        if given.get("QUERY_THROUGHPUT_MULTIPLIER", 2) == 1:
            raise invalid_value(1, "QUERY_THROUGHPUT_MULTIPLIER")
        return
    settings = effective(given)
    _check_clusters(settings)
    _check_generation(given, settings)


def _check_clusters(settings: Mapping[str, Any]) -> None:
    least, most = settings["MIN_CLUSTER_COUNT"], settings["MAX_CLUSTER_COUNT"]
    if least > most:
        raise invalid(f"invalid value [{least}] for parameter 'MIN_CLUSTER_COUNT': MAX_CLUSTER_COUNT is {most}")
    limit = MOST_CLUSTERS[settings["WAREHOUSE_SIZE"]]
    if most > limit:
        size = settings["WAREHOUSE_SIZE"]
        raise invalid(
            f"invalid value [{most}] for parameter 'MAX_CLUSTER_COUNT': a {size} warehouse has at most {limit}"
        )


def _check_generation(given: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    kind, size = settings["WAREHOUSE_TYPE"], settings["WAREHOUSE_SIZE"]
    constraint: str = settings["RESOURCE_CONSTRAINT"]
    if kind == SNOWPARK:
        if given.get("GENERATION"):
            raise invalid_property("GENERATION", "SNOWPARK-OPTIMIZED WAREHOUSE")
        if not constraint.startswith("MEMORY_"):
            raise invalid_value(constraint, "RESOURCE_CONSTRAINT")
        least = LEAST_MEMORY_SIZE[constraint.removesuffix("_X86")]
        if SIZES.index(size) < SIZES.index(least):
            raise invalid(f"invalid value [{size}] for parameter 'WAREHOUSE_SIZE': {constraint} needs at least {least}")
        return
    if constraint != f"STANDARD_GEN_{settings['GENERATION']}":
        raise invalid_value(constraint, "RESOURCE_CONSTRAINT")
    if settings["GENERATION"] == "2" and size in BEYOND_GENERATION_2:
        raise invalid(f"invalid value [2] for parameter 'GENERATION': a {size} warehouse has generation 1")
