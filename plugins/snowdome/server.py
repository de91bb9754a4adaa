"""Snowflake's protocol over HTTP: sessions and statements, served to unmodified clients."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from snowdome import login, requests, uploads, wire
from snowdome.control import routes as control_routes
from snowdome.errors import SqlError
from snowdome.execution import new_query_id
from snowdome.faulty import Cut
from snowdome.functions import ACCOUNT_NAME

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account
    from snowdome.session import Session

log = logging.getLogger("snowdome")
VERSION = "9.36.1"
DAY = 86_400
REMEMBERED_REQUESTS = 1_000


class Unauthorized(Exception):  # noqa: N818 (an answer, not a fault)
    """The request carries no token of a session."""


class Server:
    """The HTTP face of one account."""

    def __init__(self, open_account: Callable[[], Account], *, kept: bool) -> None:
        self._open_account = open_account
        self._kept = kept
        self.account = open_account()
        self._by_token: dict[str, Session] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asked: OrderedDict[tuple[int, str], asyncio.Task[dict[str, Any]]] = OrderedDict()
        routes = [
            Route("/session/v1/login-request", self.login, methods=["POST"]),
            Route("/session/token-request", self.renew, methods=["POST"]),
            Route("/session", self.session, methods=["POST"]),
            Route("/session/heartbeat", self.session, methods=["POST"]),
            Route("/queries/v1/query-request", self.query, methods=["POST"]),
            Route("/queries/v1/abort-request", self.abort, methods=["POST"]),
            Route("/queries/{query_id}/result", self.result, methods=["GET"]),
            Route("/monitoring/queries/{query_id}", self.monitoring, methods=["GET"]),
            Route("/telemetry/send", self.telemetry, methods=["POST"]),
            Route("/telemetry/send/sessionless", self.telemetry, methods=["POST"]),
            Route("/snowdome/stages/{path:path}", uploads.receive, methods=["PUT"]),
            *control_routes(self),
        ]
        self.app = Starlette(routes=routes, exception_handlers={Unauthorized: _unauthorized})

    def renew_account(self) -> bool:
        """The account is a fresh one and all sessions are gone, unless the account is kept on disk."""
        if self._kept:
            return False
        old, self.account = self.account, self._open_account()
        self._by_token.clear()
        self._asked.clear()
        old.close()
        return True

    # -- sessions -----------------------------------------------------------------------------------------------
    async def login(self, request: Request) -> Response:
        """A session is open for the one who proved who it is."""
        body = await _body(request)
        try:
            session = await run_in_threadpool(login.login, self.account, body["data"], request.query_params)
        except SqlError as problem:
            return JSONResponse(
                {"data": None, "code": str(problem.errno), "message": problem.message, "success": False}
            )
        self._by_token[session.token] = session
        self._by_token[session.master_token] = session
        return JSONResponse({"data": self._greeting(session), "code": None, "message": None, "success": True})

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
                {"name": "TIMEZONE", "value": "Etc/UTC"},
            ],
            "sessionInfo": {
                "databaseName": session.database,
                "schemaName": session.schema,
                "warehouseName": session.warehouse,
                "roleName": self.account.role_name(session),
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
            self._by_token.pop(session.token, None)
            self._by_token.pop(session.master_token, None)
            await run_in_threadpool(self.account.close_session, session)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    def _session(self, request: Request) -> Session:
        token = request.headers.get("Authorization", "").removeprefix('Snowflake Token="').removesuffix('"')
        session = self._by_token.get(token)
        if session is None:
            raise Unauthorized
        return session

    # -- statements ---------------------------------------------------------------------------------------------
    async def query(self, request: Request) -> Response:
        """The statement has been carried out, or, if it is asynchronous, taken."""
        session = self._session(request)
        body = await _body(request)
        query_id = new_query_id()
        work = requests.Work(
            account=self.account,
            session=session,
            body=body,
            query_id=query_id,
            request_id=request.query_params.get("requestId", ""),
            base_url=str(request.base_url),
        )
        if body.get("asyncExec"):
            task = asyncio.create_task(run_in_threadpool(work.run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return JSONResponse(wire.in_progress(query_id))
        return await self._answer(session, work)

    async def _answer(self, session: Session, work: requests.Work) -> Response:
        """The answer; a request that is sent again, because its answer did not arrive, is not carried out again."""
        key = (session.id, work.request_id)
        task = self._asked.get(key) if work.request_id else None
        if task is None:
            task = asyncio.create_task(run_in_threadpool(work.run))
            self._asked[key] = task
            while len(self._asked) > REMEMBERED_REQUESTS:
                self._asked.popitem(last=False)
        try:
            return JSONResponse(await asyncio.shield(task))
        except Cut as cut:
            self._asked.pop(key, None)
            if cut.answer is not None:
                self._asked[key] = asyncio.create_task(_already(cut.answer))
            return CutResponse()

    async def abort(self, request: Request) -> Response:
        """The statement of that request, or whatever the session runs, is cancelled."""
        session = self._session(request)
        await run_in_threadpool(session.duck.interrupt)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    async def result(self, request: Request) -> Response:
        """The kept answer of a statement; while it runs, that it runs."""
        session = self._session(request)
        query_id = request.path_params["query_id"]
        return JSONResponse(await run_in_threadpool(requests.kept, self.account, session, query_id))

    async def monitoring(self, request: Request) -> Response:
        """The state of a statement."""
        self._session(request)
        query_id = request.path_params["query_id"]
        outcome = self.account.results.get(query_id)
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


class CutResponse(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The client sees its connection end."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _already(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = gzip.decompress(raw)
    found: dict[str, Any] = json.loads(raw)
    return found


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
