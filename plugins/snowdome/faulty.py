"""A fault striking a statement."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from snowdome.errors import SqlError

if TYPE_CHECKING:
    from snowdome.faults import Fault

EXIT_CODE = 70


class Cut(Exception):  # noqa: N818 (an event, not an error of ours)
    """The connection is to be closed without an answer; `answer` is the one that is lost, if there was one."""

    answer: dict[str, Any] | None = None


def strike(fault: Fault | None, when: str) -> None:
    """What the fault asks for at this point has happened; without a fault, or at the other point, nothing."""
    if fault is None or fault.when != when:
        return
    match fault.do:
        case "drop":
            raise Cut
        case "error":
            raise SqlError(fault.errno, "57014", fault.message)
        case "delay":
            time.sleep(fault.seconds)
        case "exit":
            os._exit(EXIT_CODE)
