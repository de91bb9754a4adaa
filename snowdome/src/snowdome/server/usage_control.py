"""The control routes of the account's histories and prices: see `loader` for what can be sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from snowdome.server import loader
from snowdome.usage.price_views import CURRENCY, DEFAULTS

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account

Endpoint = Callable[["Account", "Request"], Awaitable[Response]]


class Prices(BaseModel):
    """What a credit, or a terabyte kept a month, costs from today on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = CURRENCY
    rates: dict[str, float] = Field(min_length=1)


async def history(account: Account, request: Request) -> Response:
    """GET lists, POST loads, DELETE takes loaded rows away."""
    try:
        if request.method == "GET":
            return JSONResponse(await run_in_threadpool(loader.listing, account))
        if request.method == "DELETE":
            return JSONResponse(await run_in_threadpool(loader.unload, account))
        return JSONResponse(await _load(account, request))
    except loader.RefusedLoadError as problem:
        return JSONResponse({"error": str(problem)}, status_code=422)


async def _load(account: Account, request: Request) -> dict[str, Any]:
    body = await request.body()
    kind = request.headers.get("Content-Type", "")
    view = request.query_params.get("view")
    if view is not None and "json" not in kind:
        return await run_in_threadpool(loader.load_body, account, view, kind, body)
    return await run_in_threadpool(loader.load, account, loader.Load.model_validate_json(body))


async def prices(account: Account, request: Request) -> Response:
    """POST sets what services cost from the account's today on; GET and POST answer the rates that hold."""
    if request.method == "POST":
        request_prices = Prices.model_validate_json(await request.body())
        try:
            await run_in_threadpool(_set, account, request_prices)
        except loader.RefusedLoadError as problem:
            return JSONResponse({"error": str(problem)}, status_code=422)
    return JSONResponse(await run_in_threadpool(_holding, account))


def _set(account: Account, prices: Prices) -> None:
    today = account.clock.now().date().isoformat()
    rows = [
        {
            "DATE": today,
            "SERVICE_TYPE": service.upper(),
            "EFFECTIVE_RATE": rate,
            "CURRENCY": prices.currency,
            "RATING_TYPE": DEFAULTS.get(service.upper(), ("compute",))[0],
        }
        for service, rate in prices.rates.items()
    ]
    loader.load(account, loader.Load(view="RATE_SHEET_DAILY", rows=rows))


def _holding(account: Account) -> dict[str, Any]:
    today = account.clock.now().date() + timedelta(days=1)
    found: dict[str, Any] = {
        service: {"rate": default[2], "currency": CURRENCY} for service, default in DEFAULTS.items()
    }
    for service, rate, currency in account.usage.history.execute(
        'SELECT SERVICE_TYPE, arg_max(EFFECTIVE_RATE, "DATE"), arg_max(coalesce(CURRENCY, ?), "DATE") '
        'FROM usage.main.rate_sheet_daily WHERE "DATE" < ? GROUP BY 1 ORDER BY 1',
        [CURRENCY, today],
    ):
        found[service] = {"rate": float(rate), "currency": currency}
    return {"rates": json.loads(json.dumps(found))}
