"""The graduated stop by real runs of `budget_check`: who overspends, the least important first, all only together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from people import clock, driven, sluice
from world import World

from sluice.devstack.production import Observer
from sluice.snowflake.connect import Session, connect
from sluice.snowflake.statements import Statement

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PRIORITY = "priority: {feature: 30, development: 50, staging: 80, production: 100}\n"
SETTINGS = ("size", "auto_suspend", "auto_resume", "min_cluster_count", "max_cluster_count")


class Estate:
    """Dev, staging, prod, and a feature environment of Alice's, with warehouses that run when we say so."""

    def __init__(self, world: World, session: Session) -> None:
        self.world, self.session = world, session
        self.policy = Path(world.stack.environment.variables()["SLUICE_POLICIES"]) / "budgets.yml"
        asked = {"kind": "feature", "feature": "steep", "owner": "alice", "base": "empty", "size": "LARGE"}
        made = world.run("provision_environment", environment="a new one", reason="a large join", **asked)
        assert made.state == "success"
        self.feature = str(made.reports["apply"]["environment"])
        self.warehouses = {name: str(spec.warehouse.name.name) for name, spec in world.specs.items()}
        self.warehouses[self.feature] = f"{self.feature.upper()}_WH"

    def morning(self) -> None:
        """One o'clock of a new day: nothing is spent, nobody runs, and whatever was held is given back."""
        for warehouse in self.warehouses.values():
            if self.shown(warehouse)["state"] != "SUSPENDED":
                self.session.run(Statement(f"ALTER WAREHOUSE {warehouse} SUSPEND"))
        now = datetime.fromisoformat(str(clock(self.world)["now"]))
        driven(self.world, 25 - now.hour - now.minute / 60)

    def starts(self, name: str, size: str) -> None:
        """Its warehouse runs from now on, whoever uses it."""
        warehouse = self.warehouses[name]
        self.session.run(Statement(f"ALTER WAREHOUSE {warehouse} SET WAREHOUSE_SIZE = {size} AUTO_SUSPEND = 0"))
        self.session.run(Statement(f"ALTER WAREHOUSE {warehouse} RESUME IF SUSPENDED"))

    def shown(self, warehouse: str) -> dict[str, Any]:
        """What SHOW WAREHOUSES says of it."""
        return dict(self.session.one(Statement(f"SHOW WAREHOUSES LIKE '{warehouse}'")))

    def settings(self, name: str) -> dict[str, str]:
        """What a hold may change of its warehouse."""
        shown = self.shown(self.warehouses[name])
        return {key: str(shown[key]) for key in SETTINGS}

    def running(self) -> set[str]:
        """Whose warehouse runs."""
        return {name for name, one in self.warehouses.items() if self.shown(one)["state"] == "STARTED"}

    def check(self) -> list[str]:
        """One run of the DAG: what it did, in order; notices left out."""
        ended = self.world.run("budget_check")
        assert ended.state == "success"
        done = [str(line) for line in ended.reports["check"]["done"]]
        return [" ".join(line.split(":")[0].split()) for line in done if line.split()[0] in ACTS]


ACTS = {"suspend", "limit", "restore"}


@pytest.fixture(scope="module")
def estate(world: World) -> Iterator[Estate]:
    """The world, with a budget policy of its own while these tests run."""
    administrator = replace(Observer(world.stack.environment).administrator(), warehouse="SLUICE_WH")
    with connect(administrator) as session:
        made = Estate(world, session)
        yield made
        made.policy.unlink()


def test_several_that_overspend_are_held_the_least_important_first(estate: Estate) -> None:
    """One a check: the feature environment, dev, then staging, which is limited only; production is only notified.

    They are a few percent over: a tenth beyond its budget the resource monitor of each would have stopped it.
    At the end of the day all is given back as it was, the most important first.
    """
    estate.policy.write_text(PRIORITY + "at_most: 1\n")
    estate.morning()
    estate.check()
    for name, size in ((estate.feature, "SMALL"), ("dev", "MEDIUM"), ("staging", "XLARGE"), ("prod", "XXXLARGE")):
        estate.starts(name, size)
    as_run = {name: estate.settings(name) for name in estate.warehouses}
    driven(estate.world, 4.3)
    assert estate.check() == [f"suspend {estate.feature}"]
    assert estate.running() == {"dev", "staging", "prod"}
    assert estate.check() == ["suspend dev"]
    assert estate.check() == ["limit staging"]
    assert estate.running() == {"staging", "prod"}
    assert estate.settings("prod") == as_run["prod"]
    assert estate.check() == []
    estate.morning()
    assert estate.check() == ["restore staging", "restore dev", f"restore {estate.feature}"]
    assert {name: estate.settings(name) for name in as_run} == as_run
    assert estate.running() == set()


def test_beyond_what_all_may_cost_the_least_important_are_stopped_until_it_is_within(estate: Estate) -> None:
    """USD 33 an hour: of 31 allowed the feature environment goes, of 28 dev too, of 1 production stays."""
    estate.policy.write_text(PRIORITY)
    estate.morning()
    estate.check()
    for name, size in ((estate.feature, "XSMALL"), ("dev", "SMALL"), ("prod", "LARGE")):
        estate.starts(name, size)
    driven(estate.world, 1 / 6)
    together = "increase: {{together: {{percent: 1, minutes: 60, usd_per_hour: {usd}}}}}\n"
    for usd, done, left in (
        (40, [], {estate.feature, "dev", "prod"}),
        (31, [f"suspend {estate.feature}"], {"dev", "prod"}),
        (28, ["suspend dev"], {"prod"}),
        (1, [], {"prod"}),
    ):
        estate.policy.write_text(PRIORITY + together.format(usd=usd))
        assert estate.check() == done
        assert estate.running() == left


def test_several_are_stopped_and_started_by_hand(estate: Estate) -> None:
    """One command for two, through the DAG; what a person stopped, the next day does not give back, a person does."""
    world = estate.world
    estate.policy.write_text(PRIORITY)
    estate.morning()
    estate.check()
    both = ("dev", estate.feature)
    stopped = sluice(world, "budget", "stop", *both, "--reason", "an incident")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    estate.morning()
    assert estate.check() == []
    status = json.loads(sluice(world, "budget", "status", "--json").stdout)["environments"]
    assert {one["environment"] for one in status if one["held"] == "suspended by hand"} == set(both)
    started = sluice(world, "budget", "resume", *both, "--reason", "over")
    assert started.returncode == 0, started.stdout + started.stderr
    assert {estate.settings(name)["auto_resume"] for name in both} == {"true"}
