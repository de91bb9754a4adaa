"""A database whose name needs double quotes: how dbt's profile says it, and what the project has to say.

dbt puts one text both into the log-in, where Snowflake takes it in capitals unless it is in double quotes, and into
SQL, where it is quoted only if the project's `quoting` says so.
"""

from __future__ import annotations

import re

from sluice.dbt.project import DATABASE_NAME_OVERRIDE, Project
from sluice.domain.findings import Finding
from sluice.domain.names import Identifier
from sluice.errors import SpecError

_KEPT_BY_THE_LOG_IN = re.compile(r"[A-Z0-9_$-]+")


def in_profile(database: Identifier) -> str:
    """Return how dbt's profile names a database: in double quotes where the log-in would take it for another."""
    return database.name if _KEPT_BY_THE_LOG_IN.fullmatch(database.name) else database.sql


def unquoted(project: Project, database: Identifier) -> tuple[Finding, ...]:
    """Return what the project lacks to be built in a database of this name; nothing where it needs no quotes."""
    if not database.needs_quotes:
        return ()
    where = f"{project.folder / 'dbt_project.yml'}: quoting.database"
    if '"' in database.name:
        message = f"dbt cannot build in the database {database}: its name holds a double quote"
        return (Finding("error", where, message, f"database.name: {database.name.replace(chr(34), '_')}"),)
    found = []
    if not project.quotes_database:
        message = f"the name of the database {database} needs double quotes, and dbt leaves them out"
        found.append(Finding("error", where, message, "quoting: {database: true}"))
    if in_profile(database) != database.name and not project.names_database():
        macro = project.folder / project.macros[0] / "generate_database_name.sql"
        message = f"dbt logs in to {database.sql} with the quotes; the project has to leave them out of its relations"
        found.append(Finding("error", str(macro), message, DATABASE_NAME_OVERRIDE))
    return tuple(found)


def refuse_unquoted(project: Project, database: str) -> None:
    """Refuse to run dbt where it would name a database wrongly; `database` is what the profile says.

    Raises:
        SpecError: with what to write into the project.
    """
    quoted = re.fullmatch(r'"((?:[^"]|"")*)"', database)
    name = Identifier.found(quoted[1].replace('""', '"')) if quoted else Identifier.found(database)
    for finding in unquoted(project, name):
        raise SpecError(finding.message, where=finding.where, good=finding.cure, untouched="everything")
