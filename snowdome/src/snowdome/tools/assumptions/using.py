"""Usage: what the histories say of statements, warehouses, storage and money."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, experiment

TOPIC = "Usage"
HISTORY = "table({}.information_schema.query_history_by_session(result_limit => 50))"
_METERING = "{}.information_schema.warehouse_metering_history(dateadd('days', -1, current_date()))"


def _type_of(client: ProbeClient, home: str, statement: str) -> str:
    client.do(statement)
    text = statement.replace("'", "''")
    return str(client.value(f"select max(query_type) from {HISTORY.format(home)} where query_text = '{text}'"))


@experiment("running-row", TOPIC, "◇", "QUERY_HISTORY() shows the statement that asks, as RUNNING.", "RUNNING")
def running_row(client: ProbeClient) -> str:
    """The status of the statement that asks."""
    home = client.database()
    mark = client.name("MARK")
    return str(
        client.value(
            f"select max(execution_status) /* {mark} */ from {HISTORY.format(home)} where query_text like '%{mark}%'"
        )
    )


@experiment("history-status", TOPIC, "◇", "Statuses are written in capitals.", "SUCCESS")
def history_status(client: ProbeClient) -> str:
    """The status of a statement that succeeded."""
    home = client.database()
    client.do("select 'usage'")
    query = f"select max(execution_status) from {HISTORY.format(home)} where query_text = 'select ''usage'''"
    return str(client.value(query))


@experiment(
    "query-types", TOPIC, "◇", "QUERY_TYPE of CREATE SCHEMA, CTAS, UNDROP and USE.",
    "CREATE, CREATE_TABLE_AS_SELECT, UNDROP, USE",
)  # fmt: skip
def query_types(client: ProbeClient) -> str:
    """What the history calls them."""
    home = client.database()
    schema = f"create schema {home}.s"
    made = f"create table {home}.s.t as select 1 as x"
    found = [_type_of(client, home, statement) for statement in (schema, made)]
    client.do(f"drop table {home}.s.t")
    found += [_type_of(client, home, statement) for statement in (f"undrop table {home}.s.t", f"use schema {home}.s")]
    return ", ".join(found)


@experiment(
    "credit-scale", TOPIC, "◇", "Credits are NUMBER(38,9): the pages say NUMBER.", "NUMBER(38,9)",
)  # fmt: skip
def credit_scale(client: ProbeClient) -> str:
    """The type in DESCRIBE VIEW."""
    rows = client.ask("describe view snowflake.account_usage.warehouse_metering_history")
    return next((str(row["type"]) for row in rows if row["name"] == "CREDITS_USED"), "no such column")


@experiment(
    "metering-unprivileged", TOPIC, "?",
    "WAREHOUSE_METERING_HISTORY() answers no rows to a role without MONITOR USAGE.", "done",
)  # fmt: skip
def metering_unprivileged(client: ProbeClient) -> str:
    """Whether it is refused."""
    home, role = client.database(), client.new_role()
    client.do(f"grant usage on database {home} to role {role}")
    with client.within(role):
        return client.refusal(f"select * from table({_METERING.format(home)})")


def _refusal(key: str, what: str, expected: str, statement: str) -> Experiment:
    def find(client: ProbeClient) -> str:
        return client.refusal(statement.format(d=client.database(), n=client.name("DB")))

    return Experiment(key, TOPIC, "#", what, expected, find)


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    running_row, history_status, query_types, credit_scale, metering_unprivileged,
    _refusal("limit-zero", "Refused: RESULT_LIMIT of 0.", "001008 (22023)",
             "select * from table({d}.information_schema.query_history(result_limit => 0))"),
    _refusal("history-too-old", "Refused: a range that begins eight days ago.", "001008 (22023)",
             "select * from table({d}.information_schema.query_history(dateadd('day', -8, current_timestamp())))"),
    _refusal("unknown-argument", "Refused: an argument that the function does not have.", "000938 (22023)",
             "select * from table({d}.information_schema.query_history(pages => 1))"),
    _refusal("clone-shared", "Refused: a clone of SNOWFLAKE.", "003001 (42501)", "create database {n} clone snowflake"),
    NotTestable("usage-latency", TOPIC, "◇", "A row of ACCOUNT_USAGE appears when the page's longest latency is over.",
            "Snowflake says up to; the moment differs from row to row"),
    NotTestable("usage-hours", TOPIC, "◇",
                "Metering has whole hours; cloud services are 0 until their latency is over.",
            "takes hours of a running warehouse"),
    NotTestable("cloud-services-rate", TOPIC, "?",
                "An hour of compiling statements costs 4.4 credits of cloud services.",
            "the rate is in the Service Consumption Table, and metering appears hours later"),
    NotTestable("cloud-services-only", TOPIC, "◇",
                "Cloud services without a warehouse are CLOUD_SERVICES_ONLY's, id 0.",
            "takes hours to appear"),
    NotTestable("attribution", TOPIC, "◇",
                "Statements that run at the same moment on a cluster share its cost equally.",
            "Snowflake weighs them by the resources they take, which it does not show"),
    NotTestable("storage-bytes", TOPIC, "◇",
                "Bytes are the values', uncompressed; the first write to a clone owns all.",
            "Snowflake's are compressed"),
    NotTestable("default-prices", TOPIC, "?",
                "USD 2 for a credit and USD 23 for a terabyte a month, until others are set.",
            "prices are the contract's"),
    NotTestable("login-reasons", TOPIC, "?", "ERROR_MESSAGE of a log-in is such as INCORRECT_USERNAME_PASSWORD.",
            "takes hours to appear"),
)  # fmt: skip
