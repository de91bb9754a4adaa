"""Every class of dbt's suite is run here, or there is a reason why not."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path

import dbt.tests.adapter as suite

NOT_RUN = {
    "catalog.relation_types": "wants materialized views, which dbt-snowflake has not",
    "dbt_debug": "asserts PostgreSQL's profile",
    "functions": "CREATE FUNCTION and its Python and JavaScript: snowdome refuses them by name",
    "hooks": "asserts PostgreSQL: its target and VACUUM",
    "materialized_view": "dbt-snowflake has none",
    "python_model": "runs Python on Snowflake's servers: snowdome refuses procedures by name",
    "sample_mode": "dbt-snowflake skips it",
    "basic.test_docs_generate.BaseDocsGenReferences": "dbt-snowflake does not run it: it wants names in lower case",
    "basic.test_incremental.BaseIncrementalBadStrategy": "dbt-snowflake refuses the strategy in words of its own",
    "column_types.test_column_types.BasePostgresColumnTypes": "PostgreSQL's types",
    "dbt_clone.test_dbt_clone.BaseCloneNotPossible": "Snowflake can clone",
    "dbt_show.test_dbt_show.BaseShowDoesNotHandleDoubleLimit": "asserts PostgreSQL's words",
    "empty.test_empty.BaseTestEmptySeedFlag": "`dbt seed --empty` came after dbt-core 1.11",
    "ephemeral.test_ephemeral.BaseEphemeralNested": "asserts PostgreSQL's text of a view",
    "persist_docs.test_persist_docs.BasePersistDocsQuotedDescriptionNotAppliedOnMismatch": "dbt-snowflake applies it",
    "query_comment.test_query_comment.BaseMacroArgsQueryComments": "dbt-snowflake skips it: it compares two versions",
    "simple_seed.test_seed.BaseSimpleSeedWithBOM": "the file it copies is not in the package",
    "simple_snapshot.test_various_configs": "sends several statements in one text: Snowflake's 000008",
    "utils.test_current_timestamp.BaseCurrentTimestampNaive": "Snowflake's has a zone",
    "utils.test_source_freshness_custom_info": "calls dbt with mocks, not an account",
    "utils.test_validate_sql": "EXPLAIN: snowdome refuses it by name",
}
HERE = Path(__file__).parent


def _packaged() -> dict[str, type]:
    """The suite's classes that have tests and are meant to be subclassed, by their place."""
    found = {}
    root = Path(next(iter(suite.__path__)))
    for file in sorted(root.rglob("*.py")):  # most of its folders are no packages
        place = ".".join(file.relative_to(root).with_suffix("").parts)
        if file.name.startswith("__"):
            continue
        module = importlib.import_module(f"{suite.__name__}.{place}")
        for name, cls in inspect.getmembers(module, inspect.isclass):
            own = cls.__module__ == module.__name__ and not name.startswith("Test")
            if own and any(member.startswith("test_") for member in dir(cls)):
                found[f"{place}.{name}"] = cls
    return found


def _run_here() -> set[type]:
    """The suite's classes that stand behind those of this folder."""
    found: set[type] = set()
    for file in HERE.glob("test_dbtsuite_*.py"):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        if file == Path(__file__):
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            found |= set(cls.__mro__)
    return found


def test_every_class_is_run_or_has_a_reason() -> None:
    """Nothing of the suite is left out in silence, and no reason outlives its class."""
    packaged, ours = _packaged(), _run_here()
    assert packaged
    missing = {name for name, cls in packaged.items() if cls not in ours and not any(map(name.startswith, NOT_RUN))}
    assert missing == set()
    needless = {
        reason
        for reason in NOT_RUN
        if not any(name.startswith(reason) and cls not in ours for name, cls in packaged.items())
    }
    assert needless == set()
