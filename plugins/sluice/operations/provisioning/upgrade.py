"""Bringing the control schema of an account forward to this version of sluice, for all of its environments at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sluice.domain.journal.control_schema import VERSION, environment_journal, lock_schema
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import control_database, control_sql, row_parsing, show
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import MissingError


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade found and left."""

    before: int
    """The version that the control schema had."""
    version: int
    environments: tuple[str, ...]
    """Those that have a journal of their own now."""

    def to_json(self) -> dict[str, object]:
        """Return the report as primitives."""
        return {**asdict(self), "environments": list(self.environments)}


@in_one_session
def upgrade(work: Workspace) -> Upgraded:
    """Leave the control schema as this version makes it; done again, nothing changes.

    Each environment has a journal that its own role alone may write, and no role but the administrator's may write the
    one that they had together. What is in there stays.

    Raises:
        MissingError: nothing was provisioned in this account yet.
        RefusedError: a newer version of sluice has made the control schema.
    """
    with work.control() as session:
        before = control_database.version(session)
        known = {**{name: life.spec for name, life in work.lives().items() if life.exists}, **work.environments}
        provisioned = {row_parsing.name(row) for row in session.run(show.schemas(session.control))}
        roles = {row_parsing.name(row) for row in session.run(show.roles())}  # a half-made environment has none yet
        specs = [
            spec
            for name, spec in sorted(known.items())
            if lock_schema(name) in provisioned and spec.access.role in roles
        ]
        for spec in specs:
            _own_journal(session, spec)
        for role in control_database.writers(session):
            session.run(control_sql.revoke_insert(session.control, role))
        control_database.ensure(session)
        for spec in specs:
            session.run(control_sql.grant_events(session.control, spec.access.role))
    return Upgraded(before, VERSION, tuple(spec.name for spec in specs))


def older(work: Workspace) -> bool:
    """Return whether the account has a control schema, and an older sluice has made it."""
    try:
        with work.control() as session:
            return control_database.version(session) < VERSION
    except MissingError:
        return False


def _own_journal(session: Session, spec: EnvironmentSpec) -> None:
    table = environment_journal(session.control, spec.name)
    session.run(control_sql.create_journal(table))
    session.run(control_sql.grant_journal(table, spec.access.role))
