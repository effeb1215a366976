"""A reader's network as the test wants it: it takes everything, or at most a few bytes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from captioner.delivery.wire import CLOSE, TEXT

_LAST_BYTES = 3
"""Of what is sent to a network that stalls: so many are taken, and a frame is torn."""


class Network(asyncio.Transport):
    """Behaves like a socket's transport whose buffer may hold nothing, and like its socket."""

    def __init__(self, *, takes: bool = True) -> None:
        super().__init__()
        self.taken = b""
        self.written: list[bytes] = []
        """As it was written or sent."""
        self.closed = False
        self._takes = takes
        self._last_bytes = 0
        self._buffer = b""
        self._protocol: asyncio.Protocol | None = None

    def connect(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def stall(self) -> None:
        """From now on nothing is taken."""
        self._takes = False
        self._last_bytes = _LAST_BYTES

    def flow(self) -> None:
        """Take what waits, and what comes."""
        self._takes = True
        if self._buffer:
            self.taken += self._buffer
            self._buffer = b""
            assert self._protocol is not None
            self._protocol.resume_writing()

    def lose(self) -> None:
        """The connection is gone."""
        if not self.closed:
            self.closed = True
            assert self._protocol is not None
            self._protocol.connection_lost(None)

    def hear(self, data: bytes) -> None:
        assert self._protocol is not None
        self._protocol.data_received(data)

    def frames(self) -> list[tuple[int, bytes]]:
        """Opcode and payload of all that was taken."""
        frames, at = [], 0
        while at < len(self.taken):
            first, size = self.taken[at : at + 2]
            at += 2
            if size > 125:
                width = 2 if size == 126 else 8
                size = int.from_bytes(self.taken[at : at + width], "big")
                at += width
            frames.append((first & 0x0F, self.taken[at : at + size]))
            at += size
        return frames

    def events(self) -> list[dict[str, Any]]:
        """The messages that were taken."""
        return [json.loads(data) for opcode, data in self.frames() if opcode == TEXT]

    def close_code(self) -> int | None:
        """The code of the close frame, where one was taken."""
        codes = [data[:2] for opcode, data in self.frames() if opcode == CLOSE]
        assert len(codes) <= 1
        return int.from_bytes(codes[0], "big") if codes else None

    def send(self, data: bytes) -> int:
        """As of a socket that does not block."""
        assert not self._buffer, "what waits in the transport is overtaken"
        self.written.append(data)
        if self.closed:
            raise BrokenPipeError
        size = len(data) if self._takes else self._last_bytes
        self._last_bytes = 0
        if not size:
            raise BlockingIOError
        self.taken += data[:size]
        return min(size, len(data))

    def detach(self) -> int:
        return -1

    def write(self, data: Any) -> None:
        if self.closed:
            return
        self.written.append(data)
        if self._takes:
            self.taken += data
            return
        full, self._buffer = bool(self._buffer), self._buffer + data
        if data and not full:
            assert self._protocol is not None
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0, "what waits here cannot be replaced"

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        asyncio.get_running_loop().call_soon(self.lose)
