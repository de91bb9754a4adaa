"""The files of a stage: listed, removed, and on their way from and to the client.

https://docs.snowflake.com/en/sql-reference/sql/list: a named stage's files are named with the stage's own name in
lower case and their path; those of a table's or a user's stage with their path alone.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fakesnow.transforms import stage
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from snowdome.errors import invalid
from snowdome.result import Result
from snowdome.security import stage_location
from snowdome.sql.grammar.files import (
    FileStatement,
    GetFiles,
    ListFiles,
    Place,
    PutFiles,
    RemoveFiles,
    located,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from snowdome.query.account import Account
    from snowdome.state.session import Session
    from snowdome.types import Parameters

COLUMNS = (("name", "VARCHAR"), ("size", "NUMBER(38,0)"), ("md5", "VARCHAR"), ("last_modified", "VARCHAR"))
LIST = 0x1000


@dataclass(frozen=True, slots=True)
class Staged:
    """A file: its place on disk, its path in the stage, and the name LIST has for it."""

    file: Path
    path: str
    name: str


def copy_folder(source: str, physical: str) -> None:
    """The stage of that anonymous name has a copy of the files of the other."""
    folder = Path(stage.internal_dir(f"rows.main.{source}"))
    if folder.is_dir():
        shutil.copytree(folder, stage.internal_dir(f"rows.main.{physical}"), dirs_exist_ok=True)


def run(account: Account, session: Session, statement: FileStatement, parameters: Parameters = None) -> Result:
    """The statement has been carried out."""
    match statement:
        case ListFiles(place):
            found = _files(account, session, place, "READ")
            return Result(columns=COLUMNS, rows=[_row(one) for one in found], type_id=LIST)
        case RemoveFiles(place):
            found = _files(account, session, place, "WRITE")
            for one in found:
                one.file.unlink(missing_ok=True)
            columns = (("name", "VARCHAR"), ("result", "VARCHAR"))
            return Result(columns=columns, rows=[(one.name, "removed") for one in found], type_id=LIST)
        case GetFiles():
            return _get(account, session, statement)
        case PutFiles():
            return _put(account, session, statement, parameters)


def _put(account: Account, session: Session, statement: PutFiles, parameters: Parameters) -> Result:
    place = statement.place
    if place is None:
        if not isinstance(parameters, list) or not parameters:
            raise invalid("PUT: no value is bound to the place")
        place = located(str(parameters.pop(0)).removeprefix("@"))
    physical = stage_location.storage(account, session, place.stage, "WRITE")
    account.duck.stage(physical)  # now, because a COPY INTO in an open transaction would not see it
    data = {
        "stageInfo": {
            "locationType": "LOCAL_FS",
            "location": stage.internal_dir(f"{stage_location.CATALOG}.{stage_location.SCHEMA}.{physical}", place.path),
            "creds": {},
        },
        "src_locations": [statement.source],
        "parallel": statement.parallel,
        "autoCompress": statement.auto_compress,
        "sourceCompression": statement.source_compression,
        "overwrite": statement.overwrite,
        "command": "UPLOAD",
    }
    target = f"{place.stage}/{place.path}".rstrip("/")
    return Result(columns=(("status", "VARCHAR"),), extra={"put": data, "stage": target})


def _get(account: Account, session: Session, statement: GetFiles) -> Result:
    found = _files(account, session, statement.place, "READ")
    last = [one.path.rpartition("/")[2] for one in found]
    if len(set(last)) != len(last):
        raise invalid("GET: files of the same name in different folders of the stage cannot be downloaded at once")
    data: dict[str, Any] = {
        "command": "DOWNLOAD",
        "src_locations": [one.path for one in found],
        "localLocation": statement.folder,
        "parallel": statement.parallel,
        "encryptionMaterial": [],
        "files": [str(one.file) for one in found],
    }
    return Result(columns=(("status", "VARCHAR"),), extra={"get": data})


def _files(account: Account, session: Session, place: Place, privilege: str) -> list[Staged]:
    """The files there, in the order of their names."""
    physical = stage_location.storage(account, session, place.stage, privilege)
    root = Path(stage.internal_dir(f"{stage_location.CATALOG}.{stage_location.SCHEMA}.{physical}"))
    prefix = stage_location.shown_name(place.stage)
    found = []
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if not file.is_file() or not path.startswith(place.path):
            continue
        name = f"{prefix}{path}"
        if place.pattern is None or re.fullmatch(place.pattern, name):
            found.append(Staged(file, path, name))
    return found


def _row(staged: Staged) -> tuple[str, int, str, str]:
    content = staged.file.read_bytes()
    modified = datetime.fromtimestamp(staged.file.stat().st_mtime, UTC)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return staged.name, len(content), digest, modified.strftime("%a, %d %b %Y %H:%M:%S GMT")


def offer(result: Result, base_url: str) -> dict[str, Any]:
    """The answer to GET: where the client fetches each file, over plain HTTP from this server, see `uploads`."""
    data = dict(result.extra["get"])
    bucket = Path(stage.LOCAL_BUCKET_PATH)
    addresses = [
        f"{base_url.rstrip('/')}/snowdome/stages/{quote(Path(file).relative_to(bucket).as_posix())}"
        for file in data.pop("files")
    ]
    data["presignedUrls"] = addresses
    data["stageInfo"] = {"locationType": "GCS", "location": "snowdome/", "region": "LOCAL", "creds": {}}
    return {"data": data, "code": None, "message": None, "success": True}


async def send(request: Request) -> Response:
    """The file's bytes."""
    found = await run_in_threadpool(_staged, request.path_params["path"])
    return Response(status_code=404) if found is None else FileResponse(found, media_type="application/octet-stream")


def _staged(path: str) -> Path | None:
    """The file of a stage; nothing outside of the stages is found."""
    root = Path(stage.LOCAL_BUCKET_PATH).resolve()
    target = (root / path).resolve()
    return target if target.is_relative_to(root) and target.is_file() else None


ROUTE = Route("/snowdome/stages/{path:path}", send, methods=["GET"])
