"""Connections: cutting one on demand, and noticing that a client is gone.

Snowflake does not notice at once: a vanished client's transaction is aborted after five idle minutes if it blocks
another, after four hours otherwise (sql-reference/transactions, "Aborting transactions"). Here a client that hangs up
in the middle of a statement or shortly after one, and does not call again, is taken for dead and its session is closed.
One that lets an idle connection go keeps its session: drivers with a pool do that.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.state.session import Session

KEEP_ALIVE = 120
"""Seconds for which an idle connection is kept open from this side."""
AT_WORK = 20.0
"""Who hangs up within as many seconds of its last answer was at work."""
GRACE = 5.0
"""Seconds for a client to call again: longer than a retry takes."""


class Connection(HttpToolsProtocol):
    """One client's connection."""

    board: Connections

    def connection_made(self, transport: Any) -> None:
        """Requests that come over this connection can find it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": self}
        self.sessions: dict[int, Session] = {}
        self.last = time.monotonic()
        self.ours = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client may be gone."""
        cycle = self.cycle
        answered = cycle is None or cycle.response_complete
        asked_to_close = cycle is not None and answered and not cycle.keep_alive
        at_work = not answered or time.monotonic() - self.last < AT_WORK
        super().connection_lost(exc)
        self.board.lost(self, suspicious=at_work and not (self.ours or asked_to_close))

    def on_response_complete(self) -> None:
        """The client has its answer."""
        self.last = time.monotonic()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """The connection has been idle for too long."""
        self.ours = True
        super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The server ends."""
        self.ours = True
        super().shutdown()

    def cut(self) -> None:
        """The client's connection has ended, without another word."""
        self.ours = True
        self.transport.abort()


class Connections:
    """Which sessions are on which connections."""

    def __init__(self, gone: Callable[[Session], None]) -> None:
        """`gone` is called for each session whose client counts as dead."""
        self._gone = gone
        self._open: defaultdict[int, set[Connection]] = defaultdict(set)
        self._calls: defaultdict[int, int] = defaultdict(int)

    def protocol(self) -> type[Connection]:
        """The class of connections that report here."""
        return type("BoundConnection", (Connection,), {"board": self})

    def used(self, request: Request, session: Session) -> None:
        """The session called over the request's connection."""
        connection = connection_of(request)
        if connection is not None:
            connection.sessions[session.id] = session
            self._open[session.id].add(connection)
            self._calls[session.id] += 1

    def forget(self, session: Session) -> None:
        """The session is closed."""
        for connection in self._open.pop(session.id, ()):
            connection.sessions.pop(session.id, None)
        self._calls.pop(session.id, None)

    def lost(self, connection: Connection, *, suspicious: bool) -> None:
        """The connection is closed; sessions that were on it alone are closed unless they call again."""
        for session in connection.sessions.values():
            self._open[session.id].discard(connection)
            if suspicious and not self._open[session.id]:
                connection.loop.call_later(GRACE, self._judge, session, self._calls[session.id])

    def _judge(self, session: Session, calls: int) -> None:
        if self._calls.get(session.id) == calls and not self._open.get(session.id):
            self._gone(session)


def connection_of(request: Request) -> Connection | None:
    """The connection over which the request came, if it is one of ours."""
    state = request.scope.get("state") or {}
    connection = state.get("connection")
    return connection if isinstance(connection, Connection) else None


class CutResponse(Response):
    """No answer at all: the connection is cut."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._line = connection_of(request)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The client sees its connection end."""
        del scope, receive
        if self._line is not None:
            self._line.cut()
        else:  # another kind of server: an answer that breaks off
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
