"""Snowflake's protocol over HTTP: sessions and statements, served to unmodified clients."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from snowdome.errors import SqlError
from snowdome.files import stage_files
from snowdome.query import cancel_functions
from snowdome.query.functions import ACCOUNT_NAME
from snowdome.security import session_policies
from snowdome.server import encoding, login, uploads
from snowdome.server import queries as query_requests
from snowdome.server.connections import GRACE, Connections, CutResponse
from snowdome.server.control import routes as control_routes
from snowdome.sql.redaction import redacted
from snowdome.state.duckdb_engine import Engine
from snowdome.state.edition import VERSION
from snowdome.state.fault_injection import Cut
from snowdome.state.records import Role
from snowdome.state.sessions import close_session
from snowdome.state.statement_log import new_query_id

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account
    from snowdome.state.session import Session
    from snowdome.state.snapshot import Snapshot

log = logging.getLogger("snowdome")
DAY = 86_400
REMEMBERED_REQUESTS = 300
MOST_STATEMENTS = 2_000
"""Statements at a time: most of them would be waiting for locks or for a place on a warehouse."""
R = TypeVar("R")
OpenAccount = Callable[["Engine | None", "Snapshot | None"], "Account"]
"""Returns an account: on the engine, as it was in the snapshot."""


class Unauthorized(Exception):  # noqa: N818 (an answer, not a fault)
    """The request carries no token of a session."""


class Expired(Exception):  # noqa: N818 (an answer, not a fault)
    """The session has ended by its session policy: 390114, on which clients ask who is there."""


class Server:
    """The HTTP face of one account."""

    def __init__(self, open_account: OpenAccount, *, kept: bool) -> None:
        self._open_account = open_account
        self._kept = kept
        self._engine = Engine()
        self.account = open_account(self._engine if not kept else None, None)
        self._exchange = threading.Lock()
        """Held while another account takes the place of this one."""
        self._snapshots: dict[str, Snapshot] = {}
        self._by_token: dict[str, Session] = {}
        self._threads = ThreadPoolExecutor(MOST_STATEMENTS, thread_name_prefix="statement")
        self._behind: Counter[int] = Counter()
        """How many asynchronous statements run, by session."""
        self._asked: OrderedDict[tuple[int, str], asyncio.Future[dict[str, Any]]] = OrderedDict()
        self.connections = Connections(self._gone)
        routes = [
            Route("/session/v1/login-request", self.login, methods=["POST"]),
            Route("/session/token-request", self.renew, methods=["POST"]),
            Route("/session", self.session, methods=["POST"]),
            Route("/session/heartbeat", self.session, methods=["POST"]),
            Route("/queries/v1/query-request", self.query, methods=["POST"]),
            Route("/queries/v1/abort-request", self.abort, methods=["POST"]),
            Route("/queries/{query_id}/abort-request", self.abort_one, methods=["POST"]),
            Route("/queries/{query_id}/result", self.result, methods=["GET"]),
            Route("/monitoring/queries/{query_id}", self.monitoring, methods=["GET"]),
            Route("/telemetry/send", self.telemetry, methods=["POST"]),
            Route("/telemetry/send/sessionless", self.telemetry, methods=["POST"]),
            uploads.route(self),
            stage_files.ROUTE,
            *control_routes(self),
        ]
        self.app = Starlette(
            routes=routes,
            exception_handlers={Unauthorized: _unauthorized, Expired: _expired, ClientDisconnect: _hung_up},
        )

    # -- the whole account --------------------------------------------------------------------------------------
    def renew_account(self) -> bool:
        """The account is a fresh one and all sessions are gone, unless the account is kept on disk."""
        if self._kept:
            return False
        self._exchange_for(None)
        return True

    def take_snapshot(self) -> str | None:
        """Return the id of a new snapshot of the account; None for an account that is kept on disk."""
        if self._kept:
            return None
        with self._exchange:
            snapshot = self.account.snapshot()
        snapshot_id = new_query_id()
        self._snapshots[snapshot_id] = snapshot
        return snapshot_id

    def restore_snapshot(self, snapshot_id: str) -> bool:
        """The account is as it was in the snapshot and all sessions are gone; False, and nothing done, without one."""
        snapshot = self._snapshots.get(snapshot_id)
        if snapshot is None:
            return False
        self._exchange_for(snapshot)
        return True

    def discard_snapshot(self, snapshot_id: str) -> bool:
        """The snapshot is no longer kept; False if there was none."""
        with self._exchange:
            snapshot = self._snapshots.pop(snapshot_id, None)
            if snapshot is not None:
                snapshot.discard()
        return snapshot is not None

    def _exchange_for(self, snapshot: Snapshot | None) -> None:
        with self._exchange:
            self._by_token.clear()
            self._asked.clear()
            old = self.account
            old.close()
            self.account = self._open_account(self._engine, snapshot)
            self.account.session_ids = old.session_ids  # who asks with an old one's token finds none of the new ones

    # -- sessions -----------------------------------------------------------------------------------------------
    async def login(self, request: Request) -> Response:
        """A session is open for the one who proved who it is."""
        body = await _body(request)
        try:
            address = request.client.host if request.client is not None else ""
            session = await self._on_thread(self._login, body["data"], request.query_params, address)
        except SqlError as problem:
            return JSONResponse(
                {"data": None, "code": str(problem.errno), "message": problem.message, "success": False}
            )
        self._by_token[session.token] = session
        self._by_token[session.master_token] = session
        return JSONResponse({"data": self._greeting(session), "code": None, "message": None, "success": True})

    def _login(self, data: dict[str, Any], asked: Mapping[str, str], address: str) -> Session:
        with self._exchange:
            account = self.account
        return login.login(account, data, asked, address)

    def _greeting(self, session: Session) -> dict[str, Any]:
        return {
            "token": session.token,
            "masterToken": session.master_token,
            "validityInSeconds": DAY,
            "masterValidityInSeconds": DAY,
            "serverVersion": VERSION,
            "sessionId": session.id,
            "parameters": [
                {"name": "AUTOCOMMIT", "value": session.autocommit},
                {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
                {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
                {"name": "TIMEZONE", "value": session.timezone},
            ],
            "sessionInfo": {
                "databaseName": session.database,
                "schemaName": session.schema,
                "warehouseName": session.warehouse,
                "roleName": self.account.catalog.get(Role, session.role).name,
            },
            "displayUserName": ACCOUNT_NAME,
        }

    async def renew(self, request: Request) -> Response:
        """The session has the same token for another while."""
        session = self._session(request)
        data = {
            "sessionToken": session.token,
            "masterToken": session.master_token,
            "validityInSecondsST": DAY,
            "validityInSecondsMT": DAY,
            "sessionId": session.id,
        }
        return JSONResponse({"data": data, "code": None, "message": None, "success": True})

    async def session(self, request: Request) -> Response:
        """The session is alive, or, with `delete`, closed."""
        session = self._session(request)
        if request.query_params.get("delete"):
            self._forget(session)
            await self._on_thread(close_session, self.account, session)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    def _session(self, request: Request) -> Session:
        token = request.headers.get("Authorization", "").removeprefix('Snowflake Token="').removesuffix('"')
        session = self._by_token.get(token)
        if session is None or session.id not in self.account.sessions:
            raise Unauthorized
        self.account.url = str(request.base_url)
        if session_policies.over(self.account, session):
            self._forget(session)
            close_session(self.account, session)
            raise Expired
        session.last_used = self.account.clock.now()
        self.connections.used(request, session)
        return session

    def _forget(self, session: Session) -> None:
        self._by_token.pop(session.token, None)
        self._by_token.pop(session.master_token, None)
        self.connections.forget(session)

    def _gone(self, session: Session) -> None:
        """The session's client is dead: what it held is free, after what it left running on purpose."""
        if self._behind.get(session.id):
            asyncio.get_running_loop().call_later(GRACE, self._gone, session)
            return
        self._forget(session)
        self._on_thread(close_session, self.account, session)

    def _on_thread(self, work: Callable[..., R], *values: Any) -> asyncio.Future[R]:
        """What blocks is done on a thread of its own: who waits for a lock keeps no one from freeing it."""
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *values)

    # -- statements ---------------------------------------------------------------------------------------------
    async def query(self, request: Request) -> Response:
        """The statement has been carried out, or, if it is asynchronous, taken."""
        session = self._session(request)
        body = await _body(request)
        request_id = request.query_params.get("requestId", "")
        key = (session.id, request_id)
        asked = self._asked.get(key) if request_id else None
        try:
            if asked is None:
                asked = self._asked[key] = asyncio.ensure_future(self._begun(session, body, str(request.base_url)))
                while len(self._asked) > REMEMBERED_REQUESTS:
                    self._asked.popitem(last=False)
            # sent again, because its answer did not arrive, it is not carried out again
            return JSONResponse(await asyncio.shield(asked))
        except Cut as cut:
            self._asked.pop(key, None)
            if cut.answer is not None:
                self._asked[key] = asyncio.ensure_future(_already(cut.answer))
            return CutResponse(request)

    def _begun(self, session: Session, body: dict[str, Any], base_url: str) -> Awaitable[dict[str, Any]]:
        work = query_requests.Work(
            account=self.account,
            session=session,
            body=body,
            query_id=new_query_id(),
            base_url=base_url,
            fault=self.account.faults.strike(str(body["sqlText"])),
        )
        return self._taken(work) if body.get("asyncExec") else self._on_thread(work.run)

    async def _taken(self, work: query_requests.Work) -> dict[str, Any]:
        """The asynchronous statement runs. Its connection is cut before that, or, to lose an answer, at its end."""
        fault = work.fault if work.fault is not None and work.fault.do == "drop" else None
        if fault is not None and fault.when == "before":
            raise Cut
        self.account.results.begin(work.session, work.query_id, redacted(work.text))
        self._behind[work.session.id] += 1
        running = self._on_thread((work if fault is None else replace(work, fault=None)).run)
        running.add_done_callback(lambda _: self._behind.subtract([work.session.id]))
        answer = encoding.in_progress(work.query_id)
        if fault is not None:
            await running
            raise Cut(answer)
        return answer

    async def abort(self, request: Request) -> Response:
        """The statement of that request, or whatever the session runs, is cancelled."""
        session = self._session(request)
        self.account.running_queries.cancel_session(session)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    async def abort_one(self, request: Request) -> Response:
        """The statement of that id is cancelled, if it runs and the one who asks may cancel it."""
        session = self._session(request)
        try:
            cancel_functions.cancel_query(self.account, session, request.path_params["query_id"])
        except SqlError as problem:
            return JSONResponse(encoding.failed(problem))
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    async def result(self, request: Request) -> Response:
        """The kept answer of a statement; while it runs, that it runs."""
        session = self._session(request)
        query_id = request.path_params["query_id"]
        return JSONResponse(await self._on_thread(query_requests.kept, self.account, session, query_id))

    async def monitoring(self, request: Request) -> Response:
        """The state of a statement."""
        session = self._session(request)
        query_id = request.path_params["query_id"]
        outcome = self.account.results.get(query_id, session)
        queries = []
        if outcome is not None:
            found: dict[str, Any] = {"id": query_id, "status": outcome.status, "sqlText": outcome.text}
            if outcome.error is not None:
                found |= {"errorCode": f"{outcome.error.errno:06d}", "errorMessage": outcome.error.message}
            queries.append(found)
        return JSONResponse({"data": {"queries": queries}, "success": True})

    async def telemetry(self, request: Request) -> Response:
        """What clients report about themselves is taken and forgotten."""
        del request
        return JSONResponse({"data": "Log Received", "code": None, "message": None, "success": True})


async def _already(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = gzip.decompress(raw)
    found: dict[str, Any] = json.loads(raw)
    return found


def _expired(request: Request, problem: Exception) -> Response:
    del request, problem
    message = "Authentication token has expired.  The user must authenticate again."
    return JSONResponse({"data": None, "code": "390114", "message": message, "success": False})


def _hung_up(request: Request, problem: Exception) -> Response:
    """Nobody is there to be answered."""
    del problem
    return CutResponse(request)


def _unauthorized(request: Request, problem: Exception) -> Response:
    del problem
    missing = "Authorization" not in request.headers
    code, message = (
        ("390103", "Session token not found in the request data.")
        if missing
        else (
            "390104",
            "User must login again to access the service.",
        )
    )
    return JSONResponse({"data": None, "code": code, "message": message, "success": False}, status_code=200)
