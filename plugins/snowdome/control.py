"""The hand on the dome: clock, faults and the statement log, beside Snowflake's protocol, for the loopback only."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from snowdome.faults import Fault

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account

Endpoint = Callable[["Request"], Awaitable[Response]]


class ClockSetting(BaseModel):
    """What the clock is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    now: datetime | None = None
    advance_seconds: float = 0
    speed: float | None = Field(default=None, ge=0)


class Held(Protocol):
    """Who holds the account, and can put a fresh one in its place."""

    account: Account

    def renew_account(self) -> bool:
        """The account is a fresh one, unless it is kept on disk."""


def routes(holder: Held) -> list[Route]:
    """The control routes of whatever account is held."""

    async def clock(request: Request) -> Response:
        account = holder.account
        if request.method == "POST":
            setting = ClockSetting.model_validate_json(await request.body())
            account.clock.set(now=setting.now, advance_seconds=setting.advance_seconds, speed=setting.speed)
        return JSONResponse({"now": account.clock.now().isoformat(), "driven": account.clock.driven})

    async def faults(request: Request) -> Response:
        account = holder.account
        if request.method == "DELETE":
            account.faults.clear()
        elif request.method == "POST":
            account.faults.add(Fault.model_validate_json(await request.body()))
        return JSONResponse({"faults": [fault.model_dump() for fault in account.faults.waiting()]})

    async def statements(request: Request) -> Response:
        account = holder.account
        if request.method == "DELETE":
            account.log.clear()
        return JSONResponse({"statements": [entry.plain() for entry in account.log.entries()]})

    async def reset(request: Request) -> Response:
        del request
        if not await run_in_threadpool(holder.renew_account):
            return JSONResponse({"error": "an account that is kept on disk cannot be reset"}, status_code=409)
        return JSONResponse({"reset": True})

    return [
        Route("/snowdome/reset", _guarded(reset), methods=["POST"]),
        Route("/snowdome/clock", _guarded(clock), methods=["GET", "POST"]),
        Route("/snowdome/faults", _guarded(faults), methods=["GET", "POST", "DELETE"]),
        Route("/snowdome/statements", _guarded(statements), methods=["GET", "DELETE"]),
    ]


def _guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint for callers on this machine; wrong input is told what was wrong."""

    async def guarded(request: Request) -> Response:
        host = request.client.host if request.client is not None else ""
        try:
            near = ipaddress.ip_address(host).is_loopback
        except ValueError:
            near = False
        if not near:
            return JSONResponse({"error": "snowdome's controls are for the loopback only"}, status_code=403)
        try:
            return await endpoint(request)
        except ValidationError as problem:
            return JSONResponse({"error": problem.errors(include_url=False, include_context=False)}, status_code=422)

    return guarded
