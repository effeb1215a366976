"""Publishing over a WebSocket: the contract's conversation, whatever carries it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Protocol

from captioner.audio.pcm import SILENCE_DBFS, dbfs
from captioner.errors import (
    BadInput,
    CaptionerError,
    EngineUnavailable,
    RoomEnded,
    StreamInUse,
    TooLarge,
)
from captioner.ingest.start import Start, message_of, parse_start
from captioner.ingest.tracks import Track, Tracks
from captioner.rooms.room import Room

LARGEST_FRAME = 1 << 20
"""Bytes of audio in one message."""
TELL_S = 0.2
"""Between two looks at what there is to tell the publisher."""
NORMAL, GOING_AWAY = 1000, 1001


class Disconnected(Exception):
    """The publisher is gone."""


class Socket(Protocol):
    """A WebSocket that was accepted."""

    async def receive(self) -> str | bytes:
        """The next message; raises `Disconnected`."""
        ...

    async def send(self, text: str) -> None:
        """Raises `Disconnected`."""
        ...

    async def close(self, code: int) -> None: ...


async def publish_over(socket: Socket, room: Callable[[], Awaitable[Room]], tracks: Tracks) -> None:
    """Talk with one publisher until it stops, leaves or errs. `room` finds or makes its room."""
    try:
        start = await _start(socket)
        with closing(start.decoder(tracks.sample_rate)) as decoder:
            async with tracks.publishing(await room(), start) as track:
                track.intake.connect(decoder)
                await _Conversation(socket, track, start).run()
        await socket.close(GOING_AWAY if track.going_away else NORMAL)
    except Disconnected:
        return
    except CaptionerError as error:
        await _refuse(socket, error)


async def _start(socket: Socket) -> Start:
    first = await socket.receive()
    if isinstance(first, bytes):
        raise BadInput('the first message must be the text message "start"')
    return parse_start(message_of(first))


async def _refuse(socket: Socket, error: CaptionerError) -> None:
    try:
        await socket.send(_error(error, fatal=True))
        await socket.close(error.close_code)
    except Disconnected:
        return


def _error(error: CaptionerError, *, fatal: bool) -> str:
    return json.dumps({"type": "error", "code": error.code, "message": str(error), "fatal": fatal})


class _Conversation:
    """One connection of one track, from `started` to `stopped`."""

    def __init__(self, socket: Socket, track: Track, start: Start) -> None:
        self._socket = socket
        self._track = track
        self._start = start
        self._level: float | None = None
        """The loudest of the frames that came since the level was told, in dBFS."""
        self._stopped = False
        """Whether the publisher has said that this is all."""
        self._told_until = -1.0
        self._told_trouble: str | None = None

    async def run(self) -> None:
        """Return when the publisher has stopped, or has to, and everything is captioned."""
        resume_from = round(self._track.intake.resume_from, 6)
        await self._send(type="started", stream=self._start.stream, resume_from=resume_from)
        runners = (self._receive(), self._displaced(), self._over(), self._tell())
        tasks = [asyncio.create_task(runner) for runner in runners]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()
        await self._ack()
        if self._stopped:
            await self._send(type="stopped")
        elif not self._track.going_away:
            raise RoomEnded("the room has ended")

    async def _receive(self) -> None:
        """Take audio until the publisher says stop; the rest is up to the track."""
        while isinstance(message := await self._socket.receive(), bytes):
            self._track.publisher.heard()
            await self._take(message)
        kind = message_of(message)["type"]
        if kind != "stop":
            raise BadInput(f'after "start" come audio and "stop", not {kind[:40]!r}')
        await self._track.intake.flush()
        self._stopped = True
        self._track.end()
        await self._track.over.wait()

    async def _displaced(self) -> None:
        await self._track.displaced.wait()
        raise StreamInUse("another connection has taken this stream over")

    async def _over(self) -> None:
        await self._track.over.wait()
        if self._track.failure is not None:
            raise self._track.failure

    async def _take(self, data: bytes) -> None:
        if len(data) > LARGEST_FRAME:
            raise TooLarge(f"a frame of audio has at most {LARGEST_FRAME} bytes, not {len(data)}")
        samples = await self._track.intake.decode(data)
        self._level = max(dbfs(samples), self._level or SILENCE_DBFS)
        await self._track.intake.pass_on()

    async def _tell(self) -> None:
        """Acknowledge what is kept, show the level, say what is wrong; while anything happens."""
        while True:
            await asyncio.sleep(TELL_S)
            await self._ack()
            if self._level is not None:
                level, self._level = round(self._level, 1), None
                await self._send(type="level", dbfs=level, speech=self._track.stage.speaking)
            upstream = self._track.stage.upstream
            trouble = upstream.trouble if upstream.engine is None else None
            if trouble is not None and trouble != self._told_trouble:
                await self._socket.send(_error(EngineUnavailable(trouble), fatal=False))
            self._told_trouble = trouble

    async def _ack(self) -> None:
        until = math.floor(self._track.stage.settled * 1000) / 1000
        if until > self._told_until:
            self._told_until = until
            await self._send(type="ack", until=until)

    async def _send(self, **message: object) -> None:
        await self._socket.send(json.dumps(message))
