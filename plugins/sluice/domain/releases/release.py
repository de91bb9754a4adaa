"""What a release is: an immutable, content-addressed snapshot of a dbt project."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sluice.errors import SpecError

RELEASE_ID = re.compile(r"r[0-9a-f]{16}")
_NEVER = frozenset({"target", "logs"})
"""Made by running dbt, at the top of a project: never part of what is released."""
_CREDENTIALS = re.compile(r"profiles\.ya?ml|id_(rsa|dsa|ecdsa|ed25519)|.*\.(p8|pem|key|p12|pfx|ppk|jks)", re.IGNORECASE)
"""Files that hold a person's credentials by their name, wherever they lie."""


@dataclass(frozen=True, slots=True)
class Release:
    """The facts of one snapshot; the id is the hash of its files, so equal projects are the same release."""

    id: str
    project: str
    files: Mapping[str, str]
    """Relative path → SHA-256 of the bytes."""
    made_at: str
    made_by: str
    dbt_version: str
    git_commit: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the facts as primitives, as `release.json` keeps them."""
        return {**asdict(self), "files": dict(self.files)}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Release:
        """Return the release that `to_json` wrote; raise `ValueError` on anything else."""
        files = value.get("files")
        if not isinstance(files, Mapping):
            raise ValueError("a release lists its files")  # noqa: TRY004  (the caller asks one question: readable or not)
        commit = value.get("git_commit")
        return cls(
            id=parse_release_id(str(value.get("id"))),
            project=str(value.get("project")),
            files={str(path): str(digest) for path, digest in files.items()},
            made_at=datetime.fromisoformat(str(value.get("made_at"))).isoformat(),
            made_by=str(value.get("made_by")),
            dbt_version=str(value.get("dbt_version")),
            git_commit=str(commit) if commit is not None else None,
        )


def release_id(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the id of these files: SHA-256 over paths and bytes, in the order of the paths, unambiguous by length."""
    digest = hashlib.sha256()
    for path, content in sorted(files):
        name = path.encode()
        digest.update(f"{len(name)}:{len(content)}:".encode())
        digest.update(name)
        digest.update(content)
    return "r" + digest.hexdigest()[:16]


def file_hashes(files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return path → SHA-256, so that a damaged file can be named."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files)}


def parse_release_id(text: str) -> str:
    """Return the text if it is a release id; a path, a branch or a guess is refused before any store is asked."""
    if not RELEASE_ID.fullmatch(text):
        raise SpecError(
            "not a release id", where="release", value=text, good="r0123456789abcdef", untouched="everything"
        )
    return text


def is_released(relative: str, ignored: frozenset[str] = frozenset()) -> bool:
    """Tell whether a file of the project belongs to its release: not dbt's output, not hidden, not credentials."""
    parts = relative.split("/")
    if any(part.startswith(".") or part == "__pycache__" for part in parts) or _CREDENTIALS.fullmatch(parts[-1]):
        return False
    return parts[0] not in _NEVER and parts[0] not in ignored


def damage(release: Release, found: Mapping[str, str]) -> tuple[str, ...]:
    """Return one line for each file that is missing, added or different from what was released."""
    lines = [f"{path}: gone" for path in sorted(release.files.keys() - found.keys())]
    lines += [f"{path}: not part of the release" for path in sorted(found.keys() - release.files.keys())]
    both = sorted(release.files.keys() & found.keys())
    return tuple(lines + [f"{path}: changed" for path in both if release.files[path] != found[path]])
