"""A reader written from the contract alone, who holds the server to what it promises readers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

TIMEOUT_S = 120.0
RETRY_S = 0.2


@dataclass(slots=True)
class Reader:
    """What a reader of a room has seen, over as many connections as it took."""

    captions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The newest revision of each caption, by id."""
    gaps: list[dict[str, Any]] = field(default_factory=list)
    status: str = ""
    epoch: str = ""
    seq: int = 0
    connections: int = 0
    broken_promises: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def finals(self) -> dict[str, str]:
        """The text of each final by caption id, in the order of the room clock."""
        ordered = sorted(self.captions.values(), key=lambda caption: float(caption["start"]))
        return {caption["id"]: caption["text"] for caption in ordered if caption["final"]}

    @property
    def text(self) -> str:
        """All finals, in order."""
        return " ".join(text for text in self.finals.values() if text)

    @property
    def open(self) -> list[dict[str, Any]]:
        """Captions that are still being spoken."""
        return [caption for caption in self.captions.values() if not caption["final"]]

    async def until(self, condition: Callable[[Reader], object], what: str) -> None:
        """Return once what was read meets `condition`; fail with `what` otherwise."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not condition(self):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain until {what}; read {self.captions}") from None

    def receive(self, event: dict[str, Any]) -> None:
        """Take one event in."""
        assert event["type"] != "error", event
        if event["type"] == "hello":
            self._greet(event)
        else:
            self.seq = max(self.seq, event["seq"])
            if event["type"] == "caption":
                self._revise(event)
            elif event["type"] == "gap":
                self.gaps.append(event)
            elif event["type"] == "room":
                self.status = event["status"]
        self.changed.set()

    def _greet(self, hello: dict[str, Any]) -> None:
        self.connections += 1
        self.status = hello["status"]
        if not hello["recovered"]:
            for caption in self.open:
                del self.captions[caption["id"]]
        if hello["epoch"] != self.epoch:
            self.epoch, self.seq = hello["epoch"], 0

    def _revise(self, caption: dict[str, Any]) -> None:
        known = self.captions.get(caption["id"])
        if known is not None:
            if caption["rev"] <= known["rev"]:
                return
            if not caption["text"].startswith(known["text"][: known["stable"]]):
                withdrawn = caption["final"] and not caption["text"] and not known["stable"]
                if not (withdrawn or caption.get("correction")):
                    self.broken_promises.append(f"stable text changed: {known} then {caption}")
            if known["final"] and not caption.get("correction"):
                self.broken_promises.append(f"a second final: {known} then {caption}")
        self.captions[caption["id"]] = caption


@asynccontextmanager
async def reading(url: str, room: str, language: str = "") -> AsyncIterator[Reader]:
    """Read a room that exists until the block ends, resuming after every lost connection.

    `language`: left out, the one spoken.
    """
    reader = Reader()
    async with asyncio.TaskGroup() as tasks:
        address = f"{url}/v1/rooms/{room}/captions?language={language}"
        task = tasks.create_task(_read(reader, address))
        await reader.until(lambda read: read.connections, "the room greets its reader")
        yield reader
        task.cancel()
    assert not reader.broken_promises, "\n".join(reader.broken_promises)


async def _read(reader: Reader, url: str) -> None:
    while True:
        position = f"&after={reader.seq}&epoch={reader.epoch}" if reader.epoch else ""
        with suppress(OSError, InvalidHandshake, ConnectionClosed):
            async with connect(url + position, compression=None) as socket:
                await _receive(reader, socket)
        await asyncio.sleep(RETRY_S)


async def _receive(reader: Reader, socket: ClientConnection) -> None:
    async for message in socket:
        reader.receive(json.loads(message))
