"""`sluice init`: what an existing dbt project needs beside it, names asked for, nothing of anybody's overwritten."""

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
from sluice.domain.starter import Answers, Named, files, refuse_unusable
from sluice.errors import SluiceError, SpecError
from sluice.settings import dbt_project, dbt_projects

if TYPE_CHECKING:
    from sluice.dbt.project import Project
    from sluice.domain.parsed import ParsedProject

WRITTEN = "include/.sluice_init.json"
"""What an earlier `sluice init` has written, by content: what is still so, `--force` may write anew."""
_IGNORED = "build/\n*.p8\n"


@dataclass(frozen=True, slots=True)
class Asking:
    """How a value comes about: by an option, else by a question, else by its default."""

    yes: bool

    def one(self, question: str, given: str | None, default: str) -> str:
        """Return one value."""
        if given is not None or self.yes:
            return (default if given is None else given).strip()
        return str(typer.prompt(question, default=default, show_default=bool(default))).strip()

    def several(self, question: str, given: str | None, default: Sequence[str], count: int | None = None) -> list[str]:
        """Return several values, said with commas between; `count`: neither more nor less."""
        text = self.one(question, given, ", ".join(default))
        values = [value.strip() for value in text.split(",") if value.strip()]
        if count is not None and len(values) != count:
            good = ", ".join(default)
            raise SpecError(f"{count} are needed, with commas between", where=question, value=text, good=good)
        return values


def init(  # noqa: PLR0917 (one option for each question)
    path: Annotated[Path, typer.Argument(help="where to write; the dbt project is there or one level below")] = Path(),
    dbt: Annotated[Path | None, typer.Option("--dbt-project", help="a dbt project that lies elsewhere")] = None,
    name: Annotated[str | None, typer.Option(help="in front of databases, warehouses, roles and users")] = None,
    environments: Annotated[str | None, typer.Option(help="development, staging, production: three names")] = None,
    databases: Annotated[str | None, typer.Option(help="theirs, in this order, as for all that follow")] = None,
    warehouses: Annotated[str | None, typer.Option()] = None,
    roles: Annotated[str | None, typer.Option()] = None,
    users: Annotated[str | None, typer.Option(help="service users")] = None,
    sources: Annotated[str | None, typer.Option(help="databases that the project reads and does not make")] = None,
    account: Annotated[str | None, typer.Option(help="ORG-ACCOUNT")] = None,
    team: Annotated[str | None, typer.Option(help="for tags, and for who pays")] = None,
    approvers: Annotated[
        str | None, typer.Option(help="Airflow users who may approve a promotion to production")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="ask nothing: options count, else defaults")] = False,
    force: Annotated[bool, typer.Option("--force", help="write anew what init wrote and nobody changed since")] = False,
) -> None:
    """Write what is needed beside a dbt project: specs, policies, DAGs, the ref macro, the connections to make.

    Names are asked for; defaults come from dbt_project.yml, profiles.yml and the project itself. None is overwritten.
    Ends with `sluice validate`.
    """
    from sluice.dbt.project import read_project

    asking = Asking(yes)
    root = path.resolve()
    project = read_project(_chosen(asking, root, dbt))
    answers = _answers(
        asking,
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
    wanted = _wanted(root, project, answers)
    new, kept = _sorted_out(root, wanted, force=force)
    _tell(root, new, kept)
    if new and not yes and not typer.confirm("Write them?", default=True):
        raise typer.Exit(1)
    _write(root, new)
    named = dbt_project(root).resolve() != project.folder.resolve()
    _end(root, project.folder if named else None)


def _chosen(asking: Asking, root: Path, given: Path | None) -> Path:
    """The dbt project: the one named, the only one there, or the one that is picked."""
    if given is not None:
        return given.resolve()
    found = dbt_projects(root)
    if not found:
        raise SpecError(
            "no dbt project here, nor one level below",
            where=str(root),
            good="sluice init /path/to/it, or --dbt-project /path/to/it",
            untouched="every file",
        )
    if len(found) == 1:
        return found[0]
    names = [str(folder.relative_to(root)) for folder in found]
    if asking.yes:
        raise SpecError(
            "there are several dbt projects",
            where=str(root),
            value=names,
            good=f"--dbt-project {names[0]}",
            untouched="every file",
        )
    picked = asking.one(f"Which dbt project ({', '.join(names)})", None, names[0])
    if picked not in names:
        raise SpecError(
            "no such dbt project", where=str(root), value=picked, good=", ".join(names), untouched="every file"
        )
    return found[names.index(picked)]


def _answers(asking: Asking, project: Project, given: Mapping[str, str | None]) -> Answers:
    from sluice.dbt.own_profile import own_profile

    profile = own_profile(project)
    parsed = _parsed(project)
    prefix = asking.one(
        "Name in front of databases, warehouses, roles", given["name"], profile.unused(project.name.upper())
    )
    names = asking.several(
        "Environments: development, staging, production", given["environments"], ("dev", "staging", "prod"), 3
    )
    upper = [f"{prefix}_{one.upper()}" for one in names]
    databases = asking.several("Their databases", given["databases"], upper, 3)
    warehouses = asking.several("Warehouses", given["warehouses"], [f"{one}_WH" for one in upper], 3)
    roles = asking.several("Roles that build them", given["roles"], [f"SLUICE_{one}" for one in upper], 3)
    users = asking.several("Service users", given["users"], [f"SVC_{one}" for one in upper], 3)
    sources = asking.several(
        "Databases that the project reads and does not make", given["sources"], _sources(parsed, profile.databases)
    )
    return Answers(
        project=project.name,
        environments=tuple(
            Named(*things, target=profile.target(place, things[0]))
            for place, things in enumerate(zip(names, databases, warehouses, roles, users, strict=True))
        ),
        sources=tuple(sources),
        account=asking.one("Snowflake account (ORG-ACCOUNT)", given["account"], profile.account or "your_account"),
        team=asking.one("Team", given["team"], "data-engineering"),
        approvers=tuple(
            asking.several(
                "Airflow users who may approve production (none: anyone but who began)", given["approvers"], ()
            )
        ),
        relation=_relation(parsed),
    )


def _parsed(project: Project) -> ParsedProject | None:
    """The project as dbt parses it; what it refuses is told, and validated again at the end."""
    from sluice.stages.project_check import look

    with err.status("dbt parses the project"):
        try:
            return look(project.folder)
        except SluiceError as error:
            err.print(f"{error}\n", style="yellow", markup=False, highlight=False, soft_wrap=True)
            return None


def _sources(parsed: ParsedProject | None, databases: Sequence[str]) -> list[str]:
    """The databases that the project's sources name; those it names none for lie where it is built today."""
    from sluice.stages.project_check import LOOKED

    if parsed is None:
        return []
    found = {source.database for source in parsed.used_sources()}
    return sorted(found - {LOOKED, "SNOWFLAKE"}) + [name for name in databases[:1] if LOOKED in found]


def _relation(parsed: ParsedProject | None) -> str:
    made = (
        []
        if parsed is None
        else [node for node in parsed.made() if node.package == parsed.name and node.kind == "model"]
    )
    return f"{made[0].schema}.{made[0].relation}".lower() if made else "analytics.orders"


def _wanted(root: Path, project: Project, answers: Answers) -> dict[Path, str]:
    """Every file that should be there, with its text."""
    from sluice.dbt.project import REF_OVERRIDE

    wanted = {root / path: text for path, text in files(shipped(), answers).items()}
    wanted[root / ".gitignore"] = _IGNORED
    if not any(point.name == "sluice" for point in entry_points(group="airflow.plugins")):
        wanted |= {root / path: text for path, text in shipped(DOOR).items()}
    if not project.overrides_ref():
        wanted[project.folder / project.macros[0] / "ref.sql"] = REF_OVERRIDE
    return wanted


def _sorted_out(root: Path, wanted: Mapping[Path, str], *, force: bool) -> tuple[dict[Path, str], list[Path]]:
    """What is written, and what is there already and stays."""
    before = _written(root)
    new: dict[Path, str] = {}
    kept: list[Path] = []
    for path, text in wanted.items():
        there = _digest(path.read_bytes()) if path.is_file() else None
        if there == _digest(text.encode()):
            continue
        if there is None or (force and before.get(_key(root, path)) == there):
            new[path] = text
        else:
            kept.append(path)
    return new, kept


def _tell(root: Path, new: Mapping[Path, str], kept: Sequence[Path]) -> None:
    out.print(
        f"To be written, below {root}:" if new else "Nothing is to be written: all of it is there.", highlight=False
    )
    for path in new:
        out.print(f"  {_key(root, path)}", markup=False, highlight=False, soft_wrap=True)
    if kept:
        out.print("There already, and left as it is:", highlight=False)
    for path in kept:
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


def _end(root: Path, project: Path | None) -> None:
    """The files are validated, and what comes next is told."""
    from sluice.cli.validate import validate

    os.environ["SLUICE_ROOT"] = str(root)
    if project is not None:
        os.environ["SLUICE_DBT_PROJECT"] = str(project)
    out.print("\n[bold]sluice validate[/bold]", highlight=False)
    try:
        validate(strict=False, as_json=False)
    except typer.Exit:
        out.print("\nMend what it says, then: sluice validate", highlight=False)
    before = [f"cd {root}"] if Path.cwd() != root else []
    before += [f"export SLUICE_DBT_PROJECT='{project}'"] if project is not None else []
    lines = [
        "Next:",
        *(f"  {line}" for line in before),
        "  python -m sluice.laptop up        # Airflow and an embedded account on this machine, provisioned; or, with",
        "                                    # an Airflow and an account of yours: the connections of CONNECTIONS.md",
        "  sluice explain provision dev      # what would be made in the account",
        "  sluice refresh dev                # dbt builds dev; the release goes on to staging and production",
    ]
    out.print("\n" + "\n".join(lines), markup=False, highlight=False, soft_wrap=True)


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
