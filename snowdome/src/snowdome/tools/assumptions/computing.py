"""Warehouses and resource monitors: defaults, states, what SHOW says of them."""

from __future__ import annotations

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment, NotTestable, experiment, listed

TOPIC = "Warehouses and monitors"


def _shown(client: ProbeClient, name: str, column: str) -> str:
    return str(client.ask(f"show warehouses like '{name}'")[0].get(column, "no such column"))


@experiment("auto-suspend-default", TOPIC, "⚙", "A warehouse suspends itself after 600 s by default.", "600")
def auto_suspend_default(client: ProbeClient) -> str:
    """What SHOW says of a warehouse made without a word."""
    return _shown(client, client.warehouse(), "auto_suspend")


@experiment("unset-auto-suspend", TOPIC, "⚙", "UNSET AUTO_SUSPEND means never, not the default of 600.", "None")
def unset_auto_suspend(client: ProbeClient) -> str:
    """What SHOW says after UNSET."""
    name = client.warehouse()
    client.do(f"alter warehouse {name} set auto_suspend = 60", f"alter warehouse {name} unset auto_suspend")
    return _shown(client, name, "auto_suspend")


@experiment("generation-default", TOPIC, "?", "A new warehouse is of generation 2.", "2")
def generation_default(client: ProbeClient) -> str:
    """What SHOW says of a warehouse made without a word; it depends on the region."""
    return _shown(client, client.warehouse(), "generation")


@experiment(
    "acceleration-default", TOPIC, "?", "Query acceleration is on, with factor 2, on a new warehouse.", "true, 2"
)
def acceleration_default(client: ProbeClient) -> str:
    """What SHOW says of a warehouse made without a word."""
    name = client.warehouse()
    columns = ("enable_query_acceleration", "query_acceleration_max_scale_factor")
    return ", ".join(_shown(client, name, column) for column in columns)


@experiment("no-monitor", TOPIC, "⚙", "SHOW WAREHOUSES writes `null` where there is no monitor.", "null")
def no_monitor(client: ProbeClient) -> str:
    """The text in the column."""
    return _shown(client, client.warehouse(), "resource_monitor")


@experiment("suspend-twice", TOPIC, "⚙", "SUSPEND of a suspended warehouse is refused.", "090064 (22000)")
def suspend_twice(client: ProbeClient) -> str:
    """How it is refused."""
    return client.refusal(f"alter warehouse {client.warehouse()} suspend")


@experiment("resume-twice", TOPIC, "⚙", "RESUME of a running warehouse is refused.", "090063 (22000)")
def resume_twice(client: ProbeClient) -> str:
    """How it is refused: of the warehouse that the experiments run on."""
    name = f"{client.prefix}_WH"
    client.ask("select count(*) from table(generator(rowcount => 10))")
    client.do(f"alter warehouse {name} resume if suspended")
    return client.refusal(f"alter warehouse {name} resume")


@experiment("create-uses", TOPIC, "◇", "CREATE WAREHOUSE makes the new one the session's.", "the new one")
def create_uses(client: ProbeClient) -> str:
    """The session's warehouse afterwards."""
    name = client.name("WH")
    client.do(f"create warehouse {name} initially_suspended = true")
    found = client.value("select current_warehouse()")
    client.do(f"use warehouse {client.prefix}_WH")
    return "the new one" if found == name else str(found)


@experiment(
    "monitor-default", TOPIC, "⚙", "A monitor made without a word is MONTHLY and watches nothing.", "MONTHLY, None"
)
def monitor_default(client: ProbeClient) -> str:
    """Frequency and level in SHOW."""
    name = client.name("RM")
    client.do(f"create resource monitor {name}")
    row = client.ask(f"show resource monitors like '{name}'")[0]
    return f"{row['frequency']}, {row['level'] or None}"


@experiment(
    "monitor-columns", TOPIC, "⚙", "SHOW RESOURCE MONITORS has these columns.",
    "comment, created_on, credit_quota, end_time, frequency, level, name, notify_at, notify_users, owner, "
    "remaining_credits, start_time, suspend_at, suspend_immediately_at, used_credits",
)  # fmt: skip
def monitor_columns(client: ProbeClient) -> str:
    """The columns."""
    name = client.name("RM")
    client.do(f"create resource monitor {name} with credit_quota = 1")
    return listed(client.ask(f"show resource monitors like '{name}'")[0])


@experiment("monitor-two-suspends", TOPIC, "#", "A second SUSPEND trigger is refused.", "090000 (22023)")
def two_suspends(client: ProbeClient) -> str:
    """How it is refused."""
    triggers = "triggers on 30 percent do suspend on 50 percent do suspend"
    return client.refusal(f"create resource monitor {client.name('RM')} with credit_quota = 10 {triggers}")


EXPERIMENTS: tuple[Experiment | NotTestable, ...] = (
    auto_suspend_default, unset_auto_suspend, generation_default, acceleration_default, no_monitor, suspend_twice,
    resume_twice, create_uses, monitor_default, monitor_columns, two_suspends,
    NotTestable("rates", TOPIC, "?",
                "Generation 2 and Snowpark-optimized warehouses have the rates of metering/rates.py.",
            "rates are in the Service Consumption Table, and metering appears hours later"),
    NotTestable("used-credits", TOPIC, "?", "SHOW RESOURCE MONITORS shows the credits used up to this moment.",
            "takes hours of a running warehouse"),
    NotTestable("monitor-procedure", TOPIC, "◇", "There are no stored procedures here, so none of ACCOUNTADMIN's.",
            "nothing here to compare with"),
)  # fmt: skip
