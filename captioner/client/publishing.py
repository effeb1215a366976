"""Publishing audio into a room, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import suppress

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from captioner.client.connecting import Lost, Message, address, connection, messages
from captioner.client.servers import PATIENCE_S, Servers
from captioner.errors import StreamInUse

KEPT_S = 300.0
"""Audio that is kept for sending again, at most; a source that is faster than that waits."""
PIECE = 1 << 16
"""The largest frame of audio sent, in bytes."""


async def publish(
    url: str | Sequence[str],
    room: str,
    chunks: AsyncIterable[bytes],
    *,
    sample_rate: int,
    channels: int = 1,
    stream: str | None = None,
    speaker: str | None = None,
    language: str | None = None,
    token: str | None = None,
    patience: float = PATIENCE_S,
    on_ack: Callable[[float], None] = lambda _until: None,
    on_trouble: Callable[[str], None] = lambda _message: None,
) -> None:
    """Publish 16-bit little-endian samples until `chunks` ends and all of it is captioned.

    `url`: the address of the server, or those of several of one installation. `chunks`: whole
    samples, interleaved, at any pace. `stream`: the name of this audio in the room; one that is
    known there is continued. `patience`: seconds that servers which answered once may all be away.
    `on_ack` is called with the seconds of this audio that are captioned for good, first when a
    server takes the stream; `on_trouble` with what keeps it from captioning just now: the audio
    is kept.
    Where `chunks` raises, what it gave before is captioned first.
    """
    servers = Servers(url, patience)
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
        await publication.deliver(servers, room, token)
        await reading
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


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

    async def deliver(self, servers: Servers, room: str, token: str | None) -> None:
        """Send all of it, over as many connections as it takes; return when it is captioned."""
        while True:
            try:
                async with connection(address(servers.current, room, "audio"), token) as socket:
                    await self._converse(socket, servers)
                return
            except StreamInUse as error:
                # No server knows better, until it is noticed that the connection before is gone.
                await servers.pause(error)
            except Lost as lost:
                await servers.failed(lost)

    async def _converse(self, socket: ClientConnection, servers: Servers) -> None:
        with suppress(ConnectionClosed):  # the reason comes where messages are read
            await socket.send(json.dumps(self._start))
        said = messages(socket)
        resume_from = await _started(said)
        servers.answered()
        if self._base is None:  # a stream that the room knows already is continued
            self._base = resume_from
        self._on_ack(self._first / self._rate)
        sending = asyncio.create_task(self._send(socket, self._position(resume_from)))
        try:
            async for message in said:
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


async def _started(said: AsyncIterator[Message]) -> float:
    async for message in said:
        if message["type"] == "started":
            return float(message["resume_from"])
    raise Lost("the server closed the connection")
