"""Builders of the statements that create the control database, which is never cloned or swapped."""

from __future__ import annotations

from sluice.domain.journal.control_schema import CONTROL, journal_table, meter_table
from sluice.domain.journal.events import Kind
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


def create_journal(control: Identifier) -> Statement:
    """Return CREATE TABLE for the journal."""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {journal_table(control).sql} (\n"
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


def create_view(control: Identifier, view: Identifier) -> Statement:
    """Return CREATE VIEW IF NOT EXISTS: replacing it would revoke its grants."""
    body = {"ENVIRONMENTS": _ENVIRONMENTS, "DEPLOYMENTS": _DEPLOYMENTS, "AUDIT": _AUDIT}[view.name]
    return Statement(f"CREATE VIEW IF NOT EXISTS {Qualified(control, CONTROL, view).sql} AS\n{body}")


# Views name CONTROL.JOURNAL without the database: they resolve in their own, whatever it is called.
_AUDIT = """SELECT OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND, PAYLOAD, EVENT_ID
FROM CONTROL.JOURNAL
QUALIFY ROW_NUMBER() OVER (PARTITION BY EVENT_ID ORDER BY OCCURRED_AT) = 1"""

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
FROM CONTROL.JOURNAL
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
FROM CONTROL.JOURNAL
GROUP BY ENVIRONMENT"""
