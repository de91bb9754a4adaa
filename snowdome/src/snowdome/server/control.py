"""Controls for tests, on the loopback only: clock, faults, statement log."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Protocol

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from snowdome.objects.users import password_resets
from snowdome.server import usage_control
from snowdome.state.fault_injection import Fault
from snowdome.warehouses.metering.ledger import EPOCH
from snowdome.warehouses.metering.rates import FIRST_GENERATION, Kind
from snowdome.warehouses.metering.windows import segments

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account

Endpoint = Callable[["Request"], Awaitable[Response]]


class ClockSetting(BaseModel):
    """The request that sets the clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    now: datetime | None = None
    advance_seconds: float = 0
    speed: float | None = Field(default=None, ge=0)


class SnapshotChoice(BaseModel):
    """Which snapshot is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str


class NewPassword(BaseModel):
    """What the holder of a RESET PASSWORD URL says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: int
    token: str
    password: str = Field(min_length=1)


Factors: TypeAdapter[dict[Kind, Annotated[float, Field(gt=0)]]] = TypeAdapter(dict[Kind, Annotated[float, Field(gt=0)]])
"""What kinds of machines cost, as multiples of generation 1."""


class HasAccount(Protocol):
    """Who holds the account, and can put a fresh one in its place."""

    account: Account

    def renew_account(self) -> bool:
        """The account is a fresh one, unless it is kept on disk."""

    def take_snapshot(self) -> str | None:
        """Return the id of a new snapshot of the account, unless it is kept on disk."""

    def restore_snapshot(self, snapshot_id: str) -> bool:
        """The account is as it was in the snapshot; False without one."""

    def discard_snapshot(self, snapshot_id: str) -> bool:
        """The snapshot is no longer kept; False without one."""


def routes(holder: HasAccount) -> list[Route]:
    """The control routes of whatever account is held."""
    apart = CapacityLimiter(1)  # the clock moves also where every thread is taken by a statement that waits for it

    async def clock(request: Request) -> Response:
        account = holder.account
        if request.method == "POST":
            setting = ClockSetting.model_validate_json(await request.body())
            move = partial(
                account.time.move, now=setting.now, advance_seconds=setting.advance_seconds, speed=setting.speed
            )
            await to_thread.run_sync(move, limiter=apart)
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
        Route("/snowdome/password", _guarded(_password(holder)), methods=["POST"]),
        Route("/snowdome/history", _guarded(_usage(holder, usage_control.history)), methods=["GET", "POST", "DELETE"]),
        Route("/snowdome/prices", _guarded(_usage(holder, usage_control.prices)), methods=["GET", "POST"]),
        Route("/snowdome/reset", _guarded(reset), methods=["POST"]),
        Route("/snowdome/snapshot", _guarded(_snapshot(holder)), methods=["POST", "DELETE"]),
        Route("/snowdome/restore", _guarded(_restore(holder)), methods=["POST"]),
        Route("/snowdome/clock", _guarded(clock), methods=["GET", "POST"]),
        Route("/snowdome/faults", _guarded(faults), methods=["GET", "POST", "DELETE"]),
        Route("/snowdome/metering", _guarded(_metering(holder)), methods=["GET"]),
        Route("/snowdome/notices", _guarded(_notices(holder)), methods=["GET"]),
        Route("/snowdome/rates", _guarded(_rates(holder)), methods=["GET", "POST"]),
        Route("/snowdome/statements", _guarded(statements), methods=["GET", "DELETE"]),
    ]


def _snapshot(holder: HasAccount) -> Endpoint:
    """A snapshot is taken, or, with DELETE, no longer kept."""

    async def snapshot(request: Request) -> Response:
        if request.method == "DELETE":
            chosen = SnapshotChoice.model_validate_json(await request.body())
            known = await run_in_threadpool(holder.discard_snapshot, chosen.id)
            return JSONResponse({"discarded": True}) if known else _unknown_snapshot(chosen)
        taken = await run_in_threadpool(holder.take_snapshot)
        if taken is None:
            message = "an account that is kept on disk has no snapshots: stop the server and copy its folder"
            return JSONResponse({"error": message}, status_code=409)
        return JSONResponse({"id": taken})

    return snapshot


def _restore(holder: HasAccount) -> Endpoint:
    """The account becomes what it was in a snapshot."""

    async def restore(request: Request) -> Response:
        chosen = SnapshotChoice.model_validate_json(await request.body())
        if not await run_in_threadpool(holder.restore_snapshot, chosen.id):
            return _unknown_snapshot(chosen)
        return JSONResponse({"restored": chosen.id, "now": holder.account.clock.now().isoformat()})

    return restore


def _unknown_snapshot(chosen: SnapshotChoice) -> Response:
    message = f"no snapshot {chosen.id!r} is kept here; POST /snowdome/snapshot takes one and answers its id"
    return JSONResponse({"error": f"{message} (the account is unchanged)"}, status_code=404)


def _metering(holder: HasAccount) -> Endpoint:
    """The truth that Snowflake tells hours later: when each cluster ran at which size, up to this moment."""

    async def metering(request: Request) -> Response:
        del request
        account = holder.account
        found = await run_in_threadpool(segments, account, EPOCH, account.clock.now())
        return JSONResponse({"now": account.clock.now().isoformat(), "segments": [one.plain() for one in found]})

    return metering


def _notices(holder: HasAccount) -> Endpoint:
    """What resource monitors had to say."""

    async def notices(request: Request) -> Response:
        del request
        return JSONResponse({"notices": [notice.plain() for notice in holder.account.monitors.meters.notices()]})

    return notices


def _rates(holder: HasAccount) -> Endpoint:
    """What clusters cost: generation 1 as Snowflake documents it, other kinds as multiples of it."""

    async def rates(request: Request) -> Response:
        history = holder.account.clusters.history
        if request.method == "POST":
            history.price(Factors.validate_json(await request.body()))
        return JSONResponse({"factors": history.factors, "credits_per_hour": dict(FIRST_GENERATION)})

    return rates


def _password(holder: HasAccount) -> Endpoint:
    """Where the URL of RESET PASSWORD leads."""

    async def password(request: Request) -> Response:
        new = NewPassword.model_validate_json(await request.body())
        accept = partial(password_resets.accept, holder.account, new.user, new.token, new.password)
        if not await run_in_threadpool(accept):
            return JSONResponse({"error": "the URL is used up, too old or wrong"}, status_code=403)
        return JSONResponse({"changed": True})

    return password


def _usage(holder: HasAccount, endpoint: usage_control.Endpoint) -> Endpoint:
    """The endpoint for whatever account is held."""

    async def held(request: Request) -> Response:
        return await endpoint(holder.account, request)

    return held


def _guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint for callers on this machine; wrong input is refused with a reason."""

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
