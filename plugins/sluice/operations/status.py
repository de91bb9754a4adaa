"""How the environments stand: read from the account and the journal, remembered nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.domain.journal.events import Event, Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SluiceError
from sluice.operations.provisioning.provisioned import unprovisioned
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, observe
from sluice.snowflake.error_mapping import LoginError, MissingError

_RETAINED = "__R_"
_CANDIDATE = "__C_"


@dataclass(frozen=True, slots=True)
class Kept:
    """A database beside live: a retained former live, or a candidate that is still there."""

    database: str
    deployment: str | None
    release: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """One environment as it stands; `problem` says why nothing more is known."""

    environment: str
    kind: str
    database: str
    deployment: str | None = None
    release: str | None = None
    since: datetime | None = None
    retained: tuple[Kept, ...] = ()
    candidates: tuple[Kept, ...] = ()
    lock_holder: str | None = None
    lock_until: datetime | None = None
    provisioned: bool = True
    """False: neither its database nor its warehouse is there, which is how every environment begins."""
    problem: str | None = None
    error: SluiceError | None = None
    """What `problem` tells, where it was an error."""

    def to_json(self) -> dict[str, object]:
        """Return the status as primitives, moments as ISO 8601."""
        return {
            "environment": self.environment,
            "kind": self.kind,
            "database": self.database,
            "deployment": self.deployment,
            "release": self.release,
            "since": self.since.isoformat() if self.since else None,
            "retained": [_kept(one) for one in self.retained],
            "candidates": [_kept(one) for one in self.candidates],
            "lock": {"holder": self.lock_holder, "until": self.lock_until.isoformat() if self.lock_until else None}
            if self.lock_holder
            else None,
            "provisioned": self.provisioned,
            "problem": self.problem,
        }


def status(work: Workspace, environment: str) -> Status:
    """Return how one environment stands; what cannot be read is said in `problem`, not guessed."""
    spec = work.spec(environment)
    try:
        return _read(work, spec)
    except SluiceError as error:
        live = spec.database.name.name
        if isinstance(error, LoginError | MissingError) and _absent(work, spec.name):
            return Status(spec.name, spec.kind, live, provisioned=False)
        return Status(spec.name, spec.kind, live, problem=str(error), error=error)


def history(work: Workspace, environment: str, *, limit: int = 50) -> list[Event]:
    """Return the latest events of an environment, oldest first; none of one that is not provisioned yet."""
    try:
        with work.session(environment, tag={"stage": "history"}) as session:
            return journal.read(session, environment=environment, latest=limit)
    except (LoginError, MissingError):
        if _absent(work, environment):
            return []
        raise


def audit(work: Workspace, environment: str, *, limit: int = 200) -> list[Event]:
    """Return who did what to an environment, oldest first; also of one that is gone."""
    with work.control() as session:
        return journal.read(session, environment=environment, latest=limit)


def _read(work: Workspace, spec: EnvironmentSpec) -> Status:
    live = spec.database.name.name
    with work.session(spec.name, tag={"stage": "status"}) as session:
        found = {one.name.name: one for one in observe.databases(session, live)}
        lock = locks.read(session, spec.name)
        kinds = (Kind.CUT_OVER, Kind.LIVE, Kind.ROLLED_BACK)
        moves = journal.read(session, environment=spec.name, kinds=kinds, latest=1)
    if live not in found:
        return Status(
            spec.name, spec.kind, live, problem=f"{live} is not there: run provision_environment for {spec.name}"
        )
    marker = found[live].marker
    deployment = marker.deployment if marker else None
    beside = {name: one.marker for name, one in found.items() if name != live and one.marker is not None}
    return Status(
        environment=spec.name,
        kind=spec.kind,
        database=live,
        deployment=deployment,
        release=marker.release if marker else None,
        since=moves[-1].at if moves and deployment else found[live].created_on,
        retained=tuple(Kept(n, m.deployment, m.release) for n, m in sorted(beside.items()) if _RETAINED in n),
        candidates=tuple(Kept(n, m.deployment, m.release) for n, m in sorted(beside.items()) if _CANDIDATE in n),
        lock_holder=lock.holder if lock else None,
        lock_until=lock.until if lock else None,
        problem=None if marker else f"{live} bears no marker of ours",
    )


def _absent(work: Workspace, environment: str) -> bool:
    """Whether it is not provisioned yet, as the administrator sees it; where nobody can look, it is not said."""
    try:
        return environment in unprovisioned(work)
    except SluiceError:
        return False


def _kept(database: Kept) -> dict[str, object]:
    return {"database": database.database, "deployment": database.deployment, "release": database.release}
