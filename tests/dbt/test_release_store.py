"""Releases in the store: kept once, verified whenever they are read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from sluice.dbt.project import REF_OVERRIDE, read_project
from sluice.dbt.releases import find, listed, register, unpack
from sluice.domain.releases.release import Release
from sluice.errors import RefusedError, SpecError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name, text in {
        "dbt_project.yml": "name: shop\nprofile: their_own\ntarget-path: out\n",
        "models/a.sql": "select 1 as a",
        "models/b.sql": "select a from {{ ref('a') }}",
        "out/manifest.json": "{}",
        "logs/dbt.log": "x",
        "profiles.yml": "password: hunter2",
        ".user.yml": "id: 1",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> UPath:
    return UPath(f"file://{tmp_path}/store")


def test_a_release_is_the_project_without_output_and_secrets(project: Path, store: UPath, tmp_path: Path) -> None:
    """What comes out of the store is what dbt needs, byte for byte, and nothing else."""
    release = register(store, project, now=NOW, actor="ann")
    folder = unpack(store, release.id, tmp_path / "scratch")
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    wanted = ["dbt_project.yml", "models/a.sql", "models/b.sql"]
    assert found == {name: (project / name).read_text() for name in wanted}
    assert find(store, release.id) == release
    assert (release.project, release.made_by, listed(store)) == ("shop", "ann", (release.id,))


def test_what_is_not_the_projects_own_is_in_no_release(project: Path, store: UPath, tmp_path: Path) -> None:
    """A link out of the project, and a key under whatever name: refused by name, and nothing is stored."""
    elsewhere = tmp_path / "home" / "notes.txt"
    elsewhere.parent.mkdir()
    elsewhere.write_text("anybody's")
    link = project / "models" / "notes.txt"
    link.symlink_to(elsewhere)
    with pytest.raises(SpecError, match=r"notes\.txt: this link leads out of the project"):
        register(store, project, now=NOW, actor="ann")
    link.unlink()
    link.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII")
    with pytest.raises(SpecError, match=r"notes\.txt: this file is a private key"):
        register(store, project, now=NOW, actor="ann")
    assert listed(store) == ()
    link.unlink()
    link.symlink_to(project / "models" / "a.sql")
    register(store, project, now=NOW, actor="ann")


def test_a_release_names_the_commit_that_holds_it(project: Path, store: UPath) -> None:
    """A project that git does not know has no commit, though its repository has; a changed one is marked as dirty."""

    def git(*words: str) -> str:
        author = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
        command = ["git", "-C", str(project.parent), *author, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(text: str) -> str | None:
        (project / "models" / "a.sql").write_text(text)
        return register(store, project, now=NOW, actor="ann").git_commit

    git("init", "--quiet")
    (project.parent / ".gitignore").write_text("shop/\n")
    git("add", ".gitignore")
    git("commit", "--quiet", "--message", "without the project")
    assert commit("select 11 as a") is None
    git("add", "--force", "shop/dbt_project.yml", "shop/models")
    git("commit", "--quiet", "--message", "with the project")
    head = git("rev-parse", "HEAD")
    assert commit("select 11 as a ") == f"{head}-dirty"
    (project / "models" / "a.sql").write_text("select 12 as a")
    git("commit", "--quiet", "--all", "--message", "changed")
    assert commit("select 12 as a") == git("rev-parse", "HEAD")


def test_the_same_project_is_the_same_release(project: Path, store: UPath) -> None:
    """Registering again changes nothing, not even who made it; one changed byte is another release."""
    first = register(store, project, now=NOW, actor="ann")
    assert register(store, project, now=NOW.replace(year=2027), actor="bob") == first
    (project / "models" / "a.sql").write_text("select 2 as a")
    assert register(store, project, now=NOW, actor="bob").id != first.id


def test_a_copy_that_somebody_changed_is_made_again(project: Path, store: UPath, tmp_path: Path) -> None:
    """A worker's unpacked copy is verified each time, and replaced when a file differs, is gone or is new."""
    release = register(store, project, now=NOW, actor="ann")
    folder = unpack(store, release.id, tmp_path / "scratch")
    (folder / "models" / "a.sql").write_text("select 'tampered'")
    (folder / "models" / "c.sql").write_text("select 1")
    again = unpack(store, release.id, tmp_path / "scratch")
    assert (again / "models" / "a.sql").read_text() == "select 1 as a"
    assert not (again / "models" / "c.sql").exists()


def _cut(home: Path, release: Release) -> None:
    path = home / "project.tar.gz"
    path.write_bytes(path.read_bytes()[:90])


def _lie(home: Path, release: Release) -> None:
    facts = release.to_json()
    facts["files"] = {**release.files, "models/a.sql": "0" * 64}
    (home / "release.json").write_text(json.dumps(facts))


def _gone(home: Path, release: Release) -> None:
    (home / "project.tar.gz").unlink()


def _half_written(home: Path, release: Release) -> None:
    (home / "release.json").write_text('{"id": ')


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_cut, "cannot be unpacked"),
        (_lie, "models/a.sql: changed"),
        (_gone, "files are gone"),
        (_half_written, "facts"),
    ],
)
def test_a_damaged_release_is_refused(
    harm: Callable[[Path, Release], None], says: str, project: Path, store: UPath, tmp_path: Path
) -> None:
    """Whatever is wrong is named, and registering the same project repairs it."""
    release = register(store, project, now=NOW, actor="ann")
    harm(tmp_path / "store" / "releases" / release.id, release)
    with pytest.raises(RefusedError, match=says):
        unpack(store, release.id, tmp_path / "scratch")
    register(store, project, now=NOW, actor="ann")
    assert unpack(store, release.id, tmp_path / "scratch").is_dir()


def test_an_unknown_release_is_refused(store: UPath) -> None:
    """A release nobody registered is refused, saying which there are or how to make one."""
    with pytest.raises(SpecError, match="no release") as caught:
        find(store, "r" + "0" * 16)
    assert "refresh_dev" in str(caught.value)


def test_a_folder_without_a_project_is_refused(tmp_path: Path, project: Path) -> None:
    """The refusal names the file that is missing or wrong."""
    with pytest.raises(SpecError, match=r"dbt_project\.yml"):
        read_project(tmp_path)
    (project / "dbt_project.yml").write_text("name: [1")
    with pytest.raises(SpecError, match="YAML"):
        read_project(project)


def test_the_ref_override_is_seen(project: Path) -> None:
    """A project is known to override ref() exactly when one of its own macros does."""
    assert not read_project(project).overrides_ref()
    (project / "macros").mkdir()
    (project / "macros" / "ref.sql").write_text(REF_OVERRIDE)
    assert read_project(project).overrides_ref()
