"""The demo's script: each step is something an engineer does, with its expected result."""

from __future__ import annotations

import shutil
from pathlib import Path

from sluice.airflow_client.api import AirflowApi
from sluice.airflow_client.follow import Ended, follow, next_run, why
from sluice.devstack.budget_scenario import Runaway
from sluice.devstack.production import Observer, what_must_agree
from sluice.devstack.readers import Readers, Seen
from sluice.devstack.script_runner import ScriptLog, Step
from sluice.devstack.stack import Stack
from sluice.domain.specs.environment import load_environments
from sluice.errors import StopError

PROJECT, CHANGES = Path("include/dbt/olist_analytics"), Path("include/dbt/olist_changes")


class Script:
    """Alice starts things, bob approves them, readers read all the time; the project they change is a copy."""

    def __init__(self, stack: Stack, log: ScriptLog, *, alice: AirflowApi, bob: AirflowApi, scale: float) -> None:
        self.stack, self.log, self.alice, self.bob, self.scale = stack, log, alice, bob, scale
        self.root, self.project = stack.environment.root, stack.environment.project
        self.specs = load_environments(self.root / "include" / "environments")
        self.observer = Observer(stack.environment)
        self.seen = Seen()
        self.rollback: dict[str, object] = {}
        self._known: set[str] = set()

    def play(self) -> None:
        """Run every step; raise an error for the first one without its expected result."""
        self.provision()
        self.load()
        prod = self.specs["prod"]
        with Readers(self.observer.consumer(prod), what_must_agree(prod)) as readers:
            self.seen = readers.seen
            self.first()
            self.leaf()
            self.gate()
            self.verification()
            self.roll_back()
        with self.log.step("What 8 readers of production saw meanwhile") as step:
            seen = readers.seen
            step.outcome = f"{seen.reads} reads, {len(seen.values)} answers, {seen.errors} errors, {seen.torn} torn"
            if seen.errors or seen.torn or not seen.reads:
                raise StopError("readers were disturbed", where=str(prod.database.name), value=seen.complaints[:3])
        with self.log.step("A runaway in a feature environment is limited, then suspended") as step:
            step.outcome = Runaway(self.stack, self.log, self.alice).play()

    def provision(self) -> None:
        """The three environments are as their specs say."""
        with self.log.step("Provision dev, staging and production") as step:
            runs = [self.alice.trigger("provision_environment", environment=name) for name in self.specs]
            done = [self._succeeded(follow(self.alice, run, self.log.say)) for run in runs]
            step.outcome = f"{sum(len(ended.reports['apply']['steps']) for ended in done)} steps applied"

    def load(self) -> None:
        """The raw database holds the data."""
        with self.log.step(f"Load the Olist data at scale {self.scale:g}") as step:
            run = self.alice.trigger("load_olist", scale=self.scale)
            ended = self._succeeded(follow(self.alice, run, self.log.say))
            step.outcome = f"{sum(ended.reports['load_olist'].values()):,} rows"

    def first(self) -> None:
        """The first release is live in production."""
        with self.log.step("Build dev; it becomes a release") as step:
            self._count(step, self._refresh("the first release"))
        with self.log.step("Promote to staging: the asset sluice://dev starts it") as step:
            self._count(step, self._promoted("promote_staging"))
        with self.log.step("Promote to production: bob approves what alice started") as step:
            self._count(step, self._promoted("promote_prod"))

    def leaf(self) -> None:
        """A changed leaf is live in production; only what changed was built."""
        self._change("leaf")
        with self.log.step("Change a leaf model: dev builds what changed") as step:
            self._count(step, self._refresh("one leaf changed"))
        with self.log.step("The changed leaf goes to staging") as step:
            self._count(step, self._promoted("promote_staging"))
        with self.log.step("The changed leaf goes to production") as step:
            self._count(step, self._promoted("promote_prod"))

    def gate(self) -> None:
        """A bad release was stopped before cut-over; production is untouched."""
        before = self.observer.live(self.specs["prod"])
        with self.log.step("A release that breaks a gate is stopped before cut-over") as step:
            ended = self._bring("breaks_gate")
            self._stopped(ended, "judge", step)
            now = self.observer.live(self.specs["prod"])
            if now != before:
                raise StopError("production changed", where=str(self.specs["prod"].database.name), value=str(now))
            step.outcome += "; production untouched"

    def verification(self) -> None:
        """A release that fails verification on live was swapped back automatically."""
        before = {name: self.observer.live(spec) for name, spec in self.specs.items()}
        with self.log.step("A release that passes the gates but fails verification is rolled back") as step:
            ended = self._bring("fails_verification")
            self._stopped(ended, "verify", step)
            environment = ended.run.dag_id.removeprefix("promote_")
            now = self.observer.live(self.specs[environment])
            if not ended.fact("undo", "swapped_back") or now != before[environment]:
                raise StopError("live was not swapped back", where=ended.run.dag_id, value=str(now))

    def roll_back(self) -> None:
        """The previous deployment is live in production again, by one DAG run."""
        with self.log.step("Roll production back by hand") as step:
            before = self.observer.live(self.specs["prod"])
            run = self.alice.trigger("rollback", environment="prod", reason="the demo shows how")
            ended = self._succeeded(follow(self.alice, run, self.log.say))
            now = self.observer.live(self.specs["prod"])
            self.rollback = {
                "seconds": ended.fact("settle", "seconds"),
                "statements": ended.fact("settle", "statements"),
                "swap_seconds": ended.fact("settle", "swap_seconds"),
            }
            if None in self.rollback.values():
                raise StopError("the rollback's report is incomplete", where=run.dag_id, value=self.rollback)
            if now.release == before.release:
                raise StopError("production did not change", where=run.dag_id, value=str(now))
            step.outcome = (
                f"{before.release} → {now.release}: {self.rollback['seconds']} s of work, "
                f"{self.rollback['statements']} statements"
            )

    def _refresh(self, reason: str) -> Ended:
        return self._succeeded(follow(self.alice, self.alice.trigger("refresh_dev", reason=reason), self.log.say))

    def _promoted(self, dag_id: str) -> Ended:
        return self._succeeded(self._started_by_asset(dag_id))

    def _started_by_asset(self, dag_id: str) -> Ended:
        run = next_run(self.alice, dag_id, self._known)
        self.log.say(f"Airflow started {dag_id}: its upstream's asset was updated")
        return follow(self.alice, run, self.log.say, approver=self.bob)

    def _bring(self, change: str) -> Ended:
        """Let a change go as far as it gets."""
        self._change(change)
        self._refresh(change.replace("_", " "))
        ended = self._started_by_asset("promote_staging")
        return ended if ended.state == "failed" else self._started_by_asset("promote_prod")

    def _change(self, change: str) -> None:
        """Copy the shipped project with the leaf's change, and this change over it."""
        shutil.rmtree(self.project)
        shutil.copytree(self.root / PROJECT, self.project, ignore=shutil.ignore_patterns("target", "logs"))
        for name in dict.fromkeys(("leaf", change)):
            shutil.copytree(self.root / CHANGES / name, self.project, dirs_exist_ok=True)

    def _stopped(self, ended: Ended, at: str, step: Step) -> None:
        if ended.failed_task() != at or ended.tasks["undo"]["state"] != "success":
            raise why(self.alice, ended, self.stack.task_logs)
        step.models = ended.built
        step.outcome = f"{ended.run.dag_id} stopped at {at}: {ended.reports['undo']['summary']}"

    def _succeeded(self, ended: Ended) -> Ended:
        if ended.state != "success":
            raise why(self.alice, ended, self.stack.task_logs)
        return ended

    @staticmethod
    def _count(step: Step, ended: Ended) -> None:
        step.models = ended.built
        task = next((name for name in ("build", "build_in_place") if name in ended.reports), None)
        step.outcome = str(ended.reports[task]["summary"]) if task else ""
