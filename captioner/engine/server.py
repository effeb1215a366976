"""The engine's port: Realtime sessions over WebSocket, their secrets, and what it has."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from captioner.audio.turns import TurnPolicy
from captioner.audio.vad import VoiceDetector
from captioner.engine import server_events
from captioner.engine.client_secrets import SUBPROTOCOL, ClientSecrets
from captioner.engine.configuration import is_language_tag
from captioner.engine.connection import Connection
from captioner.engine.conversation.abilities import Abilities, Speaks, Translates
from captioner.engine.conversation.config import ConversationConfig
from captioner.engine.conversation.connection import ConversationConnection
from captioner.engine.conversation.workers import Workers
from captioner.engine.envelope import MAX_MESSAGE_BYTES
from captioner.engine.interpreting.config import InterpretingConfig
from captioner.engine.interpreting.connection import InterpretingConnection
from captioner.engine.models import Progress
from captioner.engine.opening import SESSIONS, TRANSLATIONS, Config, asked_for, models
from captioner.engine.posts import MAX_BODY_BYTES, PostConnection
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.recognizer import Recognizer
from captioner.engine.scheduler import Scheduler
from captioner.engine.session_config import SessionConfig
from captioner.errors import EngineUnavailable

SECRETS = (f"{SESSIONS}/client_secrets", f"{TRANSLATIONS}/client_secrets")
NOT_BUILT = (f"{SESSIONS}/calls", f"{TRANSLATIONS}/calls")
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
    translates: Translates | None = None,
    speaks: Speaks | None = None,
    on_ready: Callable[[int], None] | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; what is committed by then is finished.

    `port` 0 takes a free one. `on_ready` gets the port when the models are loaded; clients that
    come before wait. `on_progress` is called from another thread. Without somebody who translates
    or speaks, whoever asks for that hears what to install. Raises EngineUnavailable, with what to
    do about it, where there is no model or no port.
    """
    workers = Workers(Abilities(translates, speaks), threads=max(1, _cores() // 2))
    endpoint = _Endpoint(workers)
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
        await workers.close()


async def _listen(endpoint: _Endpoint, host: str, port: int) -> Server:
    try:
        server = await serve(
            endpoint.serve,
            host,
            port,
            create_connection=PostConnection,
            select_subprotocol=_subprotocol,
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


def _subprotocol(client: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Browsers bring their key as a second one, and want the first confirmed."""
    ours = Subprotocol(SUBPROTOCOL)
    return ours if ours in offered else None


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

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._secrets = ClientSecrets()
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

    async def answer(self, client: ServerConnection, request: Request) -> Response | None:
        """What is not a WebSocket is answered here; None lets the handshake go on."""
        url = urlsplit(request.path)
        path = url.path
        if path == "/healthz":
            return _json(HTTPStatus.OK, self._health())
        if path == "/voices":
            return await self._voices(parse_qs(url.query).get("language", [""])[0])
        upgrade = request.method == "GET" and "Upgrade" in request.headers
        if path in (SESSIONS, TRANSLATIONS) or (path in NOT_BUILT and upgrade):
            return None
        if path in SECRETS and request.method == "POST" and isinstance(client, PostConnection):
            return self._secret(client.body, translation=path.startswith(TRANSLATIONS))
        if path in NOT_BUILT:
            return _problem(HTTPStatus.NOT_IMPLEMENTED, "This server speaks WebSocket only.")
        return _problem(HTTPStatus.NOT_FOUND, f"There is only {SESSIONS}?intent=transcription.")

    async def serve(self, client: ServerConnection) -> None:
        """One client, from its handshake to its end."""
        assert client.request is not None
        brought = self._secrets.brought_by(client.request.headers, time.time())
        try:
            config = asked_for(client.request.path, brought, self._workers.abilities)
        except ProtocolError as error:
            await client.send(server_events.encode(server_events.error(error)))
            await client.close(REFUSED, "Not supported.")
            return
        await self._opened.wait()
        if self._scheduler is not None:
            await self._serve(client, config, self._scheduler)

    async def _serve(self, client: ServerConnection, config: Config, scheduler: Scheduler) -> None:
        match config:
            case SessionConfig():
                await Connection(client, scheduler).run(config, self.stopping)
            case ConversationConfig():
                talking = ConversationConnection(client, config, self._workers)
                await talking.run(self.stopping)
            case InterpretingConfig():
                interpreting = InterpretingConnection(client, config, self._workers, scheduler)
                await interpreting.run(self.stopping)

    async def _voices(self, language: str) -> Response:
        if not is_language_tag(language):
            detail = "Say which language you want to hear, such as /voices?language=pt-BR."
            return _problem(HTTPStatus.BAD_REQUEST, detail)
        return _json(HTTPStatus.OK, {"voices": await self._workers.voices(language)})

    def _secret(self, body: bytes | None, *, translation: bool) -> Response:
        if body is None:
            detail = f"A body has at most {MAX_BODY_BYTES} bytes."
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        try:
            created = self._secrets.create(body, time.time(), translation=translation)
        except ProtocolError as error:
            told = server_events.error(error).model_dump(exclude_unset=True)
            return _json(HTTPStatus.BAD_REQUEST, {"error": told["error"]})
        return _json(HTTPStatus.OK, created)

    def _health(self) -> dict[str, object]:
        if self._scheduler is None:
            return {"status": "loading"}
        load = self._scheduler.load()
        return {
            "status": "stopping" if self.stopping.is_set() else "ready",
            "models": models(self._workers.abilities),
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
