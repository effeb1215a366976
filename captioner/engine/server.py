"""The engine's port: Realtime sessions over WebSocket, and `GET /healthz`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from captioner.audio.turns import TurnPolicy
from captioner.audio.vad import VoiceDetector
from captioner.engine import server_events
from captioner.engine.connection import Connection
from captioner.engine.envelope import MAX_MESSAGE_BYTES
from captioner.engine.models import Progress
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.recognizer import Recognizer
from captioner.engine.scheduler import Scheduler
from captioner.engine.session_config import MODELS, configured
from captioner.errors import EngineUnavailable

SESSIONS = "/v1/realtime"
NOT_BUILT = ("/v1/realtime/translations", "/v1/realtime/client_secrets", "/v1/realtime/calls")
REFUSED = 4000
"""Closes a connection whose address asks for something that is not here."""
RECEIVE_BUFFER = 128 * 1024
"""Bytes that the system may hold for a client that must wait. The pings of that client, which

we answer in their turn, stand behind them: more than seconds of audio there would look dead.
"""
PING_S = 20
PONG_S = 60
"""Long, for a client that must wait answers late: its pong stands behind the audio it has sent."""


async def run_engine(
    host: str,
    port: int,
    *,
    model: str | None = None,
    device: str = "auto",
    cache: Path | None = None,
    on_ready: Callable[[int], None] | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; what is committed by then is finished.

    `port` 0 takes a free one. `on_ready` gets the port when the models are loaded; clients that
    come before wait. `on_progress` is called from another thread. Raises EngineUnavailable, with
    what to do about it, where there is no model or no port.
    """
    endpoint = _Endpoint()
    server = await _listen(endpoint, host, port)
    try:
        recognizer = await asyncio.to_thread(_load, model, device, cache, on_progress)
        scheduler = Scheduler(recognizer.decode, workers=_cores(), together=recognizer.together)
        async with asyncio.TaskGroup() as tasks:
            decoding = tasks.create_task(scheduler.run())
            endpoint.open(scheduler)
            with _signals(endpoint.stopping.set):
                if on_ready is not None:
                    on_ready(server.sockets[0].getsockname()[1])
                await endpoint.stopping.wait()
                server.close(close_connections=False)
                await server.wait_closed()
            decoding.cancel()
    finally:
        endpoint.close()
        server.close()
        await server.wait_closed()


async def _listen(endpoint: _Endpoint, host: str, port: int) -> Server:
    try:
        server = await serve(
            endpoint.serve,
            host,
            port,
            process_request=endpoint.answer,
            compression=None,  # base64 of noise: much work for little
            max_size=MAX_MESSAGE_BYTES,
            max_queue=2,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
        )
    except OSError as error:
        raise EngineUnavailable(
            f"The engine cannot listen on {host}:{port}: {error.strerror}. Choose another port."
        ) from error
    for listening in server.sockets:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return server


def _load(
    model: str | None, device: str, cache: Path | None, progress: Progress | None
) -> Recognizer:
    VoiceDetector()  # loads its model, so that the first session need not
    return Recognizer.load(model, device=device, cache=cache, progress=progress)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    both = (signal.SIGTERM, signal.SIGINT)
    for number in both:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in both:
            loop.remove_signal_handler(number)


class _Endpoint:
    """What is behind the port: nothing but its health until it is opened."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._opened = asyncio.Event()
        self._scheduler: Scheduler | None = None

    def open(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._opened.set()

    def close(self) -> None:
        """Let those go who wait for it to open."""
        self.stopping.set()
        self._opened.set()

    def answer(self, client: ServerConnection, request: Request) -> Response | None:
        """What is not a WebSocket is answered here; None lets the handshake go on."""
        path = urlsplit(request.path).path
        if path == "/healthz":
            return _json(HTTPStatus.OK, self._health())
        upgrade = request.method == "GET" and "Upgrade" in request.headers
        if path == SESSIONS or (path in NOT_BUILT and upgrade):
            return None
        if path in NOT_BUILT:
            return _problem(HTTPStatus.NOT_IMPLEMENTED, "This server transcribes only.")
        return _problem(HTTPStatus.NOT_FOUND, f"There is only {SESSIONS}?intent=transcription.")

    async def serve(self, client: ServerConnection) -> None:
        """One client, from its handshake to its end."""
        assert client.request is not None
        try:
            model = _asked_for(client.request.path)
        except ProtocolError as error:
            await client.send(server_events.encode(server_events.error(error)))
            await client.close(REFUSED, "Not supported.")
            return
        await self._opened.wait()
        if self._scheduler is not None:
            await Connection(client, self._scheduler).run(configured(model), self.stopping)

    def _health(self) -> dict[str, object]:
        if self._scheduler is None:
            return {"status": "loading"}
        load = self._scheduler.load()
        return {
            "status": "stopping" if self.stopping.is_set() else "ready",
            "models": MODELS,
            "sessions": load.sessions,
            "queue": {
                "finals": load.finals_waiting,
                "partials": load.partials_waiting,
                "final_lag_s": load.final_lag_s,
                "partial_lag_s": load.partial_lag_s,
            },
            "partial_interval_s": round(TurnPolicy().growth_ms / 1000 + load.partial_lag_s, 3),
            "realtime_factor": load.realtime_factor,
        }


def _asked_for(address: str) -> str | None:
    """The model that the address names, for a transcription session; None: it names none."""
    url = urlsplit(address)
    query = parse_qs(url.query)
    if url.path != SESSIONS:
        raise ProtocolError("unsupported", f"{url.path} is not supported; {SESSIONS} is.")
    model = query.get("model", [None])[0]
    if model is not None and model not in MODELS:
        raise ProtocolError("invalid_model", f"Use {' or '.join(MODELS)}.", param="model")
    if model is None and query.get("intent") != ["transcription"]:
        raise ProtocolError(
            "invalid_parameter", "Only intent=transcription is supported.", param="intent"
        )
    return model


def _problem(status: HTTPStatus, detail: str) -> Response:
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return _json(status, problem, "application/problem+json")


def _json(status: HTTPStatus, body: object, media_type: str = "application/json") -> Response:
    data = orjson.dumps(body)
    headers = Headers(
        {
            "Content-Type": media_type,
            "Content-Length": str(len(data)),
            "Connection": "close",
        }
    )
    return Response(status, status.phrase, headers, data)
