"""Builders of the statements that create the control database, which is never cloned or swapped."""

from __future__ import annotations

from collections.abc import Iterable

from sluice.domain.journal import control_schema
from sluice.domain.journal.control_schema import CONTROL, EVENTS, journal_table, meter_table
from sluice.domain.journal.events import BY_ENVIRONMENTS, Kind
from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


def create_database(control: Identifier, comment: str) -> Statement:
    """Return CREATE DATABASE for the control database."""
    return Statement(f"CREATE DATABASE IF NOT EXISTS {control.sql} COMMENT = %s", (comment,))


def create_warehouse(name: Identifier, comment: str) -> Statement:
    """Return CREATE WAREHOUSE for sluice's own queries: XSMALL, suspended after a minute."""
    return Statement(
        f"CREATE WAREHOUSE IF NOT EXISTS {name.sql} WITH WAREHOUSE_SIZE = XSMALL GENERATION = '1' AUTO_SUSPEND = 60\n"
        "  AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE COMMENT = %s",
        (comment,),
    )


def create_schema(control: Identifier, schema: Identifier) -> Statement:
    """Return CREATE SCHEMA."""
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {Qualified(control, schema).sql}")


def say_version(control: Identifier) -> Statement:
    """Return COMMENT ON SCHEMA that says which version the control schema has."""
    return Statement(
        f"COMMENT ON SCHEMA {Qualified(control, CONTROL).sql} IS '{control_schema.version_comment()}'",
    )


def show_version(control: Identifier) -> Statement:
    """Return SHOW SCHEMAS for the schema whose comment says the version; needs no warehouse."""
    return Statement(f"SHOW SCHEMAS LIKE '{CONTROL.name}' IN DATABASE {control.sql}")


def show_journals(control: Identifier) -> Statement:
    """Return SHOW TABLES for the journals of environments; needs no warehouse."""
    return Statement(f"SHOW TABLES LIKE 'JOURNAL%' IN SCHEMA {Qualified(control, CONTROL).sql}")


def show_events(control: Identifier) -> Statement:
    """Return SHOW VIEWS for the view of all journals; needs no warehouse."""
    return Statement(f"SHOW VIEWS LIKE '{EVENTS.name}' IN SCHEMA {Qualified(control, CONTROL).sql}")


def show_grants_on_journal(control: Identifier) -> Statement:
    """Return SHOW GRANTS for the administrator's journal; needs no warehouse."""
    return Statement(f"SHOW GRANTS ON TABLE {journal_table(control).sql}")


def create_journal(journal: Qualified) -> Statement:
    """Return CREATE TABLE for a journal."""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {journal.sql} (\n"
        "  EVENT_ID VARCHAR NOT NULL,\n"
        "  OCCURRED_AT TIMESTAMP_NTZ NOT NULL,\n"
        "  ACTOR VARCHAR,\n"
        "  ENVIRONMENT VARCHAR NOT NULL,\n"
        "  DEPLOYMENT VARCHAR,\n"
        "  KIND VARCHAR NOT NULL,\n"
        "  PAYLOAD VARIANT\n"
        ")"
    )


def create_meter(control: Identifier) -> Statement:
    """Return CREATE TABLE for the samples of the meter: one row for each."""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {meter_table(control).sql} (\n"
        "  SAMPLED_AT TIMESTAMP_NTZ NOT NULL,\n"
        "  SINCE TIMESTAMP_NTZ NOT NULL,\n"
        "  FACTS VARIANT\n"
        ")"
    )


def drop_journal(journal: Qualified) -> Statement:
    """Return DROP TABLE for the journal of an environment that is gone."""
    return Statement(f"DROP TABLE IF EXISTS {journal.sql}")


def hand_over(journal: Qualified) -> Statement:
    """Return INSERT that leaves the events of an environment's journal in the administrator's, each once."""
    kept = journal_table(journal.database).sql
    return Statement(
        f"INSERT INTO {kept} ({COLUMNS})\n{believed(journal)}\nAND EVENT_ID NOT IN (SELECT EVENT_ID FROM {kept})"
    )


def grant_journal(journal: Qualified, role: Identifier) -> Statement:
    """Return GRANT of what an environment's role may do in its journal."""
    return Statement(f"GRANT SELECT, INSERT ON TABLE {journal.sql} TO ROLE {role.sql}")


def grant_events(control: Identifier, role: Identifier) -> Statement:
    """Return GRANT of reading the view of all journals."""
    return Statement(f"GRANT SELECT ON VIEW {Qualified(control, CONTROL, EVENTS).sql} TO ROLE {role.sql}")


def revoke_insert(control: Identifier, role: Identifier) -> Statement:
    """Return REVOKE of the right to write the administrator's journal."""
    return Statement(f"REVOKE INSERT ON TABLE {journal_table(control).sql} FROM ROLE {role.sql}")


COLUMNS = "EVENT_ID, OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND, PAYLOAD"


def administrators(control: Identifier) -> str:
    """Return SELECT of the administrator's journal, of which all is believed."""
    return f"SELECT {COLUMNS} FROM {journal_table(control).sql}"


def believed(journal: Qualified) -> str:
    """Return SELECT of what is believed in an environment's journal: of itself, and of kinds that it may write."""
    kinds = ", ".join(f"'{kind}'" for kind in BY_ENVIRONMENTS)
    return (
        f"SELECT {COLUMNS} FROM {journal.sql}\n"
        f"WHERE UPPER(ENVIRONMENT) = '{control_schema.whose(journal)}' AND SPLIT_PART(KIND, '.', 1) IN ({kinds})"
    )


def all_events(control: Identifier, journals: Iterable[Qualified]) -> str:
    """Return SELECT of the administrator's journal and of these."""
    return "\nUNION ALL\n".join((administrators(control), *(believed(journal) for journal in sorted(set(journals)))))


def create_view(control: Identifier, view: Identifier, journals: Iterable[Qualified] = ()) -> Statement:
    """Return CREATE OR REPLACE VIEW, with the grants on it kept; `journals` are the environments' own."""
    # Views name what they read without the database: it resolves in their own, whatever that is called.
    body = (
        all_events(control, journals).replace(f"{control.sql}.", "")
        if view == EVENTS
        else {"ENVIRONMENTS": _ENVIRONMENTS, "DEPLOYMENTS": _DEPLOYMENTS, "AUDIT": _AUDIT}[view.name]
    )
    return Statement(f"CREATE OR REPLACE VIEW {Qualified(control, CONTROL, view).sql} COPY GRANTS AS\n{body}")


_AUDIT = """SELECT OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND, PAYLOAD, EVENT_ID
FROM CONTROL.EVENTS
QUALIFY ROW_NUMBER() OVER (PARTITION BY ENVIRONMENT, KIND, EVENT_ID ORDER BY OCCURRED_AT) = 1"""

_DEPLOYMENTS = """SELECT
  DEPLOYMENT,
  MIN(ENVIRONMENT) AS ENVIRONMENT,
  MAX(PAYLOAD:release::VARCHAR) AS RELEASE,
  MAX(PAYLOAD:kind::VARCHAR) AS DEPLOYMENT_KIND,
  MIN_BY(ACTOR, OCCURRED_AT) AS ACTOR,
  MIN(OCCURRED_AT) AS STARTED_AT,
  MAX(OCCURRED_AT) AS LAST_EVENT_AT,
  MAX_BY(KIND, OCCURRED_AT) AS LAST_EVENT,
  COUNT(DISTINCT EVENT_ID) AS EVENTS
FROM CONTROL.EVENTS
WHERE DEPLOYMENT IS NOT NULL
GROUP BY DEPLOYMENT"""

_ENVIRONMENTS = f"""SELECT
  ENVIRONMENT,
  MIN(CASE WHEN KIND = '{Kind.PROVISIONED}' THEN OCCURRED_AT END) AS PROVISIONED_AT,
  MAX(CASE WHEN KIND = '{Kind.PROVISIONED}' THEN OCCURRED_AT END) AS LAST_PROVISIONED_AT,
  MAX(CASE WHEN KIND = '{Kind.CUT_OVER}' THEN OCCURRED_AT END) AS LAST_CUT_OVER_AT,
  MAX(OCCURRED_AT) AS LAST_EVENT_AT,
  MAX_BY(KIND, OCCURRED_AT) AS LAST_EVENT,
  COUNT(DISTINCT EVENT_ID) AS EVENTS
FROM CONTROL.EVENTS
GROUP BY ENVIRONMENT"""
