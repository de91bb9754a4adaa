"""The packages of a project: installed on a copy when a release is made, and part of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from sluice.dbt.invoke import Invocation, run
from sluice.dbt.manifest import parsed
from sluice.dbt.packages import declared, installed
from sluice.dbt.profile import Target
from sluice.dbt.project import REF_OVERRIDE, read_project
from sluice.dbt.releases import register, unpack
from sluice.domain.releases.release import Release
from sluice.errors import RetryError, SpecError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TARGET = Target("prod", "none", "none", "R", "WH", "LIVE", "ANALYTICS", 1)
SHOP = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "packages.yml": "packages:\n  - local: ../shared_macros\n  - local: in house/stock\n",
    "models/orders.sql": "select {{ shared_macros.one() }} as id from {{ ref('stock_levels') }}",
    "macros/ref.sql": REF_OVERRIDE,
    "in house/stock/dbt_project.yml": "name: stock\nmodels: {stock: {+materialized: view}}\n",
    "in house/stock/models/stock_levels.sql": "select * from {{ ref('stock_raw') }}",
    "in house/stock/models/stock_raw.sql": "select 1 as id",
    "in house/stock/target/manifest.json": "{}",
    "../shared_macros/dbt_project.yml": "name: shared_macros\n",
    "../shared_macros/macros/one.sql": "{% macro one() %}1{% endmacro %}",
    "../shared_macros/profiles.yml": "password: hunter2",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, or beside it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project at a path with a space, with two packages: one beside it, one of its own."""
    folder = tmp_path / "data team" / "shop"
    folder.mkdir(parents=True)
    write(folder, SHOP)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> UPath:
    return UPath(f"file://{tmp_path}/store")


def contents(release: Release) -> set[str]:
    """The files of a release."""
    return set(release.files)


def test_packages_are_installed_into_the_release(shop: Path, store: UPath, tmp_path: Path) -> None:
    """A release holds what `dbt deps` installs and the lock file; the working project stays as it is."""
    before = sorted(str(path) for path in tmp_path.joinpath("data team").rglob("*"))
    here = Path.cwd()
    release = register(store, shop, now=NOW, actor="ann")
    assert Path.cwd() == here
    assert sorted(str(path) for path in tmp_path.joinpath("data team").rglob("*")) == before
    assert contents(release) == {
        "dbt_project.yml",
        "packages.yml",
        "package-lock.yml",
        "models/orders.sql",
        "macros/ref.sql",
        "dbt_packages/shared_macros/dbt_project.yml",
        "dbt_packages/shared_macros/macros/one.sql",
        "dbt_packages/stock/dbt_project.yml",
        "dbt_packages/stock/models/stock_levels.sql",
        "dbt_packages/stock/models/stock_raw.sql",
    }
    folder = unpack(store, release.id, tmp_path / "scratch")
    call = Invocation(folder, TARGET, tmp_path / "home", {})
    run(call, ["parse"])
    project = parsed(call.artifacts / "manifest.json")
    assert "model.stock.stock_levels" in project.nodes
    assert project.overrides_ref("stock")


def test_a_release_is_named_by_its_packages_too(shop: Path, store: UPath) -> None:
    """The same packages are the same release; one changed macro of a local package is another."""
    first = register(store, shop, now=NOW, actor="ann")
    assert register(store, shop, now=NOW, actor="ann").id == first.id
    write(shop, {"../shared_macros/macros/one.sql": "{% macro one() %}2{% endmacro %}"})
    assert register(store, shop, now=NOW, actor="ann").id != first.id


def test_what_is_installed_already_is_taken(shop: Path, store: UPath) -> None:
    """After `dbt deps` in the project, whose links lead to the local packages, the release is the very same."""
    first = register(store, shop, now=NOW, actor="ann")
    installs(shop)
    with installed(read_project(shop)) as folder:
        assert folder == shop
    assert register(store, shop, now=NOW, actor="ann").id == first.id


def installs(shop: Path) -> None:
    """Run dbt's own `deps` in the project, as a developer does."""
    words = ["deps", "--project-dir", str(shop), "--profiles-dir", str(shop), "--log-path", str(shop / "logs")]
    subprocess.run([str(Path(sys.executable).parent / "dbt"), *words], check=True, capture_output=True)


def test_a_linked_folder_of_packages_is_followed(shop: Path, store: UPath, tmp_path: Path) -> None:
    """`dbt_packages` may be a link to a folder elsewhere, as on machines that keep it between runs."""
    first = register(store, shop, now=NOW, actor="ann")
    installs(shop)
    (shop / "dbt_packages").rename(tmp_path / "kept")
    (shop / "dbt_packages").symlink_to(tmp_path / "kept")
    assert register(store, shop, now=NOW, actor="ann").id == first.id


HUB = {
    "packages.yml": "packages:\n  - package: acme/tools\n    version: 1.2.0\n",
    "package-lock.yml": "packages:\n  - name: tools\n    package: acme/tools\n    version: 1.2.0\n"
    "sha1_hash: 4d1a4a9fbd0ac4a56aee8ff1d24cd5d95a4d6f6f\n",
}


def hub(folder: Path, version: str) -> None:
    """A project with a package of dbt's hub, locked, and an installed copy of this version."""
    from dbt.contracts.project import RegistryPackage
    from dbt.task.deps import _create_sha1_hash

    asked = {"package": "acme/tools", "version": "1.2.0"}
    digest = _create_sha1_hash([RegistryPackage(**asked, unrendered=asked)])
    lock = HUB["package-lock.yml"].replace("4d1a4a9fbd0ac4a56aee8ff1d24cd5d95a4d6f6f", digest)
    write(
        folder,
        {
            "dbt_project.yml": "name: shop\nprofile: shop\n",
            "packages.yml": HUB["packages.yml"],
            "package-lock.yml": lock,
            "dbt_packages/tools/dbt_project.yml": f"name: tools\nversion: {version}\n",
            "dbt_packages/tools/macros/two.sql": "{% macro two() %}2{% endmacro %}",
            "models/a.sql": "select {{ tools.two() }} as a",
        },
    )


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub of packages does not answer, and dbt does not wait before it asks again."""
    monkeypatch.setattr("dbt.clients.registry.DEFAULT_REGISTRY_BASE_URL", "http://127.0.0.1:1/")
    monkeypatch.setattr("dbt_common.utils.connection.time.sleep", lambda _: None)


@pytest.mark.usefixtures("no_hub")
def test_packages_as_locked_need_no_network(tmp_path: Path, store: UPath) -> None:
    """A package of the hub that lies there in the locked version is taken; nothing is fetched."""
    hub(tmp_path / "shop", "1.2.0")
    assert "dbt_packages/tools/macros/two.sql" in contents(register(store, tmp_path / "shop", now=NOW, actor="ann"))


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("harm", ["another version", "not there", "one too many"])
def test_packages_other_than_locked_are_installed_again(harm: str, tmp_path: Path, store: UPath) -> None:
    """Where they do not lie there as locked, dbt fetches them; without a network that is refused in dbt's words."""
    hub(tmp_path / "shop", "1.1.0" if harm == "another version" else "1.2.0")
    if harm == "not there":
        (tmp_path / "shop" / "dbt_packages" / "tools" / "dbt_project.yml").unlink()
    if harm == "one too many":
        write(tmp_path / "shop", {"dbt_packages/gone/dbt_project.yml": "name: gone\n"})
    with pytest.raises(RetryError, match="dbt deps cannot install") as refused:
        register(store, tmp_path / "shop", now=NOW, actor="ann")
    assert "127.0.0.1" in str(refused.value)
    assert "sluice dbt <environment> deps" in str(refused.value)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("packages", "says"),
    [
        ("packages:\n  - local: ../missing\n", "No dbt_project.yml found at expected path"),
        ("packages:\n  - lcal: ../missing\n", "packages.yml file in this project is malformed"),
    ],
)
def test_what_dbt_cannot_install_is_refused_in_its_words(
    packages: str, says: str, shop: Path, store: UPath, tmp_path: Path
) -> None:
    """The refusal has dbt's words with the project's own paths, the command, and nothing is kept."""
    write(shop, {"packages.yml": packages})
    with pytest.raises(SpecError, match=says) as refused:
        register(store, shop, now=NOW, actor="ann")
    assert "sluice-deps-" not in str(refused.value)
    assert str(shop) in str(refused.value)
    assert not (tmp_path / "store").exists()


def test_a_package_in_the_checkout_of_its_revision_is_taken(tmp_path: Path, store: UPath) -> None:
    """A git package is as locked where its own checkout says so."""
    tools = tmp_path / "tools"
    write(tools, {"dbt_project.yml": "name: tools\n", "macros/two.sql": "{% macro two() %}2{% endmacro %}"})
    git = ["git", "-C", str(tools), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "tools"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    shop = tmp_path / "shop"
    packages = f"packages:\n  - git: file://{tools}\n    revision: HEAD\n    warn-unpinned: false\n"
    write(
        shop, {"dbt_project.yml": "name: shop\nprofile: shop\n", "packages.yml": packages, "models/a.sql": "select 1"}
    )
    first = register(store, shop, now=NOW, actor="ann")
    assert "dbt_packages/tools/macros/two.sql" in contents(first)
    installs(shop)
    tools.rename(tmp_path / "gone")
    assert register(store, shop, now=NOW, actor="ann").id == first.id


def test_a_dependency_of_another_kind_is_no_package(shop: Path) -> None:
    """`dependencies.yml` may name packages as well; one that names projects only asks for none."""
    write(shop, {"dependencies.yml": "projects:\n  - name: upstream\n", "packages.yml": "packages: []\n"})
    assert declared(shop) == ()
    write(shop, {"dependencies.yml": "packages:\n  - local: ../shared_macros\n"})
    assert [entry["local"] for entry in declared(shop)] == ["../shared_macros"]


def test_a_package_that_holds_the_project_is_no_circle(tmp_path: Path, store: UPath) -> None:
    """A repository that is itself a package, with a project in it that uses it, makes a release of finite size."""
    write(tmp_path / "all", {"dbt_project.yml": "name: all_of_it\n", "macros/m.sql": "{% macro m() %}1{% endmacro %}"})
    shop = tmp_path / "all" / "projects" / "shop"
    write(
        shop,
        {
            "dbt_project.yml": "name: shop\nprofile: shop\n",
            "packages.yml": "packages:\n  - local: ../..\n",
            "models/a.sql": "select {{ all_of_it.m() }} as a",
        },
    )
    release = register(store, shop, now=NOW, actor="ann")
    assert {name for name in contents(release) if name.startswith("dbt_packages")} == {
        "dbt_packages/all_of_it/dbt_project.yml",
        "dbt_packages/all_of_it/macros/m.sql",
    }
