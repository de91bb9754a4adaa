"""Ports of this machine: a free one, or a refusal where the requested one is taken."""

from __future__ import annotations

import socket

from sluice.errors import SpecError


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def claim(port: int, what: str, option: str) -> int:
    """Return the requested port (0: a free one), or refuse one that is in use."""
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SpecError(
                f"the port for {what} is taken",
                where=option,
                value=port,
                good=f"{option} {free_port()}, or end what listens there",
                untouched="everything: nothing was started",
            ) from error
    return port
