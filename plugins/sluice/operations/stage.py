"""A stage at work: its session, its lock, its memory in the journal; every failure is in the journal too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Marker
from sluice.domain.promotion.cutover import Exchange, recorded
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, failed
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, RetryError, SluiceError, StopError
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import NoComputeError, failure_of

log = logging.getLogger(__name__)

_QUOTA_REACHED = 90073
"""Of its resource monitor."""

StageFunction = Callable[[Workspace, Deployment, datetime], StageReport]


class GateError(RefusedError):
    """A gate said no; its evidence, all of it, travels with the refusal."""

    def __init__(self, message: str, evidence: tuple[Evidence, ...], **facts: str | None) -> None:
        super().__init__(message, **facts)
        self.evidence = evidence


@dataclass(slots=True)
class Stage:
    """What a running stage works with; it lives as long as its session."""

    name: str
    work: Workspace
    deployment: Deployment
    now: datetime
    session: Session
    lock: locks.Lock | None = None
    started: float = field(default_factory=monotonic)
    noted: int = 0

    @property
    def spec(self) -> EnvironmentSpec:
        """The spec of the environment that is deployed to."""
        return self.work.spec(self.deployment.environment)

    @property
    def live(self) -> Identifier:
        """The name that consumers read."""
        return self.spec.database.name

    def markers(self) -> dict[str, Marker | None]:
        """Return the marker of live and of each candidate and retained database beside it: one statement."""
        return own_databases(observe.markers(self.session, self.live.name), self.live)

    def note(self, kind: str, payload: Mapping[str, object], *, once: bool = False) -> None:
        """Leave an event in the journal; `once` keeps the first of this kind, however often the stage is repeated."""
        self.noted += 1
        event = Event.once(
            "" if once else f"{self.name}:{self.now.isoformat()}:{self.noted}",
            at=self.now + timedelta(microseconds=self.noted),  # two events of one stage keep their order
            actor=self.deployment.actor,
            environment=self.deployment.environment,
            kind=kind,
            deployment=self.deployment.id,
            payload=payload,
        )
        journal.append(self.session, event)

    def recall(self, *kinds: str) -> list[Event]:
        """Return what this deployment has noted of these kinds, oldest first."""
        return journal.read(
            self.session, environment=self.deployment.environment, deployment=self.deployment.id, kinds=kinds
        )

    def exchange(self) -> Exchange:
        """Return the recorded exchange; without one nothing may be swapped."""
        noted = journal.read(
            self.session,
            environment=self.deployment.environment,
            deployment=self.deployment.id,
            kinds=(Kind.UNDO_RECORDED,),
            every=True,
        )
        return recorded((event.payload for event in noted), self.live, self.deployment)

    def report(
        self, summary: str, facts: Mapping[str, object] | None = None, evidence: tuple[Evidence, ...] = ()
    ) -> StageReport:
        """Return the stage's report, which is in the journal then."""
        spent = {"seconds": round(monotonic() - self.started, 3), "statements": self.session.statements + 1}
        report = StageReport(self.name, summary, {**spent, **(facts or {})}, evidence)
        self.note(Kind.STAGE_DONE, report.to_json())
        return report

    def refuse(self, message: str, evidence: tuple[Evidence, ...], *, untouched: str) -> GateError:
        """Return the refusal that the failing evidence makes; the evidence is in the journal."""
        bad = failed(evidence)
        self.note(Kind.REFUSED, {"stage": self.name, "evidence": [piece.to_json() for piece in evidence]})
        lines = [f"{piece.gate}: {piece.observed} (limit: {piece.limit}){_details(piece)}" for piece in bad]
        return GateError(
            f"{message}: " + "; ".join(lines),
            evidence,
            where=f"{self.deployment.environment}, deployment {self.deployment.id}, stage {self.name}",
            untouched=untouched,
        )


@contextmanager
def stage(
    name: str, work: Workspace, deployment: Deployment, now: datetime, *, locked: bool = True, tidies: bool = False
) -> Iterator[Stage]:
    """Open a stage: its session is tagged, its lock is held and has half its lease left, its failure is noted.

    One that `tidies` up after a failure does so also where the environment's warehouse was stopped meanwhile.
    """
    with _session(name, work, deployment, tidies=tidies) as session:
        running = Stage(name, work, deployment, now, session)
        try:
            if locked:
                running.lock = require_lock(running)
            yield running
        except SluiceError as error:
            _note_failure(running, str(error), error.advice)
            raise
        except Exception as error:
            # its text may hold what it worked on: rows, keys; the task's log has it
            _note_failure(running, f"an unexpected {type(error).__name__}", "read the task's log")
            raise


@contextmanager
def _session(name: str, work: Workspace, deployment: Deployment, *, tidies: bool) -> Iterator[Session]:
    """The environment's own session; to tidy up, where its warehouse may not run, an administrator's on ours."""
    with work.session(deployment.environment, tag={"deployment": deployment.id, "stage": name}) as session:
        if not tidies or _computes(session, deployment):
            yield session
            return
    with work.control() as session:
        log.info("the warehouse of %s may not run; %s works on sluice's own", deployment.environment, name)
        yield session


def _computes(session: Session, deployment: Deployment) -> bool:
    """Whether a statement that needs the session's warehouse runs: neither a budget nor a monitor has stopped it."""
    try:
        journal.read(session, environment=deployment.environment, deployment=deployment.id, kinds=(Kind.PLANNED,))
    except NoComputeError:
        return False
    except RetryError as error:
        failure = failure_of(error)
        if failure is None or failure.errno != _QUOTA_REACHED:
            raise
        return False
    return True


def require_lock(running: Stage) -> locks.Lock:
    """Return the environment's lock, held by this deployment with at least half its lease left, or refuse."""
    lock = locks.read(running.session, running.deployment.environment)
    if lock is None or lock.holder != running.deployment.id:
        raise RefusedError(
            f"this deployment does not hold the lock: {'nobody does' if lock is None else lock.holder + ' does'}",
            where=f"environment {running.deployment.environment}, stage {running.name}",
            value=running.deployment.id,
            good="the stage lock, run before",
            untouched="everything",
        )
    return lock if lock.left * 2 > lock.lease_seconds else locks.renew(running.session, lock)


def own_marker(environment: str, live: Identifier, marker: Marker | None) -> Marker:
    """Return the marker of live, which says that it is this environment's; without it nothing may be touched.

    Raises:
        StopError: live bears no marker of sluice, or another environment's: somebody has changed its comment, or made
            another database of that name.
    """
    if marker is not None and marker.environment == environment:
        return marker
    raise StopError(
        f"{live} does not say that it is live of {environment}: "
        + (
            "its comment holds no marker of sluice"
            if marker is None
            else f"its comment is that of {marker.environment}"
        ),
        where=f"database {live}, its comment",
        value=marker.comment if marker is not None else None,
        good=f"the comment that the last deployment gave it (`sluice history {environment}` says which is live), as "
        f"{Marker(environment, 'd20261120t224901-1a2b3c', 'r0123456789abcdef').comment}; where no deployment ever was, "
        f"{Marker(environment).comment}",
        untouched=live.name,
    )


def own_databases(markers: Mapping[str, Marker | None], live: Identifier) -> dict[str, Marker | None]:
    """Return only live and what is named after it by us."""
    ours = (f"{live.name}__C_", f"{live.name}__R_")
    return {name: marker for name, marker in markers.items() if name == live.name or name.startswith(ours)}


def _note_failure(running: Stage, error: str, advice: str) -> None:
    facts = {"stage": running.name, "error": error, "advice": advice}
    try:
        try:
            running.note(Kind.FAILED, facts)
        except (NoComputeError, RetryError):  # its warehouse is why it failed
            with running.work.control() as session:
                replace(running, session=session).note(Kind.FAILED, facts)
    except SluiceError as second:
        log.warning("the failure could not be noted in the journal: %s", second)


def _details(evidence: Evidence) -> str:
    return f" [{'; '.join(evidence.detail[:5])}]" if evidence.detail else ""
