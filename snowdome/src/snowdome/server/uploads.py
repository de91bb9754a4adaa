"""Uploads into a stage: tells the client where to send its files, and receives them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fakesnow.transforms import stage
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from snowdome.errors import SqlError
from snowdome.server.connections import CutResponse
from snowdome.state import fault_injection

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.query.account import Account
    from snowdome.result import Result
    from snowdome.server.control import HasAccount
    from snowdome.state.fault_injection import Fault


def offer(account: Account, result: Result, base_url: str, fault: Fault | None = None) -> dict[str, Any]:
    """The answer to PUT: where the client uploads its file, over plain HTTP to this server.

    Clients do that for a presigned address of a GCS stage, the one kind of place that needs no cloud.
    A fault that strikes after the statement strikes when the file is in the stage.
    """
    data = dict(result.extra["put"])
    folder = Path(data["stageInfo"]["location"])
    name = Path(data["src_locations"][0]).name
    if fault is not None and fault.when == "after":
        account.faults.put_off(fault, folder)
    path = quote(str((folder / name).relative_to(stage.LOCAL_BUCKET_PATH)))
    data["stageInfo"] = {
        "locationType": "GCS",
        "location": f"{result.extra['stage'].removeprefix('@')}/",
        "region": "LOCAL",
        "isClientSideEncrypted": False,
        "creds": {},
        "presignedUrl": f"{base_url.rstrip('/')}/snowdome/stages/{path}",
    }
    return {"data": data, "code": None, "message": None, "success": True}


def offered(answer: dict[str, Any]) -> bool:
    """Whether the answer only says where files are to be sent."""
    return "presignedUrl" in (answer["data"] or {}).get("stageInfo", ())


def route(holder: HasAccount) -> Route:
    """Where files of whatever account is held are sent to."""

    async def receive(request: Request) -> Response:
        """The file is in the stage."""
        account = holder.account
        path = request.path_params["path"]
        written = await run_in_threadpool(_write, path, await request.body())
        fault = account.faults.due(Path(stage.LOCAL_BUCKET_PATH, path).parent)
        try:
            await run_in_threadpool(fault_injection.strike, account, fault, "after")
        except fault_injection.Cut:
            return CutResponse(request)
        except SqlError as problem:
            return Response(problem.message, status_code=422)
        return Response(status_code=200 if written else 400)

    return Route("/snowdome/stages/{path:path}", receive, methods=["PUT"])


def _write(path: str, body: bytes) -> bool:
    """Whether the path is one of a stage; the file is there then."""
    root = Path(stage.LOCAL_BUCKET_PATH).resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as coming:
        coming.write(body)
    Path(coming.name).replace(target)  # whole or not at all, whenever the server is killed
    return True
