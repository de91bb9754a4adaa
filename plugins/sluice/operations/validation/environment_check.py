"""The check of include/: everything that is wrong or missing around environments and policies, each with its cure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from sluice.dbt.profile import options_of
from sluice.domain.access.roles import FIXED_DAGS, OWN_DAGS, unknown_names
from sluice.domain.ephemeral.templates import Template, readable_templates
from sluice.domain.findings import Finding
from sluice.domain.names import Identifier
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec, kinds_of, readable_environments, spec_files
from sluice.domain.specs.environment_rules import Included, as_finding, findings, own_dag
from sluice.domain.yaml_loader import each_error
from sluice.errors import SpecError
from sluice.operations.policies import PolicyFiles
from sluice.settings import Settings
from sluice.snowflake.connect import ConnectionSettings

_Policy = TypeVar("_Policy")
_ADD = "airflow connections add"
_WORD = re.compile(r"""["']([\w.-]+)["']""")


def environment_findings(
    here: Settings, connections: Callable[[str], ConnectionSettings] | None = None
) -> tuple[Finding, ...]:
    """Return everything that is wrong with include/environments and include/policies, or missing there.

    `connections` are Airflow's; None: there is no Airflow here, and they are not checked.
    """
    return check(here, *read_included(here), connections)


def check(
    here: Settings,
    included: Included,
    errors: Iterable[SpecError],
    connections: Callable[[str], ConnectionSettings] | None,
) -> tuple[Finding, ...]:
    """Return the findings for files that are read already: what was wrong with them, and what is missing."""
    found = [as_finding(error) for error in errors]
    found += findings(included)
    found += _dag_ids(included, here.root / "dags")
    if connections is not None:
        found += _connections(included, connections)
    return tuple(dict.fromkeys(found))


def read_included(here: Settings) -> tuple[Included, list[SpecError]]:
    """Return what can be read of the files, and what is wrong with the rest."""
    files, written = PolicyFiles.of(here), spec_files(here.environments)
    specs, errors = readable_environments(here.environments)
    templates, template_files, wrong = readable_templates(here.environments / "templates")
    errors += wrong
    kinds = kinds_of(specs)
    # A spec that cannot be read is there all the same: policies may name it.
    named = {name: kinds.get(name, Kind.DEVELOPMENT) for name in written}
    policies, wrong = files.readable_gates_and_checks(named)
    errors += wrong
    access = _read(files.access_as_written, errors)
    errors += unknown_names(access, files.folder / "access.yml", named) if access is not None else ()
    return Included(
        policies_folder=files.folder,
        specs=specs,
        spec_files=written,
        templates=templates,
        template_files=template_files,
        policies=policies,
        access=access.resolved(kinds) if access is not None else None,
        budgets=_read(files.budgets, errors),
        cleanup=_read(files.cleanup, errors),
        prices=_read(files.prices, errors),
    ), errors


def _read(load: Callable[[], _Policy], errors: list[SpecError]) -> _Policy | None:
    try:
        return load()
    except SpecError as error:
        errors += each_error(error)
        return None


def _dag_ids(included: Included, folder: Path) -> Iterator[Finding]:
    """Ids in access.yml that no DAG of sluice has, nor anything that is named in the DAGs folder."""
    if included.access is None:
        return
    known = {*FIXED_DAGS, *(dag_id for spec in included.specs.values() if (dag_id := own_dag(spec)))}
    for path in folder.rglob("*.py") if folder.is_dir() else ():
        known |= {path.stem, *_WORD.findall(path.read_text("utf-8"))}
    for name, role in included.access.roles.items():
        for said in role.dags:
            if said.partition("_")[0] in OWN_DAGS or any(fnmatchcase(dag_id, said) for dag_id in known):
                continue
            near = get_close_matches(said, FIXED_DAGS, 1, 0.85)
            where = included.policy("access.yml", f"roles.{name}.dags")
            message = f"there is no such DAG as {said} in sluice, nor is it named in {folder}"
            yield Finding("error" if near else "warning", where, message, near[0] if near else "leave it out")


def _connections(included: Included, connections: Callable[[str], ConnectionSettings]) -> Iterator[Finding]:
    """What Airflow's connections lack for the environments, each looked at once."""
    looked: set[tuple[str, Identifier]] = set()
    builders: list[tuple[str, EnvironmentSpec | Template, Identifier]] = [
        *((spec.connection, spec, spec.access.user) for spec in included.specs.values()),
        *((template.connection, template, template.user) for template in included.templates.values()),
    ]
    for conn_id, spec, user in builders:
        if (conn_id, user) not in looked:
            looked.add((conn_id, user))
            yield from _builder(conn_id, spec, user, connections)
    for conn_id in dict.fromkeys(spec.admin_connection for _, spec, _ in builders):
        if conn_id not in {named for named, _ in looked}:
            cure = f"{_ADD} {conn_id} --conn-login ADMIN --conn-password … {_extra(role='ACCOUNTADMIN')}"
            yield from _missing(conn_id, connections, cure)


def _builder(
    conn_id: str,
    spec: EnvironmentSpec | Template,
    user: Identifier,
    connections: Callable[[str], ConnectionSettings],
) -> Iterator[Finding]:
    """What a connection lacks that logs in as a service user, with the key that the user is made for."""
    extra = {}
    if isinstance(spec, EnvironmentSpec):
        extra = {
            "role": spec.access.role.written,
            "warehouse": spec.warehouse.name.written,
            "database": spec.database.name.written,
        }
    cure = f"{_ADD} {conn_id} --conn-login '{user}' {_extra(**extra, private_key_file='/path/to/key.p8')}"
    missing = list(_missing(conn_id, connections, cure))
    yield from missing
    if missing:
        return
    settings = connections(conn_id)
    where = f"Airflow connection {conn_id}"
    if settings.user is not None and settings.user.upper() != user.name.upper():
        message = f"it logs in as {settings.user}, and access.user is {user}"
        yield Finding("error", f"{where}: login", message, f"its login: {user}")
    for check in (settings.public_key, lambda: options_of(settings.arguments(token=False), where)):
        try:
            check()
        except SpecError as error:
            yield as_finding(error)


def _missing(conn_id: str, connections: Callable[[str], ConnectionSettings], cure: str) -> Iterator[Finding]:
    try:
        connections(conn_id)
    except SpecError as error:
        ours = f"Airflow connection {conn_id}"  # else all of Airflow is what cannot be used
        yield Finding("error", ours, error.message, cure) if error.where == ours else as_finding(error)


def _extra(**values: str) -> str:
    text = json.dumps({"account": "ORG-ACCOUNT", **values}, ensure_ascii=False).replace("'", "'\\''")
    return f"--conn-type snowflake --conn-extra '{text}'"
