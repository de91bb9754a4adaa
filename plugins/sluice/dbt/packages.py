"""The packages that a project asks for: installed by `dbt deps`, on a copy, before a release is made of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os.path import abspath, expanduser
from pathlib import Path

import yaml

from sluice.dbt.project import LOCK_FILE, PACKAGE_FILES, PROJECT_FILE, Project, package_folders, rendered
from sluice.dbt.runner import Answer, invoke
from sluice.errors import RetryError, SluiceError, SpecError

_COPIED = (PROJECT_FILE, *PACKAGE_FILES, LOCK_FILE)


@contextmanager
def installed(project: Project) -> Iterator[Path]:
    """Yield a folder with the project's packages and lock file: the project's own, or a copy where dbt installed them.

    The project's own are taken where they are all there, as its lock file has them; then nothing is fetched. Otherwise
    `dbt deps` installs them anew, and what it cannot install is refused in its own words.
    """
    if not declared(project.folder):
        yield project.folder
        return
    with tempfile.TemporaryDirectory(prefix="sluice-deps-") as folder:
        copy = _copy(project, Path(folder) / "files")
        before = _entries(copy / LOCK_FILE)
        _deps(project, copy, Path(folder), ["--lock"])
        locked = _entries(copy / LOCK_FILE)
        if locked == before and not _missing(project, locked):
            yield project.folder
            return
        _deps(project, copy, Path(folder), [])
        yield copy


def declared(folder: Path) -> tuple[Mapping[str, object], ...]:
    """Return the packages that a project's `packages.yml` or `dependencies.yml` asks for, as they are written there."""
    entries: list[Mapping[str, object]] = []
    for name in PACKAGE_FILES:
        entries += _entries(folder / name)
    return tuple(entries)


def _entries(path: Path) -> list[Mapping[str, object]]:
    """What a file lists under `packages`; nothing where dbt itself will say what is wrong with it."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (FileNotFoundError, yaml.YAMLError, UnicodeDecodeError):
        return []
    listed = content.get("packages") if isinstance(content, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _deps(project: Project, copy: Path, home: Path, more: Sequence[str]) -> None:
    words = ["deps", *more, "--project-dir", str(copy), "--profiles-dir", str(home), "--log-path", str(home / "logs")]
    answer = invoke([*words, "--quiet", "--log-level", "none"], {})
    if not answer.success:
        raise _failure(project, copy, answer)


def _failure(project: Project, copy: Path, answer: Answer) -> SluiceError:
    root = str(copy).removesuffix(str(project.folder.resolve()))  # each path in the copy is the real one below this
    words = answer.words.replace(root, "").splitlines()
    kind = RetryError if answer.raised == "ConnectionError" else SpecError
    return kind(
        "\n    ".join(["dbt deps cannot install the project's packages:", *words]),
        where=f"packages of {project.folder}",
        good="sluice dbt <environment> deps, where there is a network, then commit package-lock.yml; or bring "
        "dbt_packages along, complete and as the lock file has it, for which nothing is fetched",
        untouched="everything: nothing is locked, no warehouse was scaled",
    )


def _missing(project: Project, locked: Sequence[Mapping[str, object]]) -> list[str]:
    """Name the packages that do not lie in the project as the lock file has them, and those that it does not have."""
    names = {str(entry.get("name")) for entry in locked}
    strange = [path.name for path in package_folders(project.folder / project.packages) if path.name not in names]
    return strange + [str(entry.get("name")) for entry in locked if not _as_locked(project, entry)]


def _as_locked(project: Project, entry: Mapping[str, object]) -> bool:
    """Tell whether a package is installed as locked; where that is unknown, it is installed again."""
    path = project.folder / project.packages / str(entry.get("name"))
    if not (path / PROJECT_FILE).is_file():
        return False
    if "local" in entry:
        source = Path(_place(project.folder, str(entry["local"])))
        return path.resolve() == source.resolve() or not (source.exists() or path.is_symlink())
    if "package" in entry:
        return _version(path) == str(entry.get("version"))
    return "git" in entry and _revision(path) == str(entry.get("revision"))


def _version(package: Path) -> str:
    try:
        content = yaml.safe_load((package / PROJECT_FILE).read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return ""
    return str(content.get("version")) if isinstance(content, dict) else ""


def _revision(package: Path) -> str:
    """The commit that a package's own checkout is at; empty where it is none."""
    if not (package / ".git").exists():
        return ""
    git = ["git", "-C", str(package), "rev-parse", "HEAD"]
    process = subprocess.run(git, capture_output=True, text=True, check=False)
    return process.stdout.strip() if process.returncode == 0 else ""


def _copy(project: Project, root: Path) -> Path:
    """Return a copy of what `dbt deps` reads, as deep below `root` as the project is, its local packages linked to.

    `local: ../shared` is resolved from the project's own folder, so the copy has the same neighbours.
    """
    home = project.folder.resolve()
    copy = root / home.relative_to(home.anchor)
    copy.mkdir(parents=True)
    for name in _COPIED:
        if (home / name).is_file():
            shutil.copyfile(home / name, copy / name)
    seen: set[str] = set()
    waiting = [home]
    while waiting:
        folder = waiting.pop()
        for entry in declared(folder):
            local = _local(entry, folder)
            if local is None or local in seen:
                continue
            seen.add(local)
            source = Path(_place(home, local))  # a package's own local packages are resolved from the project, too
            if not Path(local).expanduser().is_absolute() and source.is_dir():
                _link(source, root / source.relative_to(source.anchor))
            waiting.append(source)
    return copy


def _local(entry: Mapping[str, object], folder: Path) -> str | None:
    return rendered(str(entry["local"]), "local", folder / PACKAGE_FILES[0]) if "local" in entry else None


def _place(home: Path, local: str) -> str:
    """Where dbt looks for a local package."""
    return abspath(home.resolve() / expanduser(local))  # noqa: PTH100, PTH111  (as dbt does it: links are kept)


def _link(source: Path, place: Path) -> None:
    """Link `source` here; where a folder exists already, link its contents."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)
    elif place.is_dir() and not place.is_symlink():
        for path in source.iterdir():
            _link(path, place / path.name)
