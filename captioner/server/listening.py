"""The application behind a port, by uvicorn."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from captioner.delivery.keepalive import PING_SECONDS, PONG_SECONDS
from captioner.errors import UserError
from captioner.server.handover import Upgrading, WebSocketProtocol

LARGEST_MESSAGE = 4 << 20
"""Bytes of a WebSocket message; from 1 MiB on it is refused by whoever reads it, with a reason."""
GRACE_SECONDS = 5
"""How long connections may take to close when the server stops."""
UNACKNOWLEDGED_MS = 60_000
"""After so long without a sign that the peer takes what it was sent, the kernel gives it up."""
MOST_UNSENT = 16 << 10
"""Bytes that the kernel takes ahead of the network: what it has, nobody can leave out any more."""


class Listening(uvicorn.Server):
    """A server that leaves the signals of the process to others."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    def stop_accepting(self) -> None:
        """No new connections; those there are go on."""
        for server in self.servers:
            server.close()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises `UserError` where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"Cannot listen on {host}:{port}: {reason}. Choose another port with --port."
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # Connections have it from their listener.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
    return listener


@asynccontextmanager
async def listening(
    app: ASGIApp, listener: socket.socket, *, hands_over: bool = True
) -> AsyncIterator[Listening]:
    """Serve the app on the socket until the block ends; then close what is still connected.

    `hands_over`: whether the app may take over the transport of an open WebSocket.
    """
    server = Listening(
        uvicorn.Config(
            app,
            http=Upgrading,
            ws=WebSocketProtocol if hands_over else "websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            lifespan="off",
            log_config=None,
            log_level="warning",  # its others name every connection, with the query
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.up.wait()
        if server.started:
            yield server
    finally:
        server.should_exit = True
        await task
