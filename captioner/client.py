"""The public Python client: publish audio into a room, read a room's captions.

Both come back by themselves after a lost connection, and then nothing is missing or doubled:
a publisher keeps its audio until the server says that it is captioned for good, a reader
remembers the last event that it saw. What cannot get better by waiting is raised, typed as in
`captioner.errors`; a server that does not answer at all is `ServerUnreachable`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from captioner.captions.messages import from_message
from captioner.captions.model import Numbered, Position, RoomChange, Status
from captioner.errors import (
    BadInput,
    CaptionerError,
    RoomEnded,
    RoomNotFound,
    ServerUnreachable,
    StreamInUse,
    TooLarge,
    Unauthorized,
)

KEPT_S = 300.0
"""Audio that is kept for sending again, at most; a source that is faster than that waits."""
PATIENCE_S = 300.0
"""How long a lost connection is tried again before the client gives up."""
PIECE = 1 << 16
"""The largest frame of audio sent, in bytes."""

Message = Mapping[str, Any]
Mode = Literal["fast", "stable", "final"]

_PERMANENT = {
    kind.close_code: kind
    for kind in (BadInput, Unauthorized, RoomNotFound, RoomEnded, TooLarge, StreamInUse)
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a reader is told first, and again after every lost connection.

    `recovered`: nothing is missing between what was read before and what follows; if it is
    false, what follows replaces what was read.
    """

    room: str
    position: Position
    status: Status
    languages: tuple[str, ...]
    recovered: bool


async def publish(
    url: str,
    room: str,
    chunks: AsyncIterable[bytes],
    *,
    sample_rate: int,
    channels: int = 1,
    stream: str | None = None,
    speaker: str | None = None,
    language: str | None = None,
    token: str | None = None,
    on_ack: Callable[[float], None] = lambda _until: None,
    on_trouble: Callable[[str], None] = lambda _message: None,
) -> None:
    """Publish 16-bit little-endian samples until `chunks` ends and all of it is captioned.

    `url`: the server's address. `chunks`: whole samples, interleaved, at any pace. `stream`: the
    name of this audio in the room; one that is known there is continued. `on_ack` is called with
    the seconds of this audio that are captioned for good, first when the server takes the stream;
    `on_trouble` with what keeps the server from captioning just now: the audio is kept.
    Where `chunks` raises, what it gave before is captioned first.
    """
    start = {
        "type": "start",
        "stream": stream or f"stream-{secrets.token_hex(4)}",
        "format": "pcm_s16le",
        "sample_rate": sample_rate,
        "channels": channels,
        "speaker": speaker,
        "language": language,
    }
    start = {name: value for name, value in start.items() if value is not None}
    publication = _Publication(start, 2 * sample_rate * channels, 2 * channels, on_ack, on_trouble)
    reading = asyncio.create_task(publication.read(chunks))
    try:
        await publication.deliver(_address(url, room, "audio"), token)
        await reading
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def captions(
    url: str,
    room: str,
    *,
    languages: Sequence[str] = (),
    mode: Mode = "fast",
    after: Position | None = None,
    token: str | None = None,
) -> AsyncGenerator[Hello | Numbered]:
    """Yield the room's events until the room ends.

    `languages`: BCP 47 tags or `*`; none: the language spoken. `after`: where reading stopped
    the last time. After a lost connection an event may come twice: the newest revision wins.
    """
    position, ended, backoff = after, False, _Backoff()
    while not ended:
        query = [("language", tag) for tag in languages] + [("mode", mode)]
        if position:
            query += [("after", str(position.seq)), ("epoch", position.epoch)]
        try:
            async with _connection(_address(url, room, "captions", query), token) as socket:
                async for message in _messages(socket):
                    backoff.succeeded()
                    if message["type"] == "hello":
                        hello = _hello(message)
                        position = _resumed(position, hello)
                        ended = hello.status == "ended"
                        yield hello
                    elif position and message["type"] != "error":
                        event = from_message(message)
                        seq = int(message["seq"])
                        position = Position(position.epoch, max(position.seq, seq))
                        ended = event.status == "ended" if isinstance(event, RoomChange) else ended
                        yield Numbered(seq, event)
        except _Lost as lost:
            if not ended:
                await backoff.failed(lost)


def _hello(message: Message) -> Hello:
    return Hello(
        room=message["room"],
        position=Position(message["epoch"], message["seq"]),
        status=message["status"],
        languages=tuple(message["languages"]),
        recovered=message["recovered"],
    )


def _resumed(before: Position | None, hello: Hello) -> Position:
    """Where a reader stands before what follows the hello has come.

    Another cut in the middle of it must lose nothing, so the position is not yet the hello's.
    """
    if before is None:
        return hello.position
    return before if hello.recovered else Position(hello.position.epoch, 0)


class _Publication:
    """One stream: audio read ahead of the server's acknowledgement, sent from where it asks."""

    def __init__(
        self,
        start: Message,
        rate: int,
        frame: int,
        on_ack: Callable[[float], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._start = start
        self._rate = rate
        self._frame = frame
        self._on_ack = on_ack
        self._on_trouble = on_trouble
        self._kept = bytearray()
        self._first = 0
        self._base: float | None = None
        self._ended = False
        self._changed = asyncio.Condition()

    async def read(self, chunks: AsyncIterable[bytes]) -> None:
        """Keep what `chunks` gives, as fast as there is room for it."""
        try:
            async for chunk in chunks:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._kept) < KEPT_S * self._rate)
                    self._kept += chunk
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def deliver(self, address: str, token: str | None) -> None:
        """Send all of it, over as many connections as it takes; return when it is captioned."""
        backoff = _Backoff()
        while True:
            try:
                async with _connection(address, token) as socket:
                    await self._converse(socket, backoff)
                return
            except StreamInUse as error:
                # The server may not have noticed yet that the connection before is gone.
                await backoff.failed(error)
            except _Lost as lost:
                await backoff.failed(lost)

    async def _converse(self, socket: ClientConnection, backoff: _Backoff) -> None:
        with suppress(ConnectionClosed):  # the reason comes where messages are read
            await socket.send(json.dumps(self._start))
        messages = _messages(socket)
        resume_from = await _started(messages)
        backoff.succeeded()
        if self._base is None:  # a stream that the room knows already is continued
            self._base = resume_from
        self._on_ack(self._first / self._rate)
        sending = asyncio.create_task(self._send(socket, self._position(resume_from)))
        try:
            async for message in messages:
                if message["type"] == "ack":
                    await self._forget(self._position(float(message["until"])))
                elif message["type"] == "error":
                    self._on_trouble(message["message"])
                elif message["type"] == "stopped":
                    return
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _send(self, socket: ClientConnection, position: int) -> None:
        with suppress(ConnectionClosed):  # whoever reads the messages is told as well
            while piece := await self._piece(position):
                await socket.send(piece)
                position += len(piece)
            await socket.send('{"type":"stop"}')

    async def _piece(self, position: int) -> bytes:
        """The audio from a byte on, once there is some; empty at the end of it all."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._ended or position < self._first + len(self._kept)
            )
            if position < self._first:  # asked for again after it was said to be captioned
                return bytes(min(self._first - position, PIECE))
            size = PIECE - PIECE % self._frame
            return bytes(self._kept[position - self._first :][:size])

    async def _forget(self, position: int) -> None:
        async with self._changed:
            done = min(max(position - self._first, 0), len(self._kept))
            del self._kept[:done]
            self._first += done
            self._changed.notify_all()
        self._on_ack(self._first / self._rate)

    def _position(self, seconds: float) -> int:
        """The byte of this audio at a time of the stream."""
        return round((seconds - (self._base or 0.0)) * self._rate / self._frame) * self._frame


class _Lost(Exception):
    """The connection is gone; another attempt may succeed. Says why."""


class _Backoff:
    """Waits longer from attempt to attempt; raises what no waiting mends."""

    def __init__(self) -> None:
        self._attempts = 0
        self._since: float | None = None

    def succeeded(self) -> None:
        """The server answered: a connection lost from now on is worth waiting for."""
        self._attempts = 0
        self._since = time.monotonic()

    async def failed(self, error: Exception) -> None:
        if self._since is None or time.monotonic() - self._since > PATIENCE_S:
            raise error if isinstance(error, CaptionerError) else ServerUnreachable(str(error))
        if self._attempts == 0:
            self._since = time.monotonic()
            _log.warning("Connection lost (%s); trying again.", error)
        longest = min(0.25 * 2**self._attempts, 5.0)
        self._attempts += 1
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))


async def _started(messages: AsyncIterator[Message]) -> float:
    async for message in messages:
        if message["type"] == "started":
            return float(message["resume_from"])
    raise _Lost("the server closed the connection")


async def _messages(socket: ClientConnection) -> AsyncIterator[Message]:
    """Yield what the server says; raise why it stopped."""
    problem = ""
    try:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "error" and message.get("fatal", True):
                problem = message["message"]
            else:
                yield message
    except ConnectionClosed:
        pass  # the code is read below, like that of a clean close
    code, reason = socket.close_code, problem or socket.close_reason
    if code in _PERMANENT:
        raise _PERMANENT[code](reason or f"the server closed the connection with {code}")
    raise _Lost(reason or "the server closed the connection")


@asynccontextmanager
async def _connection(address: str, token: str | None) -> AsyncIterator[ClientConnection]:
    host = urlsplit(address).hostname
    try:
        socket = await connect(
            address,
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            proxy=None if host in ("127.0.0.1", "localhost", "::1") else True,
            ping_interval=10,
            ping_timeout=10,
            max_size=1 << 20,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        for kind in _PERMANENT.values():
            if kind.http_status == status:
                raise kind(f"{address} answers with status {status}") from error
        raise _Lost(f"{address} answers with status {status}") from error
    except (OSError, InvalidHandshake) as error:
        raise _Lost(f"No server answers at {address}: {error or 'no answer'}") from error
    async with socket:
        yield socket


def _address(url: str, room: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """The WebSocket address of a path of the room on the server at `url`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.netloc:
        raise BadInput(f"{url!r} is not the address of a server, such as http://127.0.0.1:8000")
    scheme = parts.scheme.replace("http", "ws")
    address = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/rooms/{room}/{path}"
    return f"{address}?{urlencode(query)}" if query else address
