"""Files on their way into a stage: the client is told where to send them, and sends them here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fakesnow.transforms import stage
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.account import Account
    from snowdome.result import Result


def offer(account: Account, result: Result, base_url: str) -> dict[str, Any]:
    """The answer to PUT: where the client uploads its file, over plain HTTP to this server.

    Clients do that for a presigned address of a GCS stage, the one kind of place that needs no cloud.
    """
    del account
    data = dict(result.extra["put"])
    folder = Path(data["stageInfo"]["location"])
    name = Path(data["src_locations"][0]).name
    path = quote(str((folder / name).relative_to(stage.LOCAL_BUCKET_PATH)))
    data["stageInfo"] = {
        "locationType": "GCS",
        "location": f"{result.extra['stage'].removeprefix('@')}/",
        "creds": {},
        "presignedUrl": f"{base_url.rstrip('/')}/snowdome/stages/{path}",
    }
    return {"data": data, "code": None, "message": None, "success": True}


async def receive(request: Request) -> Response:
    """The file is in the stage."""
    written = await run_in_threadpool(_write, request.path_params["path"], await request.body())
    return Response(status_code=200 if written else 400)


def _write(path: str, body: bytes) -> bool:
    """Whether the path is one of a stage; the file is there then."""
    root = Path(stage.LOCAL_BUCKET_PATH).resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    return True
