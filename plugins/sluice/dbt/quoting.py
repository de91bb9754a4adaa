"""A database whose name needs double quotes: how dbt's profile says it, and what the project has to say.

dbt puts one text both into the log-in, where Snowflake takes it in capitals unless it is in double quotes, and into
SQL, where it is quoted only if the project's `quoting` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from sluice.dbt.project import Project
from sluice.domain.findings import Finding
from sluice.domain.names import Identifier
from sluice.errors import SpecError

DATABASE_NAME_OVERRIDE = """\
{% macro generate_database_name(custom_database_name=none, node=none) -%}
  {{ (custom_database_name or target.database) | trim | replace('"', '') }}
{%- endmacro %}
"""
"""What a project needs in `macros/generate_database_name.sql` where dbt logs in to a database in double quotes."""

_KEPT_BY_THE_LOG_IN = re.compile(r"[A-Z0-9_$-]+")
_MACRO = re.compile(r"\{%-?\s*macro\s+generate_database_name\s*\(")


def in_profile(database: Identifier) -> str:
    """Return how dbt's profile names a database: in double quotes where the log-in would take it for another."""
    return database.name if _KEPT_BY_THE_LOG_IN.fullmatch(database.name) else database.sql


def missing_quoting(project: Project, database: Identifier) -> Iterator[Finding]:
    """Yield what the project lacks to be built in a database of this name; nothing where it needs no quotes."""
    if not database.needs_quotes:
        return
    where = f"{project.folder / 'dbt_project.yml'}: quoting.database"
    if '"' in database.name:
        message = f"dbt cannot build in the database {database}: its name holds a double quote"
        yield Finding("error", where, message, f"database.name: {database.name.replace(chr(34), '_')}")
        return
    if not _quotes_databases(project):
        message = f"the name of the database {database} needs double quotes, and dbt leaves them out"
        yield Finding("error", where, message, "quoting: {database: true}")
    if in_profile(database) != database.name and not _names_databases(project):
        macro = project.folder / project.macros[0] / "generate_database_name.sql"
        message = f"dbt logs in to {database.sql} with the quotes, which its relations must not have twice"
        yield Finding("error", str(macro), message, DATABASE_NAME_OVERRIDE)


def refuse_missing_quoting(project: Project, database: str) -> None:
    """Refuse to run dbt where it would name a database wrongly; `database` is what the profile says.

    Raises:
        SpecError: with what to write into the project.
    """
    quoted = re.fullmatch(r'"((?:[^"]|"")*)"', database)
    name = Identifier.from_account(quoted[1].replace('""', '"')) if quoted else Identifier.from_account(database)
    for finding in missing_quoting(project, name):
        raise SpecError(finding.message, where=finding.where, good=finding.cure, untouched="everything")


def _quotes_databases(project: Project) -> bool:
    content = yaml.safe_load((project.folder / "dbt_project.yml").read_text("utf-8"))
    quoting = content.get("quoting")
    return isinstance(quoting, dict) and bool(quoting.get("database"))


def _names_databases(project: Project) -> bool:
    files = (path for folder in project.macros for path in (project.folder / folder).rglob("*.sql"))
    return any(_MACRO.search(path.read_text("utf-8")) for path in files)
