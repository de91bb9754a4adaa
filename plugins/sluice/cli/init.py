"""`sluice init`: write the files that an existing dbt project needs; asks for names, overwrites nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.cli.shipped import DOOR, shipped
from sluice.cli.terminal import err, out
from sluice.domain.specs.starter import CONNECTIONS, Answers, Named, files, refuse_unusable
from sluice.errors import SluiceError, SpecError
from sluice.settings import dbt_project, dbt_projects

if TYPE_CHECKING:
    from sluice.dbt.project import Project
    from sluice.domain.releases.parsed_project import ParsedProject

WRITTEN = "include/.sluice_init.json"
"""Digests of what an earlier `sluice init` has written: `--force` rewrites what is unchanged since."""
_IGNORED = "build/\n*.p8\n"


@dataclass(frozen=True, slots=True)
class Questions:
    """How values are found: by an option, else by a question, else by a default."""

    yes: bool

    def value(self, question: str, option: str | None, default: str) -> str:
        """Return one value."""
        if option is not None or self.yes:
            return (default if option is None else option).strip()
        return str(typer.prompt(question, default=default, show_default=bool(default))).strip()

    def values(self, question: str, option: str | None, default: Sequence[str], count: int | None = None) -> list[str]:
        """Return comma-separated values; with `count`, exactly so many."""
        text = self.value(question, option, ", ".join(default))
        values = [value.strip() for value in text.split(",") if value.strip()]
        if count is not None and len(values) != count:
            good = ", ".join(default)
            raise SpecError(f"{count} comma-separated values are needed", where=question, value=text, good=good)
        return values


def init(  # noqa: PLR0917 (one option for each question)
    path: Annotated[Path, typer.Argument(help="where to write; the dbt project is in it or one level below")] = Path(),
    dbt: Annotated[Path | None, typer.Option("--dbt-project", help="a dbt project somewhere else")] = None,
    name: Annotated[str | None, typer.Option(help="prefix of databases, warehouses, roles and users")] = None,
    environments: Annotated[str | None, typer.Option(help="development, staging, production: three names")] = None,
    databases: Annotated[
        str | None, typer.Option(help="one for each environment, in this order; likewise below")
    ] = None,
    warehouses: Annotated[str | None, typer.Option()] = None,
    roles: Annotated[str | None, typer.Option()] = None,
    users: Annotated[str | None, typer.Option(help="service users")] = None,
    sources: Annotated[str | None, typer.Option(help="databases that the project reads but does not build")] = None,
    account: Annotated[str | None, typer.Option(help="ORG-ACCOUNT")] = None,
    team: Annotated[str | None, typer.Option(help="for tags and cost attribution")] = None,
    approvers: Annotated[
        str | None, typer.Option(help="Airflow users who may approve a promotion to production")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="ask nothing: use options, else defaults")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="rewrite files that init wrote and nobody changed since")
    ] = False,
) -> None:
    """Write the files that a dbt project needs: specs, policies, DAGs, the ref macro, the connections to create.

    Names are asked for; defaults come from dbt_project.yml, profiles.yml and the project itself. No file is
    overwritten. Ends with `sluice validate`.
    """
    from sluice.dbt.project import read_project

    questions = Questions(yes)
    root = path.resolve()
    project = read_project(_chosen(questions, root, dbt))
    answers = _answers(
        questions,
        project,
        {
            "name": name,
            "environments": environments,
            "databases": databases,
            "warehouses": warehouses,
            "roles": roles,
            "users": users,
            "sources": sources,
            "account": account,
            "team": team,
            "approvers": approvers,
        },
    )
    refuse_unusable(answers)
    texts = _needed_files(root, project, answers)
    new, existing = _new_and_existing(root, texts, force=force)
    _print_files(root, new, existing)
    if new and not yes and not typer.confirm("Write them?", default=True):
        raise typer.Exit(1)
    _write(root, new)
    named = dbt_project(root).resolve() != project.folder.resolve()
    _validate_and_print_next(root, project.folder if named else None, answers.environments[0].name)


def _chosen(questions: Questions, root: Path, given: Path | None) -> Path:
    """The dbt project: the one named, the only one, or the one that is chosen."""
    if given is not None:
        return given.resolve()
    projects = dbt_projects(root)
    if not projects:
        raise SpecError(
            "no dbt project here, nor one level below",
            where=str(root),
            good="sluice init /path/to/it, or --dbt-project /path/to/it",
            untouched="every file",
        )
    if len(projects) == 1:
        return projects[0]
    names = [str(folder.relative_to(root)) for folder in projects]
    if questions.yes:
        raise SpecError(
            "there are several dbt projects",
            where=str(root),
            value=names,
            good=f"--dbt-project {names[0]}",
            untouched="every file",
        )
    picked = questions.value(f"Which dbt project ({', '.join(names)})", None, names[0])
    if picked not in names:
        raise SpecError(
            "no such dbt project", where=str(root), value=picked, good=", ".join(names), untouched="every file"
        )
    return projects[names.index(picked)]


def _answers(questions: Questions, project: Project, given: Mapping[str, str | None]) -> Answers:
    from sluice.dbt.own_profile import own_profile

    profile = own_profile(project)
    parsed = _parsed(project)
    prefix = questions.value(
        "Prefix of databases, warehouses, roles", given["name"], profile.unused(project.name.upper())
    )
    names = questions.values(
        "Environments: development, staging, production", given["environments"], ("dev", "staging", "prod"), 3
    )
    upper = [f"{prefix}_{environment.upper()}" for environment in names]
    databases = questions.values("Their databases", given["databases"], upper, 3)
    warehouses = questions.values("Warehouses", given["warehouses"], [f"{stem}_WH" for stem in upper], 3)
    roles = questions.values("Roles that build them", given["roles"], [f"SLUICE_{stem}" for stem in upper], 3)
    users = questions.values("Service users", given["users"], [f"SVC_{stem}" for stem in upper], 3)
    sources = questions.values(
        "Databases that the project reads but does not build", given["sources"], _sources(parsed, profile.databases)
    )
    return Answers(
        project=project.name,
        environments=tuple(
            Named(*things, target=profile.target(place, things[0]))
            for place, things in enumerate(zip(names, databases, warehouses, roles, users, strict=True))
        ),
        sources=tuple(sources),
        account=questions.value("Snowflake account (ORG-ACCOUNT)", given["account"], profile.account or "your_account"),
        team=questions.value("Team", given["team"], "data-engineering"),
        approvers=tuple(
            questions.values(
                "Airflow users who may approve production (none: anyone but whoever started it)", given["approvers"], ()
            )
        ),
        relation=_relation(parsed),
    )


def _parsed(project: Project) -> ParsedProject | None:
    """The project as dbt parses it; None where dbt refuses it, which is printed and validated again at the end."""
    from sluice.operations.validation.project_check import look

    with err.status("dbt parses the project"):
        try:
            return look(project.folder)
        except SluiceError as error:
            err.print(f"{error}\n", style="yellow", markup=False, highlight=False, soft_wrap=True)
            return None


def _sources(parsed: ParsedProject | None, databases: Sequence[str]) -> list[str]:
    """The databases of the project's sources; sources without a database are in the one it is built in today."""
    from sluice.operations.validation.project_check import LOOKED

    if parsed is None:
        return []
    named = {source.database for source in parsed.used_sources()}
    return sorted(named - {LOOKED, "SNOWFLAKE"}) + [name for name in databases[:1] if LOOKED in named]


def _relation(parsed: ParsedProject | None) -> str:
    models = (
        []
        if parsed is None
        else [node for node in parsed.built_nodes() if node.package == parsed.name and node.kind == "model"]
    )
    return f"{models[0].schema}.{models[0].relation}".lower() if models else "analytics.orders"


def _needed_files(root: Path, project: Project, answers: Answers) -> dict[Path, str]:
    """Every needed file, with its text."""
    from sluice.dbt.project import REF_OVERRIDE

    texts = {root / path: text for path, text in files(shipped(), answers).items()}
    texts[root / ".gitignore"] = _IGNORED
    if not any(point.name == "sluice" for point in entry_points(group="airflow.plugins")):
        texts |= {root / path: text for path, text in shipped(DOOR).items()}
    if not project.overrides_ref():
        texts[project.folder / project.macros[0] / "ref.sql"] = REF_OVERRIDE
    return texts


def _new_and_existing(root: Path, texts: Mapping[Path, str], *, force: bool) -> tuple[dict[Path, str], list[Path]]:
    """The files to write, and the existing ones that stay unchanged."""
    before = _written(root)
    new: dict[Path, str] = {}
    existing: list[Path] = []
    for path, text in texts.items():
        present = _digest(path.read_bytes()) if path.is_file() else None
        if present == _digest(text.encode()):
            continue
        if present is None or (force and before.get(_key(root, path)) == present):
            new[path] = text
        else:
            existing.append(path)
    return new, existing


def _print_files(root: Path, new: Mapping[Path, str], existing: Sequence[Path]) -> None:
    out.print(f"Files to write in {root}:" if new else "Nothing to write: all files exist.", highlight=False)
    for path in new:
        out.print(f"  {_key(root, path)}", markup=False, highlight=False, soft_wrap=True)
    if existing:
        out.print("Exist already, not changed:", highlight=False)
    for path in existing:
        missing = f" (add: {' '.join(_IGNORED.split())})" if path.name == ".gitignore" and not _ignores(path) else ""
        out.print(f"  {_key(root, path)}{missing}", markup=False, highlight=False, soft_wrap=True)


def _ignores(path: Path) -> bool:
    return set(_IGNORED.split()) <= set(path.read_text("utf-8").split())


def _write(root: Path, new: Mapping[Path, str]) -> None:
    for path, text in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if new:
        record = _written(root) | {_key(root, path): _digest(text.encode()) for path, text in new.items()}
        (root / WRITTEN).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


def _validate_and_print_next(root: Path, project: Path | None, first: str) -> None:
    """Validate the files and print the next steps."""
    from sluice.cli.validate import validate

    os.environ["SLUICE_ROOT"] = str(root)
    if project is not None:
        os.environ["SLUICE_DBT_PROJECT"] = str(project)
    out.print("\n[bold]sluice validate[/bold]", highlight=False)
    try:
        validate(strict=False, as_json=False)
    except typer.Exit:
        out.print("\nFix what it reports, then: sluice validate", highlight=False)
    before = [f"cd {root}"] if Path.cwd() != root else []
    before += [f"export SLUICE_DBT_PROJECT='{project}'"] if project is not None else []
    commands = [
        ("python -m sluice.devstack up", "Airflow and an embedded account on this machine, everything provisioned;"),
        ("", f"or, with an Airflow and an account of yours: the connections of {CONNECTIONS}"),
        (f"sluice explain provision {first}", "what is created in the account, or would be"),
        (f"sluice refresh {first}", f"dbt builds {first}; its release is promoted to the other environments"),
    ]
    lines = [*before, *(f"{command:<{len(first) + 26}}  # {text}" for command, text in commands)]
    out.print("\n  ".join(["\nNext:", *lines]), markup=False, highlight=False, soft_wrap=True)


def _written(root: Path) -> dict[str, str]:
    try:
        content = json.loads((root / WRITTEN).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _key(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
