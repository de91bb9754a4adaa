"""A fault striking a statement."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from snowdome.errors import SqlError

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.faults import Fault
    from snowdome.state.session import Session

EXIT_CODE = 70
CANCELED = 604


class Cut(Exception):  # noqa: N818 (an event, not an error of ours)
    """The connection is to be cut without an answer; `answer` is the one that is lost, if there was one."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.answer = answer


def strike(account: Account, fault: Fault | None, when: str, session: Session | None = None) -> None:
    """What the fault asks for at this point has happened; without a fault, or at the other point, nothing.

    A delay lasts on the account's clock. One before a statement of a session is part of the statement: it occupies the
    warehouse, can be cancelled and is subject to the statement's timeouts.
    """
    if fault is None or fault.when != when:
        return
    match fault.do:
        case "drop":
            raise Cut
        case "error":
            raise SqlError(CANCELED if fault.errno is None else fault.errno, "57014", fault.message)
        case "delay" if when == "before" and session is not None:
            session.linger += fault.seconds or 0
        case "delay":
            account.time.sleep(fault.seconds or 0)
        case "exit":
            os._exit(EXIT_CODE)
