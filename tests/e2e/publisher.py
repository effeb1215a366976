"""A publisher written from the contract alone, whose connection a test can cut."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e.speech import RATE, Pcm

FRAME_S = 0.1
RETRY_S = 0.2
TIMEOUT_S = 120.0
PERMANENT = (4400, 4401, 4404, 4410, 4413)
"""Close codes after which trying again cannot help."""


@dataclass(slots=True)
class Publisher:
    """Sends `samples` as one stream, `pace` times as fast as they were spoken.

    It keeps everything, so it can send again from wherever the server asks: at once, as far as it
    was spoken already, since nobody waits for it. At each of `cuts` (seconds of audio, rising) it
    breaks the connection without a word.
    """

    url: str
    room: str
    samples: Pcm
    stream: str = "mic-1"
    speaker: str | None = None
    language: str = "en"
    pace: float = 1.0
    cuts: Iterable[float] = ()
    acknowledged: float = 0.0
    connections: int = 0
    resumed_from: list[float] = field(default_factory=list)
    began: float | None = None
    """When the first sample was spoken, on the monotonic clock."""

    async def publish(self) -> None:
        """Send everything and return once the server has captioned all of it."""
        cuts = [round(cut * RATE) for cut in self.cuts]
        async with asyncio.timeout(TIMEOUT_S + len(self.samples) / RATE / self.pace):
            while True:
                with suppress(OSError, InvalidHandshake):
                    async with connect(
                        f"{self.url}/v1/rooms/{self.room}/audio", compression=None
                    ) as socket:
                        if await self._serve(socket, cuts):
                            return
                await asyncio.sleep(RETRY_S)

    async def _serve(self, socket: ClientConnection, cuts: list[int]) -> bool:
        """Publish over one connection; whether the server said that all is captioned."""
        self.connections += 1
        sending: asyncio.Task[None] | None = None
        try:
            await socket.send(json.dumps(self._start()))
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "started":
                    self.resumed_from.append(event["resume_from"])
                    sending = asyncio.create_task(self._send(socket, event["resume_from"], cuts))
                elif event["type"] == "ack":
                    assert event["until"] >= self.acknowledged, "an acknowledgement was taken back"
                    self.acknowledged = event["until"]
                elif event["type"] == "stopped":
                    return True
                elif event["type"] == "error" and event["fatal"]:
                    # The server may not have noticed yet that the last connection is gone.
                    assert event["code"] == "stream_in_use", f"the server refused: {event}"
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 1006
            assert code not in PERMANENT, f"closed for good: {error}"
        finally:
            if sending is not None:
                sending.cancel()
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await sending
        return False

    def _start(self) -> dict[str, object]:
        return {
            "type": "start",
            "stream": self.stream,
            "format": "pcm_s16le",
            "sample_rate": RATE,
            "channels": 1,
            "speaker": self.speaker,
            "language": self.language,
        }

    async def _send(self, socket: ClientConnection, resume_from: float, cuts: list[int]) -> None:
        assert resume_from >= self.acknowledged, "acknowledged audio is asked for again"
        begin = round(resume_from * RATE)
        frame = round(FRAME_S * RATE)
        self.began = self.began or time.monotonic()
        for position in range(begin, len(self.samples), frame):
            if cuts and position >= cuts[0]:
                del cuts[0]
                socket.transport.abort()
                return
            due = self.began + position / RATE / self.pace
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await socket.send(self.samples[position : position + frame].tobytes())
        await socket.send(json.dumps({"type": "stop"}))
