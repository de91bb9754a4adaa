"""`python -m snowdome serve`: an account on a port of this machine."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import socket
import sys
import threading
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

PASSWORD = "snowdome"  # noqa: S105 (the documented default of a toy account)


def main(arguments: list[str] | None = None) -> int:
    """The server has run and stopped; the result is the process's exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "support":
        return _support()
    logging.basicConfig(level=os.environ.get("SNOWDOME_LOG", "WARNING"), format="%(levelname)s %(name)s: %(message)s")
    folder = None if options.memory else Path(options.data)
    try:
        listener = _listen(options.host, options.port)
    except OSError as problem:
        return _complain(f"cannot listen on {options.host}:{options.port}: {_why(problem)}")
    try:
        return _serve(folder, listener, options.host, attached=options.attached)
    except OSError as problem:
        return _complain(f"cannot use {folder}: {problem.strerror or problem}")


def _support() -> int:
    from snowdome.engine import support_tables

    sys.stdout.write(f"{support_tables.statements()}\n\n{support_tables.properties()}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m snowdome", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve an account until SIGTERM")
    serve.add_argument("--port", type=_port, required=True, help="0 takes a free one and prints it")
    serve.add_argument("--host", default="127.0.0.1", help="the loopback by default")
    serve.add_argument("--attached", action="store_true", help="stop when standard input ends: with who started it")
    keeping = serve.add_mutually_exclusive_group(required=True)
    keeping.add_argument("--data", metavar="DIR", help="keep the account in this folder")
    keeping.add_argument("--memory", action="store_true", help="keep nothing")
    commands.add_parser("support", help="print which statements are served, as Markdown")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text} is no port; use 0 to 65535, for example 8080")
    return port


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _serve(folder: Path | None, listener: socket.socket, host: str, *, attached: bool) -> int:
    sys.meta_path.insert(0, WithoutPandas())
    import duckdb
    import pyarrow as pa
    import uvicorn

    pa.array([None])  # looks for pandas, here where there are no threads yet to trip over each other
    from snowdome.account import Account
    from snowdome.server import connections
    from snowdome.server.app import Server

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    password = os.environ.get("SNOWDOME_PASSWORD", PASSWORD)
    try:
        face = Server(
            lambda engine, origin: Account(folder, password, engine=engine, origin=origin), kept=folder is not None
        )
    except duckdb.IOException as problem:
        return _complain(f"cannot open the account in {folder}: {str(problem).splitlines()[0]}")
    config = uvicorn.Config(
        face.app,
        http=face.connections.protocol(),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=connections.KEEP_ALIVE,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    port = listener.getsockname()[1]
    kept = f"data in {folder}" if folder is not None else "in memory"
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: setattr(server, "should_exit", True))
    if attached:
        threading.Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    listener.listen(128)
    print(  # noqa: T201 (the line that tells whoever started it where it listens)
        f"snowdome ready on http://{host}:{port} (an emulated Snowflake account, {kept}; not for production)",
        flush=True,
    )
    try:
        server.run(sockets=[listener])
    finally:
        face.account.close()
    return 0


def _stop_with_input(server: Any) -> None:
    """The server stops when nobody holds the other end of standard input any more."""
    # The descriptor, not sys.stdin: a thread that holds that one's lock makes the interpreter abort when it ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


class WithoutPandas(MetaPathFinder):
    """Pandas is not there: the connector and pyarrow look for it, nothing here needs it, and it costs a second."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Nothing for any other module; for pandas, that it is not there."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def _why(problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return "the port is taken; stop what listens there or use --port 0"
    return problem.strerror or str(problem)


def _complain(message: str) -> int:
    print(f"snowdome: {message}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
