"""Releases in the store: written once, named by their content, verified whenever they are read."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from upath import UPath

from sluice.dbt.packages import installed
from sluice.dbt.project import Project, read_project
from sluice.domain.releases.release import Release, damage, file_hashes, parse_release_id, release_id
from sluice.errors import RefusedError, SpecError

_FACTS, _FILES = "release.json", "project.tar.gz"


def register(store: UPath, folder: Path, *, now: datetime, actor: str) -> Release:
    """Keep the project in this folder, with its packages, as a release in the store; the same content is the same one.

    Packages that are not installed as its lock file has them are installed on a copy; the project stays as it is.
    """
    project = read_project(folder)
    with installed(project) as packages:
        files = list(project.files(packages))
    release = Release(
        id=release_id(files),
        project=project.name,
        files=file_hashes(files),
        made_at=now.isoformat(),
        made_by=actor,
        dbt_version=version("dbt-core"),
        git_commit=_commit(project),
    )
    try:
        known = find(store, release.id)
        _contents(store, known)
    except (RefusedError, SpecError):
        home = _home(store, release.id)
        home.mkdir(parents=True, exist_ok=True)
        (home / _FILES).write_bytes(_pack(files))
        # The facts come last: a release without them does not exist yet.
        (home / _FACTS).write_text(json.dumps(release.to_json(), indent=1))
        return release
    return known


def find(store: UPath, release: str) -> Release:
    """Return the facts of a release; an unknown or unreadable one is refused, naming what is wrong with it."""
    path = _home(store, parse_release_id(release)) / _FACTS
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise SpecError(
            f"no release {release} in the store",
            where=str(store),
            value=release,
            good=_examples(store),
            untouched="everything",
        ) from error
    try:
        found = Release.from_json(json.loads(text))
    except (ValueError, SpecError) as error:
        raise _damaged(release, path, "its facts cannot be read") from error
    if found.id != release:
        raise _damaged(release, path, f"its facts are those of {found.id}")
    return found


def listed(store: UPath) -> tuple[str, ...]:
    """Return the ids of all releases in the store."""
    home = store / "releases"
    return tuple(sorted(path.name for path in home.iterdir() if (path / _FACTS).exists())) if home.exists() else ()


def unpack(store: UPath, release: str, scratch: Path) -> Path:
    """Return a folder holding exactly the files of the release, verified against its id before dbt sees them."""
    facts = find(store, release)
    target = scratch / "releases" / facts.id
    if target.is_dir() and not damage(facts, file_hashes(_read(target))):
        return target
    files = _contents(store, facts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = Path(folder) / facts.id
        _write(files, fresh)
        if target.exists():
            target.rename(Path(folder) / "damaged")
        try:
            fresh.rename(target)
        except OSError:
            if not target.is_dir():  # another process of this machine was faster: its copy is as good
                raise
    return target


def checkout(folder: Path, into: Path) -> Path:
    """Return the folder `into`, which holds what a release of the project in `folder` would: its packages as well."""
    project = read_project(folder)
    with installed(project) as packages:
        _write(project.files(packages), into)
    return into


def _write(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _read(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that lies in a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _contents(store: UPath, release: Release) -> list[tuple[str, bytes]]:
    """Return the files of a release; gone or damaged ones are named."""
    path = _home(store, release.id) / _FILES
    try:
        packed = path.read_bytes()
    except FileNotFoundError as error:
        raise _damaged(release.id, path, "its files are gone") from error
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            files = [(one.name, handle.read()) for one in tar if (handle := tar.extractfile(one)) is not None]
    except (tarfile.TarError, EOFError, OSError, gzip.BadGzipFile) as error:
        raise _damaged(release.id, path, f"its files cannot be unpacked ({error})") from error
    wrong = damage(release, file_hashes(files))
    unsafe = [name for name, _ in files if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    if wrong or unsafe or release_id(files) != release.id:
        raise _damaged(release.id, path, "; ".join([*wrong, *unsafe]) or "its files are not those it was named for")
    return files


def _pack(files: list[tuple[str, bytes]]) -> bytes:
    """Return the files as an archive that is the same for the same files: no times, no owners."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _home(store: UPath, release: str) -> UPath:
    return store / "releases" / release


def _damaged(release: str, path: UPath, what: str) -> RefusedError:
    return RefusedError(
        f"release {release} is damaged: {what}",
        where=str(path),
        good="register the project again (refresh_dev), or restore the store's folder",
        untouched="every environment",
    )


def _examples(store: UPath) -> str:
    known = listed(store)
    return ", ".join(known[:3]) if known else "none yet: run refresh_dev to register one"


def _commit(project: Project) -> str | None:
    """Return the git commit that holds the project; one that is changed since is marked as dirty.

    A folder that git ignores, or does not know yet, is clean for `git status`, and in no commit.
    """
    git = ["git", "-C", str(project.folder)]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        known = [*git, "ls-files", "--error-unmatch", "dbt_project.yml"]
        subprocess.run(known, capture_output=True, check=True, env=quiet)
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, env=quiet)
        dirty = subprocess.run(
            [*git, "status", "--porcelain", "."], capture_output=True, text=True, check=True, env=quiet
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("-dirty" if dirty.stdout.strip() else "")
