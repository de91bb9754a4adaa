"""The resources of one environment in the account: rows of SHOW as the types that a spec is turned into."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from sluice.domain.journal.control_schema import (
    CONTROL,
    EVENTS,
    TAGS,
    VERSION,
    VIEWS,
    control_warehouse,
    environment_journal,
    is_environment_journal,
    lock_schema,
)
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.provisioning.resources import (
    Database,
    Grant,
    Membership,
    PlanningContext,
    Resources,
    Tagged,
    User,
    Warehouse,
)
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.snowflake import control_database, locks, resource_monitors, row_parsing, show, statements, warehouses
from sluice.snowflake.connect import Row, Session

_KINDS = ("SCHEMA", "TABLE", "VIEW")


def observe(session: Session, spec: EnvironmentSpec) -> tuple[Resources, PlanningContext]:
    """Return the environment's existing resources, in a constant number of look-ups."""
    databases = {row_parsing.name(row): row for row in session.run(show.databases())}
    shown = warehouses.show_all(session)
    row = next((each for each in shown if each.name == spec.warehouse.name), None)
    compute = warehouses.settings_of(session, row) if row is not None else None
    if compute is not None:  # one that was stopped on purpose, by the clock or by a person, starts for nobody
        usable = compute.name if compute.auto_resume else control_warehouse(spec.control_database)
        session.run(statements.use_warehouse(usable))
    roles = {spec.access.role, *spec.access.readers} & {row_parsing.name(row) for row in session.run(show.roles())}
    held = {role: session.run(show.grants_to(role)) for role in sorted(roles)}
    control = _control(session, spec) if spec.control_database in databases else frozenset()
    read = [spec.base.database] if spec.base is not None and spec.base.schemas else []
    looked = dict.fromkeys((spec.database.name, *spec.sources, *read))
    contents = {name: _contents(session, name) for name in looked if name in databases}
    grants = {one for role, found in held.items() for one in _grants(role, found)}
    grants |= {one for role in sorted(roles) for one in _future_grants(role, session.run(show.future_grants_to(role)))}
    covering, uncovered = _covering(held, contents)
    live = databases.get(spec.database.name)
    monitors = resource_monitors.observe(session, shown)
    tag_schema = Qualified(spec.control_database, TAGS)
    estate = Resources(
        control=control,
        tag_names=frozenset(_tag_names(session, tag_schema)) if tag_schema in control else frozenset(),
        roles=frozenset(roles),
        warehouse=compute,
        monitor=monitors.of(spec),
        database=_database(live) if live is not None else None,
        sources=frozenset(name for name in spec.sources if name in databases),
        user=None if spec.access.shared_user else _user(session, spec.access.user),
        memberships=frozenset(one for role in sorted(roles) for one in _memberships(session, role)),
        grants=frozenset(grants | covering),
        tagged=frozenset(_tagged(session, spec, has_database=live is not None, warehouse=compute, control=control)),
    )
    return estate, PlanningContext(
        lock_holder=_lock_holder(session, spec, control, compute),
        schemas=contents[spec.database.name]["SCHEMA"] if live is not None else frozenset(),
        uncovered=tuple(sorted(uncovered)),
        guarded_by=monitors.foreign(spec),
        may_monitor=(session.settings.role or "").upper() == "ACCOUNTADMIN",
    )


def _database(row: Row) -> Database:
    marker = Marker.parse(row_parsing.text(row, "comment"))
    return Database(
        name=row_parsing.name(row),
        environment=marker.environment if marker else None,
        retention_days=row_parsing.number(row, "retention_time"),
        transient="TRANSIENT" in str(row.get("options") or "").upper(),
    )


def _user(session: Session, name: Identifier) -> User | None:
    if not any(row_parsing.name(row) == name for row in session.run(show.users(name))):
        return None
    properties = {str(row["property"]).upper(): row for row in session.run(show.describe_user(name))}

    def said(key: str) -> str | None:
        return row_parsing.text(properties[key], "value") if key in properties else None

    def named(key: str) -> Identifier | None:
        return row_parsing.named(properties[key], "value") if said(key) else None

    return User(
        name=name,
        fingerprint=said("RSA_PUBLIC_KEY_FP"),
        default_role=named("DEFAULT_ROLE"),
        default_warehouse=named("DEFAULT_WAREHOUSE"),
    )


def _control(session: Session, spec: EnvironmentSpec) -> frozenset[Qualified]:
    """What is there of the control database as this version of sluice makes it; an older view counts as missing."""
    control = spec.control_database
    schemas = {row_parsing.name(row): row for row in session.run(show.schemas(control))}
    tables = {
        Qualified(control, row_parsing.name(row, "schema_name"), row_parsing.name(row))
        for row in session.run(show.tables(control))
    }
    views = {
        Qualified(control, row_parsing.name(row, "schema_name"), row_parsing.name(row)): row
        for row in session.run(show.views(control))
    }
    found = {Qualified(control), *(Qualified(control, name) for name in schemas), *tables, *views}
    if CONTROL in schemas and control_database.version_in(schemas[CONTROL], control) < VERSION:
        found -= {Qualified(control, CONTROL), *(Qualified(control, CONTROL, view) for view in VIEWS)}
    events = Qualified(control, CONTROL, EVENTS)
    journals = {name for name in tables if is_environment_journal(name)} | {environment_journal(control, spec.name)}
    if events in views and control_database.read_by(views[events], control) != journals:
        found.discard(events)
    return frozenset(found)


def _tag_names(session: Session, schema: Qualified) -> Iterable[Qualified]:
    for row in session.run(show.tags(schema)):
        yield Qualified(schema.database, schema.schema, row_parsing.name(row))


def _contents(session: Session, database: Identifier) -> dict[str, frozenset[Qualified]]:
    schemas = {Qualified(database, row_parsing.name(row)) for row in session.run(show.schemas(database))}
    found: dict[str, frozenset[Qualified]] = {"SCHEMA": frozenset(schemas)}
    for kind, statement in (("TABLE", show.tables(database)), ("VIEW", show.views(database))):
        found[kind] = frozenset(
            Qualified(database, row_parsing.name(row, "schema_name"), row_parsing.name(row))
            for row in session.run(statement)
            if str(row["schema_name"]) != "INFORMATION_SCHEMA"
        )
    return found


def _grants(role: Identifier, found: list[Row]) -> Iterable[Grant]:
    for row in found:
        kind = str(row["granted_on"]).upper().replace("_", " ")
        if kind in {"ROLE", "USER"}:
            continue
        on = None if kind == "ACCOUNT" else row_parsing.qualified(str(row["name"]))
        yield Grant(str(row["privilege"]).upper(), kind, on, role)


def _future_grants(role: Identifier, found: list[Row]) -> Iterable[Grant]:
    for row in found:
        kind = str(row["grant_on"]).upper().replace("_", " ")
        yield Grant(str(row["privilege"]).upper(), kind, row_parsing.qualified(str(row["name"])), role, "future")


def _covering(
    held: dict[Identifier, list[Row]], contents: dict[Identifier, dict[str, frozenset[Qualified]]]
) -> tuple[set[Grant], set[str]]:
    """A grant on *all* of a kind is there when each object has it; of schemas, those with something in them count."""
    covering: set[Grant] = set()
    uncovered: set[str] = set()
    for role, found in held.items():
        has = {(one.privilege, one.kind, one.on) for one in _grants(role, found)}
        for database, inside in contents.items():
            used = {Qualified(one.database, one.schema) for kind in ("TABLE", "VIEW") for one in inside[kind]}
            enters = ("USAGE", "DATABASE", Qualified(database)) in has
            if _owned(has, inside):
                covering |= {Grant("OWNERSHIP", kind, Qualified(database), role, "all") for kind in _KINDS}
            for kind in _KINDS:
                privilege = "USAGE" if kind == "SCHEMA" else "SELECT"
                objects = used if kind == "SCHEMA" else inside[kind]
                lacking = {
                    one for one in objects if (privilege, kind, one) not in has and ("OWNERSHIP", kind, one) not in has
                }
                if not lacking:
                    covering.add(Grant(privilege, kind, Qualified(database), role, "all"))
                elif enters:
                    uncovered |= {f"{kind.lower()} {one}" for one in lacking}
    return covering, uncovered


def _owned(has: AbstractSet[tuple[str, str, Qualified | None]], inside: dict[str, frozenset[Qualified]]) -> bool:
    """Whether the role owns every schema, table and view."""
    return all(("OWNERSHIP", kind, one) in has for kind in _KINDS for one in inside[kind])


def _memberships(session: Session, role: Identifier) -> Iterable[Membership]:
    for row in session.run(show.grants_of(role)):
        kind = str(row["granted_to"]).upper()
        if kind == "ROLE":
            yield Membership(role, "ROLE", row_parsing.named(row, "grantee_name"))
        elif kind == "USER":
            yield Membership(role, "USER", row_parsing.named(row, "grantee_name"))


def _tagged(
    session: Session,
    spec: EnvironmentSpec,
    *,
    has_database: bool,
    warehouse: Warehouse | None,
    control: frozenset[Qualified],
) -> Iterable[Tagged]:
    if warehouse is None or Qualified(spec.control_database, TAGS) not in control:
        return
    if has_database:
        for tag, value in _values(session, spec.control_database, spec.database.name, "DATABASE"):
            yield Tagged("DATABASE", spec.database.name, tag, value)
    for tag, value in _values(session, spec.control_database, warehouse.name, "WAREHOUSE"):
        yield Tagged("WAREHOUSE", warehouse.name, tag, value)


def _values(session: Session, control: Identifier, name: Identifier, domain: str) -> Iterable[tuple[Identifier, str]]:
    for row in session.run(show.tag_values(control, name, domain)):
        ours = (str(row["tag_database"]), str(row["tag_schema"])) == (control.name, TAGS.name)
        if ours and str(row["level"]).upper() == domain:
            yield row_parsing.name(row, "tag_name"), str(row["tag_value"])


def _lock_holder(
    session: Session, spec: EnvironmentSpec, control: frozenset[Qualified], warehouse: Warehouse | None
) -> str | None:
    held = Qualified(spec.control_database, lock_schema(spec.name), locks.LOCK_TABLE)
    if warehouse is None or held not in control:
        return None
    lock = locks.read(session, spec.name)
    return lock.holder if lock is not None else None
