"""Usage: what the histories say of statements, warehouses, storage and money."""

from __future__ import annotations

from snowdome.tools.assumptions.experiment import Experiment, Unasked, experiment
from snowdome.tools.assumptions.hand import Hand

TOPIC = "Usage"
HISTORY = "table({}.information_schema.query_history_by_session(result_limit => 50))"
_METERING = "{}.information_schema.warehouse_metering_history(dateadd('days', -1, current_date()))"


def _type_of(hand: Hand, home: str, statement: str) -> str:
    hand.do(statement)
    text = statement.replace("'", "''")
    return str(hand.value(f"select max(query_type) from {HISTORY.format(home)} where query_text = '{text}'"))


@experiment("running-row", TOPIC, "◇", "QUERY_HISTORY() shows the statement that asks, as RUNNING.", "RUNNING")
def running_row(hand: Hand) -> str:
    """The status of the statement that asks."""
    home = hand.database()
    mark = hand.name("MARK")
    return str(
        hand.value(
            f"select max(execution_status) /* {mark} */ from {HISTORY.format(home)} where query_text like '%{mark}%'"
        )
    )


@experiment("history-status", TOPIC, "◇", "Statuses are written in capitals.", "SUCCESS")
def history_status(hand: Hand) -> str:
    """The status of a statement that succeeded."""
    home = hand.database()
    hand.do("select 'usage'")
    query = f"select max(execution_status) from {HISTORY.format(home)} where query_text = 'select ''usage'''"
    return str(hand.value(query))


@experiment(
    "query-types", TOPIC, "◇", "QUERY_TYPE of CREATE SCHEMA, CTAS, UNDROP and USE.",
    "CREATE, CREATE_TABLE_AS_SELECT, UNDROP, USE",
)  # fmt: skip
def query_types(hand: Hand) -> str:
    """What the history calls them."""
    home = hand.database()
    schema = f"create schema {home}.s"
    made = f"create table {home}.s.t as select 1 as x"
    found = [_type_of(hand, home, statement) for statement in (schema, made)]
    hand.do(f"drop table {home}.s.t")
    found += [_type_of(hand, home, statement) for statement in (f"undrop table {home}.s.t", f"use schema {home}.s")]
    return ", ".join(found)


@experiment(
    "credit-scale", TOPIC, "◇", "Credits are NUMBER(38,9): the pages say NUMBER.", "NUMBER(38,9)",
)  # fmt: skip
def credit_scale(hand: Hand) -> str:
    """The type in DESCRIBE VIEW."""
    rows = hand.ask("describe view snowflake.account_usage.warehouse_metering_history")
    return next((str(row["type"]) for row in rows if row["name"] == "CREDITS_USED"), "no such column")


@experiment(
    "metering-unprivileged", TOPIC, "?",
    "WAREHOUSE_METERING_HISTORY() answers no rows to a role without MONITOR USAGE.", "done",
)  # fmt: skip
def metering_unprivileged(hand: Hand) -> str:
    """Whether it is refused."""
    home, role = hand.database(), hand.new_role()
    hand.do(f"grant usage on database {home} to role {role}")
    with hand.within(role):
        return hand.refusal(f"select * from table({_METERING.format(home)})")


def _refusal(key: str, what: str, expected: str, statement: str) -> Experiment:
    def find(hand: Hand) -> str:
        return hand.refusal(statement.format(d=hand.database(), n=hand.name("DB")))

    return Experiment(key, TOPIC, "#", what, expected, find)


EXPERIMENTS: tuple[Experiment | Unasked, ...] = (
    running_row, history_status, query_types, credit_scale, metering_unprivileged,
    _refusal("limit-zero", "Refused: RESULT_LIMIT of 0.", "001008 (22023)",
             "select * from table({d}.information_schema.query_history(result_limit => 0))"),
    _refusal("history-too-old", "Refused: a range that begins eight days ago.", "001008 (22023)",
             "select * from table({d}.information_schema.query_history(dateadd('day', -8, current_timestamp())))"),
    _refusal("unknown-argument", "Refused: an argument that the function does not have.", "000938 (22023)",
             "select * from table({d}.information_schema.query_history(pages => 1))"),
    _refusal("clone-shared", "Refused: a clone of SNOWFLAKE.", "003001 (42501)", "create database {n} clone snowflake"),
    Unasked("usage-latency", TOPIC, "◇", "A row of ACCOUNT_USAGE appears when the page's longest latency is over.",
            "Snowflake says up to; the moment differs from row to row"),
    Unasked("usage-hours", TOPIC, "◇", "Metering has whole hours; cloud services are 0 until their latency is over.",
            "takes hours of a running warehouse"),
    Unasked("cloud-services-rate", TOPIC, "?", "An hour of compiling statements costs 4.4 credits of cloud services.",
            "the rate is in the Service Consumption Table, and metering appears hours later"),
    Unasked("cloud-services-only", TOPIC, "◇", "Cloud services without a warehouse are CLOUD_SERVICES_ONLY's, id 0.",
            "takes hours to appear"),
    Unasked("attribution", TOPIC, "◇", "Statements that run at the same moment on a cluster share its cost equally.",
            "Snowflake weighs them by the resources they take, which it does not show"),
    Unasked("storage-bytes", TOPIC, "◇", "Bytes are the values', uncompressed; the first write to a clone owns all.",
            "Snowflake's are compressed"),
    Unasked("default-prices", TOPIC, "?", "USD 2 for a credit and USD 23 for a terabyte a month, until others are set.",
            "prices are the contract's"),
    Unasked("login-reasons", TOPIC, "?", "ERROR_MESSAGE of a log-in is such as INCORRECT_USERNAME_PASSWORD.",
            "takes hours to appear"),
)  # fmt: skip
