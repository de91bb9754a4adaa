"""Access: the policy's roles in the account, passes that end by themselves, and the review of who has what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sluice.domain.access import access_review, temporary_access
from sluice.domain.access.access_review import ReviewLine
from sluice.domain.access.roles import AccessPolicy, Level, access_role, desired_roles, reader_role
from sluice.domain.access.temporary_access import Holder, TemporaryGrant, TemporaryGrantEvent
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.steps import CreateRole, GrantPrivileges, GrantRole, GrantViewer, Plan, Step
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, SpecError
from sluice.operations.access.temporary_access import end, granted
from sluice.operations.caller import Caller
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import access, journal, row_parsing, show
from sluice.snowflake.apply import apply
from sluice.snowflake.connect import Session

ROLES = "roles"
"""What the plan of the policy's roles is called."""
_DAYS = 180
"""How far back the review looks."""


def plan_roles(work: Workspace, policy: AccessPolicy) -> Plan:
    """Return the steps that give the account the policy's roles; nothing is changed.

    A membership whose environment is not provisioned yet is left for later, and said.
    """
    with work.control() as session:
        return _plan_roles(work, session, policy)


def provision_roles(work: Workspace, policy: AccessPolicy) -> Plan:
    """Leave the policy's roles in the account, with what they hold and no more of ours; a second run does nothing."""
    with work.control() as session:
        plan = _plan_roles(work, session, policy)
        apply(session, plan)
    return plan


@in_one_session
def grant(
    work: Workspace,
    environment: str,
    holder: Holder,
    caller: Caller,
    *,
    level: Level,
    hours: int,
    reason: str,
    policy: AccessPolicy,
) -> TemporaryGrant:
    """Leave the holder with access to the environment until its time is over; it is written down before it is given.

    Raises:
        SpecError: no such environment, no such holder, no reason, or too long.
        RefusedError: write access where nobody is given any.
    """
    spec = work.including(environment).spec(environment)
    _refuse_nameless(reason)
    ends = temporary_access.until(policy, spec, level, hours, caller.now)
    role = access_role(spec, level)
    if level is Level.READ and reader_role(spec) == spec.access.role:
        raise RefusedError(
            "this environment has no role for readers",
            where=f"environment {environment}: access.readers",
            good="level write, or an environment made anew",
            untouched="everything",
        )
    facts = {
        "role": role.name,
        "to": holder.kind,
        "holder": holder.name.name,
        "level": str(level),
        "until": ends.isoformat(),
        "reason": reason,
    }
    with work.control() as session:
        _refuse_unknown(session, holder)
        event = Event.once(
            caller.holder,
            at=caller.now,
            actor=caller.actor,
            environment=environment,
            kind=TemporaryGrantEvent.GRANTED,
            payload=facts,
        )
        journal.append(session, event)
        session.run(access.grant(role, holder))
    return TemporaryGrant(environment, role, level, holder, caller.now, ends, caller.actor, reason)


@in_one_session
def revoke(work: Workspace, environment: str, holder: Holder, caller: Caller, *, reason: str) -> list[TemporaryGrant]:
    """Leave the holder without the passes to this environment that sluice gave; return those that were taken back."""
    _refuse_nameless(reason)
    grants = [grant for grant in current(work) if grant.environment == environment]
    mine = [grant for grant in grants if grant.holder == holder]
    if not mine:
        theirs = ", ".join(str(grant.holder) for grant in grants)
        raise SpecError(
            "this holder has no pass to the environment",
            where=f"environment {environment}",
            value=str(holder),
            good=theirs or "sluice access list",
            untouched="everything",
        )
    with work.control() as session:
        for grant in mine:
            end(session, grant, caller, reason)
    return mine


def current(work: Workspace) -> list[TemporaryGrant]:
    """Return every pass that was given and not taken back."""
    with work.account() as account:
        return granted(account)


def review_access(work: Workspace, policy: AccessPolicy, now: datetime) -> list[ReviewLine]:
    """Return who has which role of ours, since when, last used, and what should be taken back."""
    with work.account() as account:
        session = account.computing()
        specs = {
            **work.environments,
            **{name: life.spec for name, life in account.ephemeral().items() if life.state is not State.DROPPED},
        }
        environments = {role.name: name for name, spec in specs.items() for role in _roles(spec)}
        held = [
            one
            for role in sorted({*environments, *(r.snowflake_role.name for r in policy.roles.values())})
            for one in access.assignments_of(session, Identifier.from_account(role))
            if not _own(one.holder, specs.values())
        ]
        given, used = granted(account), access.last_use(session, _DAYS)
    return access_review.review(held, given, environments=environments, last_use=used, policy=policy.review, now=now)


def keep_review(work: Workspace, lines: list[ReviewLine], now: datetime) -> str:
    """Leave the review in the store as JSON, and return where."""
    home = work.store / "reviews"
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"access-{now:%Y-%m-%d}.json"
    path.write_text(json.dumps({"at": now.isoformat(), "lines": [asdict(one) for one in lines]}, indent=2))
    return str(path)


def _plan_roles(work: Workspace, session: Session, policy: AccessPolicy) -> Plan:
    want = desired_roles(policy, work.environments)
    there = {row_parsing.name(row) for row in session.run(show.roles())}
    marker = Marker(ROLES)
    steps: list[Step] = [CreateRole(one, marker, "the policy names it") for one in sorted(want.roles - there)]
    later = []
    for one in sorted(want.memberships, key=str):
        if one.role not in there | want.roles:
            later.append(f"{one.role} is not there yet: provision its environment, then this again")
        elif one.role not in there or one.to not in {
            got.holder.name for got in access.assignments_of(session, one.role)
        }:
            steps.append(GrantRole(one, "the policy's matrix"))
    for role in sorted(want.roles):
        held = session.run(show.grants_to(role)) if role in there else []
        has = {(str(row["privilege"]).upper(), _place(row)) for row in held}
        steps += [
            GrantPrivileges((one.privilege,), one, "the policy's matrix")
            for one in sorted((one for one in want.grants if one.role == role), key=str)
            if (one.privilege, str(one.on) if one.on else "") not in has
        ]
        seen = access.viewers(session, role) if role in there else set()
        steps += [
            GrantViewer(viewer, role, "the policy's matrix")
            for viewer, whose in sorted(want.viewers)
            if whose == role and viewer not in seen
        ]
    return Plan(ROLES, tuple(steps), tuple(later))


def _place(row: dict[str, object]) -> str:
    return "" if str(row["granted_on"]).upper() == "ACCOUNT" else str(row_parsing.qualified(str(row["name"])))


def _roles(spec: EnvironmentSpec) -> set[Identifier]:
    return {spec.access.role, *spec.access.readers}


def _own(holder: Holder, specs: Iterable[EnvironmentSpec]) -> bool:
    """The environment's own service user, and the roles that provisioning wove together."""
    return any(holder.name in {spec.access.user, spec.access.role, spec.access.parent_role} for spec in specs)


def _refuse_unknown(session: Session, holder: Holder) -> None:
    if holder.kind == "ROLE":
        there = {row_parsing.name(row) for row in session.run(show.roles())}
    else:
        there = {row_parsing.name(row) for row in session.run(show.users(holder.name))}
    if holder.name not in there:
        raise SpecError(
            f"there is no such {holder.kind.lower()}",
            where="holder",
            value=holder.name.name,
            good="a name as SHOW USERS or SHOW ROLES tells it",
            untouched="everything",
        )


def _refuse_nameless(reason: str) -> None:
    if not reason.strip():
        raise SpecError("a reason is needed", where="reason", good="on call this week", untouched="everything")
