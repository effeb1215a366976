"""A Realtime server that understands nothing and talks like one that does, by the clock of the
audio: every 5 s an utterance, three times a second words, each with the time when it was said."""

from __future__ import annotations

import base64
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

FRAME_S = 0.1
UTTERANCE_S = 5.0
SPOKEN_S = 4.4
"""Of each of them; then it is completed."""
WORDS_S = 1 / 3
WORDS = "we ship in May and the others will follow when all of them have seen it work".split()
"""Said where nobody looks at the times: a guard would doubt those."""
_APPEND = b'{"type":"input_audio_buffer.append","audio":"'
_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_WRAP = 10**9

Event = dict[str, Any]


def stamp() -> str:
    """A word that says when it was said, on the clock that all processes of a machine share."""
    return f"w{time.monotonic_ns() // 1000 % _WRAP}"


def age(word: str) -> float | None:
    """Seconds since the word was said, if it is one of ours."""
    digits = word.removeprefix("w")
    if digits == word or not digits.isdigit():
        return None
    return (time.monotonic_ns() // 1000 - int(digits)) % _WRAP / 1e6


class Speaker:
    """What the server says of one session. `turns`: it finds the utterances itself."""

    def __init__(self, *, turns: bool) -> None:
        self._turns = turns
        self._items = 0
        self._position = 0.0
        self._begun = 0.0
        self._said: list[str] | None = None
        """Words of the open utterance."""

    def hear(self, position: float) -> Iterator[Event]:
        """Audio has come up to a position, in seconds."""
        begun, self._position = self._position, position
        if self._said is None:
            self._items, self._said, self._begun = self._items + 1, [], begun
            if self._turns:
                yield self._of("input_audio_buffer.speech_started", audio_start_ms=position * 1000)
        spoken = position - self._begun
        if len(self._said) < min(spoken, SPOKEN_S) // WORDS_S:
            self._said.append(stamp() if self._turns else WORDS[len(self._said) % len(WORDS)])
            yield self._of(f"{_TRANSCRIPTION}.delta", delta=f" {self._said[-1]}")
            if self._turns:
                tail = " perhaps this"
                ms = position * 1000
                yield self._of(f"{_TRANSCRIPTION}.hypothesis", text=tail, audio_end_ms=ms)
        if self._turns and spoken >= UTTERANCE_S:
            yield self._of("input_audio_buffer.speech_stopped", audio_end_ms=position * 1000)
            yield from self.end()

    def end(self) -> Iterator[Event]:
        """The utterance is committed, if there is one."""
        if self._said is None:
            error = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty"}
            yield {"type": "error", "error": error}
            return
        yield self._of("input_audio_buffer.committed", previous_item_id=None)
        yield self._of(f"{_TRANSCRIPTION}.completed", transcript=" ".join(self._said) or "yes")
        self._said = None

    def forget(self) -> None:
        """What was heard since the last utterance was none."""
        self._said = None

    def _of(self, kind: str, **fields: object) -> Event:
        return {"type": kind, "item_id": f"item_{self._items}", **fields}


@dataclass(slots=True)
class Upstream:
    """The server, and what it noted. `sent[track][frame]`: when the frame was given away."""

    turns: bool
    rate: int
    """Of the audio that it takes, in Hz."""
    url: str = ""
    sessions: int = 0
    sent: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    arrived: list[tuple[float, float]] = field(default_factory=list)
    """When each frame was sent, and how many seconds later it was here."""

    async def _serve(self, socket: ServerConnection) -> None:
        self.sessions += 1
        try:
            await self._converse(socket)
        except ConnectionClosed:
            pass
        finally:
            self.sessions -= 1

    async def _converse(self, socket: ServerConnection) -> None:
        speaker = Speaker(turns=self.turns)
        samples, sent = 0, None
        while True:
            message = await socket.recv(decode=False)
            if message.startswith(_APPEND):
                if sent is None:
                    sent = self.sent[_first_sample(message)]
                samples += _samples(message)
                if self.turns:
                    self._note(sent, samples / self.rate)
                events = speaker.hear(samples / self.rate)
            else:
                events = self._answer(speaker, json.loads(message))
            for event in events:
                await socket.send(json.dumps(event))

    def _note(self, sent: list[float], position: float) -> None:
        """The frame that ends there is here."""
        frame = round(position / FRAME_S) - 1
        if frame < len(sent):
            self.arrived.append((sent[frame], time.monotonic() - sent[frame]))

    def _answer(self, speaker: Speaker, message: Event) -> Iterator[Event]:
        if message["type"] == "session.update":
            yield {"type": "session.updated", "session": message["session"]}
        elif message["type"] == "input_audio_buffer.commit":
            yield from speaker.end()
        elif message["type"] == "input_audio_buffer.clear":
            speaker.forget()


@asynccontextmanager
async def running_upstream(*, turns: bool, rate: int) -> AsyncIterator[Upstream]:
    """The server on a free port of this process."""
    upstream = Upstream(turns, rate)
    async with serve(
        upstream._serve, "127.0.0.1", 0, compression=None, max_size=2**24, ping_interval=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        upstream.url = f"ws://127.0.0.1:{port}"
        yield upstream


def _samples(message: bytes) -> int:
    """How many 16 bit samples an append holds, without decoding it."""
    encoded = len(message) - len(_APPEND) - 2
    return (encoded * 3 // 4 - message[-6:-2].count(b"=")) // 2


def _first_sample(message: bytes) -> int:
    first = base64.b64decode(message[len(_APPEND) : len(_APPEND) + 4])
    return int.from_bytes(first[:2], "little", signed=True)
