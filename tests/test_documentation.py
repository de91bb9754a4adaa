"""README, docs/ and CONTRIBUTING lead where they say: links, anchors, pictures and the files that they name."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests import documented

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*documented.pages(), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("examples/**/*.md")})
LONGEST = 150
"""Lines of README: somebody who has never seen the project reads it in five minutes."""
ROOMS = (ROOT, ROOT / "plugins" / "sluice", ROOT / "snowdome" / "src" / "snowdome")
"""What the paths of the walk through the packages begin at."""

_FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *#*$", re.MULTILINE)
_PATH = re.compile(r"`(?P<path>\.?[\w*-]+(?:/[\w.*-]+)+/?)`")


def name(page: Path) -> str:
    """Return a page's path below the root."""
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links and pictures; what stands in code is none."""
    text = _CODE.sub("`code`", _FENCE.sub("", _COMMENT.sub("", page.read_text())))
    for match in _LINK.finditer(text):
        yield match["target"]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    for match in _HEADING.finditer(_FENCE.sub("", page.read_text())):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["title"])
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        times = found.get(slug, 0)
        found[slug] = times + 1
        if times:
            found[f"{slug}-{times}"] = 1
    return set(found)


@pytest.fixture(scope="module")
def known() -> set[Path]:
    """Every file that git knows, and the folders that they lie in."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = [ROOT / path for path in listed.stdout.splitlines()]
    return {*files, *(ROOT / parent for path in files for parent in path.relative_to(ROOT).parents)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path, known: set[Path]) -> None:
    """Every relative link is a file or a folder that is committed, and its anchor a heading of that page."""
    wrong = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / unquote(path)).resolve() if path else page
        if there not in known or (anchor and anchor not in anchors(there)):
            wrong.append(target)
    assert wrong == []


def test_readme_is_short_and_leads_to_every_page() -> None:
    """README has at most 150 lines and a link to each page of docs/ but the package index's; each picture is shown."""
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= LONGEST
    unread = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name}" not in text}
    assert unread == {"docs/package.md"}
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert [name(picture) for picture in (ROOT / "docs").glob("*.png") if picture not in shown] == []


@pytest.mark.parametrize("page", [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_the_files_that_a_walk_names_are_there(page: Path) -> None:
    """A newcomer finds every file and folder that the pages for contributors name, also after a renaming."""
    named = [match["path"] for match in _PATH.finditer(_FENCE.sub("", page.read_text()))]
    paths = [path for path in named if not path.startswith("build/")]
    assert len(paths) > 10
    assert [path for path in paths if not any(any(room.glob(path.rstrip("/"))) for room in ROOMS)] == []


def test_reliability_names_tests_that_are_there() -> None:
    """Each row names its test, `file` or `file::test`, and the file holds it."""
    rows = [line for line in (ROOT / "docs" / "reliability.md").read_text().splitlines() if line.startswith("| ")]
    claims = [row for row in rows if not row.startswith("| What can go wrong")]
    assert claims
    for row in claims:
        shown = re.findall(r"`((?:snowdome/)?tests/[\w/]+\.py)(?:::(\w+))?`", row.rsplit("|", 2)[1])
        assert shown, f"names no test: {row}"
        for file, test in shown:
            assert not test or f"def {test}(" in (ROOT / file).read_text(), f"{file} has no {test}"
