"""The same server on real sockets: by itself, or in front of a real one that does the hearing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from math import inf

import orjson
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from captioner.engine import server_events
from captioner.engine.envelope import MAX_MESSAGE_BYTES
from tests.faults.recogniser import WordRecogniser
from tests.faults.script import ABORTED, NO_CODE, Refused, Script
from tests.faults.server import FaultServer
from tests.faults.session import Close, FaultySession, Half, Taken

Hear = Callable[[Taken], Awaitable[None]]

_CLOSE_WITHOUT_CODE = b"\x88\x00"


class _Clock:
    """The server's: `speed` seconds pass in one."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._time = asyncio.get_running_loop().time

    def now(self) -> float:
        return self._time() * self._speed

    async def sleep(self, until: float) -> None:
        if until > self.now():
            await asyncio.sleep((until - self.now()) / self._speed)

    async def wait(self, news: asyncio.Event, until: float) -> None:
        """For news, but not past a time."""
        if until == inf:
            await news.wait()
            return
        try:
            async with asyncio.timeout(max(0.0, until - self.now()) / self._speed):
                await news.wait()
        except TimeoutError:
            pass  # it is time


class _Socket(ServerConnection):
    """Breaks off at a byte of what comes."""

    session: FaultySession | None = None
    left: float = inf

    def data_received(self, data: bytes) -> None:
        self.left -= len(data)
        super().data_received(data)
        if self.left <= 0 and self.session is not None:
            self.session.break_off()
            self.transport.abort()


class _Carrier:
    """Carries sessions of a server; a real one at `upstream` hears in its place."""

    def __init__(self, server: FaultServer, speed: float, upstream: str | None) -> None:
        self._server = server
        self._clock = _Clock(speed)
        self._upstream = upstream

    async def answer(self, socket: ServerConnection, _request: Request) -> Response | None:
        """Let the client in, or not."""
        assert isinstance(socket, _Socket)
        match self._server.attempt(self._clock.now()):
            case FaultySession() as session:
                socket.session = session
                return None
            case Refused(status, retry_after):
                after = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
                headers = Headers({"Content-Length": "0", "Connection": "close", **after})
                return Response(status, HTTPStatus(status).phrase, headers)
            case _:
                socket.transport.abort()
                return Response(503, "Never sent", Headers())

    async def serve(self, socket: ServerConnection) -> None:
        assert isinstance(socket, _Socket) and socket.session is not None
        socket.left = socket.session.bytes_left
        try:
            if self._upstream is None:
                await self._recognise(socket, socket.session)
            else:
                await self._pass_on(socket, socket.session, self._upstream)
        except* ConnectionClosed:
            pass  # somebody is gone; the other one is told when this returns
        finally:
            socket.session.break_off()

    async def _recognise(self, socket: ServerConnection, session: FaultySession) -> None:
        recogniser, news = WordRecogniser(), asyncio.Event()

        async def hear(taken: Taken) -> None:
            for event in recogniser.receive(taken.event):
                session.say(server_events.encode(event), self._clock.now())

        for event in recogniser.create():
            session.say(server_events.encode(event), self._clock.now())
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(socket, session, hear, news))
            await self._write(socket, session, news)
            reading.cancel()

    async def _pass_on(self, socket: ServerConnection, session: FaultySession, url: str) -> None:
        news = asyncio.Event()
        async with (
            connect(url, compression=None, max_size=MAX_MESSAGE_BYTES) as upstream,
            asyncio.TaskGroup() as tasks,
        ):

            async def hear(taken: Taken) -> None:
                await upstream.send(taken.message)

            async def listen() -> None:
                try:
                    async for said in upstream:
                        session.say(said, self._clock.now())
                        news.set()
                finally:
                    code = upstream.close_code or ABORTED
                    session.close(code, upstream.close_reason or "", self._clock.now())
                    news.set()

            both = (
                tasks.create_task(self._read(socket, session, hear, news)),
                tasks.create_task(listen()),
            )
            await self._write(socket, session, news)
            for task in both:
                task.cancel()

    async def _read(
        self, socket: ServerConnection, session: FaultySession, hear: Hear, news: asyncio.Event
    ) -> None:
        try:
            async for message in socket:
                for taken in session.hear(message, self._clock.now()):
                    await hear(taken)
                news.set()
                await self._clock.sleep(session.reads_at)
        finally:
            session.break_off()
            news.set()

    async def _write(
        self, socket: ServerConnection, session: FaultySession, news: asyncio.Event
    ) -> None:
        """Send what is to be sent, to the end of the session."""
        while True:
            news.clear()
            session.pass_time(self._clock.now())
            while session.outgoing:
                match session.outgoing.popleft():
                    case Close(code, reason):
                        await _close(socket, code, reason)
                        return
                    case Half(event):
                        frame = Frame(Opcode.TEXT, orjson.dumps(event)).serialize(mask=False)
                        socket.transport.write(frame[: len(frame) // 2])
                        await _break_off(socket)
                        return
                    case event:
                        await socket.send(orjson.dumps(event).decode())
            await self._clock.wait(news, session.due)


async def _close(socket: ServerConnection, code: int, reason: str) -> None:
    if code == ABORTED:
        await _break_off(socket)
    elif code == NO_CODE:
        socket.transport.write(_CLOSE_WITHOUT_CODE)
        await socket.wait_closed()
    else:
        await socket.close(code, reason)


async def _break_off(socket: ServerConnection) -> None:
    """Without a close frame, once all that was said is out: a reset would take it back."""
    if not socket.transport.is_closing():
        socket.transport.write_eof()
    await socket.wait_closed()


@asynccontextmanager
async def on_sockets(
    server: FaultServer, *, speed: float = 1.0, upstream: str | None = None
) -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1; gives the address of its sessions.

    `speed`: seconds of the server's clock in one. `upstream`: a real server's address (ws://) that
    hears in place of ours, behind the same faults.
    """
    carrier = _Carrier(server, speed, upstream)
    async with serve(
        carrier.serve,
        "127.0.0.1",
        0,
        process_request=carrier.answer,
        create_connection=_Socket,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=2,
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/realtime?intent=transcription"


@asynccontextmanager
async def in_front_of(upstream: str, script: Script) -> AsyncIterator[tuple[str, FaultServer]]:
    """The faults of a script between clients and a real server."""
    server = FaultServer(script)
    async with on_sockets(server, upstream=upstream) as url:
        yield url, server
