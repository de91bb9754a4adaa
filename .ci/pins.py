"""`make pins`: the three files of pins are one resolution of pyproject.toml with all its extras, shared out by purpose.

What is pinned stays as it is, unless pyproject.toml excludes it or an argument asks: `--upgrade`, or
`--upgrade-package NAME`, is handed to uv.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCTION = ("notify", "s3", "gcs", "azure")
"""The extras of a deployment; `local` and `dev` are a developer's."""
HEADS = {
    "constraints-airflow.txt": "# Airflow itself and what it brings, pinned: for an environment without Airflow.\n",
    "constraints.txt": "# What sluice and its extras for production bring beyond Airflow 3.3, pinned.\n",
    "constraints-dev.txt": "# What development and the embedded account bring beyond production, pinned.\n"
    "-c constraints-airflow.txt\n-c constraints.txt\n",
}


def main() -> None:
    """The three files are written."""
    airflow = next(
        line
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        if re.match(r"apache-airflow[<>=]", line)
    )
    with tempfile.TemporaryDirectory() as folder:
        every = Path(folder) / "every.txt"
        every.write_text("".join(line for name in HEADS for line in pins(ROOT / name)))
        here = Path(folder) / "here.in"
        here.write_text(f"-e {ROOT / 'snowdome'}\n")  # the extra `local` asks for it, and no index has it
        compiled("pyproject.toml", str(here), "--all-extras", "-o", str(every), *sys.argv[1:])
        every.write_text("".join(pins(every)))  # without the folder
        wanted = Path(folder) / "airflow.in"
        wanted.write_text(airflow)
        core = names(compiled(str(wanted), "-c", str(every)))
        extras = [word for extra in PRODUCTION for word in ("--extra", extra)]
        production = names(compiled("pyproject.toml", *extras, "-c", str(every))) - core
        for file, belongs in (
            ("constraints-airflow.txt", core.__contains__),
            ("constraints.txt", production.__contains__),
            ("constraints-dev.txt", lambda name: name not in core | production),
        ):
            kept = "".join(line for line in pins(every) if belongs(name_of(line)))
            (ROOT / file).write_text(f"{HEADS[file]}# Written by `make pins`.\n{kept}")


def compiled(*arguments: str) -> list[str]:
    """Return the lines of pins that uv resolves these requirements to, for every Python and system we support."""
    command = ["uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--no-annotate", "--no-header"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines(keepends=True)


def pins(file: Path) -> list[str]:
    """Return the lines of a file that pin something; none where there is no file."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [line for line in lines if "==" in line and not line.startswith("#")]


def names(lines: list[str]) -> set[str]:
    """Return the packages that lines pin, but for what only Windows needs, where Airflow does not run."""
    return {name_of(line) for line in lines if "== 'win32'" not in line}


def name_of(line: str) -> str:
    """Return the package that a line pins."""
    return re.split(r"[=; \[]", line, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    main()
