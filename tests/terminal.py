"""A terminal of somebody who has a checkout and nothing else set: commands run as processes."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLUICE = Path(sys.executable).parent / "sluice"
"""The command as `make install` and pip make it."""


@dataclass
class Terminal:
    """Its checkout is a folder of links, so that no stack that a person runs in the real one is found."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The folder looks like a checkout, with a home beside it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        for name in ("Makefile", "include", "plugins", "dags"):
            if not (self.root / name).exists():
                (self.root / name).symlink_to(ROOT / name)

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.folder / "checkout"

    @property
    def home(self) -> Path:
        """The person's home folder."""
        return self.folder / "home"

    def environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        """Return the variables of a fresh log-in: none of Airflow's, none of ours but what is said here."""
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "SLUICE_ROOT": str(self.root)}
        return {**bare, **self.variables, **(more or {})}

    def __call__(
        self, *words: str, program: tuple[str, ...] = (str(SLUICE),), more: Mapping[str, str] | None = None
    ) -> Done:
        """Run a command to its end; `more` are variables of this command alone."""
        done = subprocess.run(
            [*program, *words],
            env=self.environment(more),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(words, done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command that is answered, or interrupted, while it runs."""
        return subprocess.Popen(
            [str(SLUICE), *words],
            env=self.environment(more),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_interruptible,  # noqa: PLW1509 (no thread of this process holds a lock that it wants)
        )

    def on_a_screen(self, *words: str, columns: int, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command on a terminal of so many columns; return its exit code and what the screen was sent."""
        leader, follower = pty.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [str(SLUICE), *words],
            env=self.environment({"TERM": "xterm-256color", **(more or {})}),
            cwd=self.root,
            stdin=follower,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        sent = b""
        while True:
            try:
                select.select([leader], [], [])
                part = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            sent += part
        os.close(leader)
        return process.wait(), sent.decode()


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"sluice {' '.join(self.words)}: exit code {self.code}\n{self.out}\n{self.err}"

    def clean(self) -> Done:
        """Fail unless the command ended without a traceback, chatter of a library or an escape sequence."""
        for chatter in ("Traceback", "Snowflake Connector", "Connecting to", "Skipping masking", "Warning:", "\x1b["):
            assert chatter not in self.out + self.err, str(self)
        return self


def _interruptible() -> None:
    """Ctrl-C reaches the command as at a terminal, also where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(process: subprocess.Popen[str]) -> Done:
    """Press Ctrl-C, and wait for the end."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return Done(tuple(str(word) for word in process.args[1:]), process.returncode, out, err)  # type: ignore[index]
