"""A reader's WebSocket, once it is open: no task, no parser, and no outbox while it keeps up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from captioner.delivery import wire
from captioner.delivery.borrowed import BorrowedSocket, borrow
from captioner.delivery.client_frames import ClientFrames, Control, Violation
from captioner.delivery.farewell import Farewell
from captioner.delivery.group import Group
from captioner.delivery.keepalive import Keepalive
from captioner.delivery.reader import Reader
from captioner.delivery.round import OUTSIDE, Send

CLOSE_SECONDS = 5.0
"""How long a client that does not read is given to take the reason for its end."""

_PIECE = 64 << 10
"""About so many bytes are written at a time, while others wait."""
_MOST_UNSENT = 16 << 10
"""Bytes that the kernel takes ahead of the network; what waits here can still be replaced."""
_RESTART = 1012


class Connection(asyncio.Protocol):
    """Takes over the transport of a reader that has been accepted, and owns the reader with it.

    A connection whose network takes everything is a member of its group. When bytes stay in the
    transport, its group gives it a reader with an outbox, until that is drained.
    """

    __slots__ = (
        "__weakref__",
        "_deadline",
        "_frames",
        "_group",
        "_keepalive",
        "_on_lost",
        "_owed_pong",
        "_paused",
        "_reader",
        "_socket",
        "_transport",
        "place",
        "send",
        "siblings",
        "unanswered",
        "write",
    )

    _transport: asyncio.Transport
    write: Callable[[bytes], None]

    def __init__(self, reader: Reader, group: Group, keepalive: Keepalive) -> None:
        self.place = OUTSIDE
        self.send: Send | None = None
        self.unanswered = 0
        self.siblings: set[Any] = set()
        """The connections of the server that this is one of; it takes itself off."""
        self._socket: BorrowedSocket | None = None
        self._reader: Reader | None = reader
        self._group = group
        self._keepalive = keepalive
        self._frames = ClientFrames()
        self._paused = False
        self._owed_pong: bytes | None = None
        self._deadline: asyncio.TimerHandle | None = None
        """Set once the last frame is written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._reader is not None
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self._socket = borrow(self._transport)
        self.send = None if self._socket is None else self._socket.send
        _keep_little_in_the_kernel(self._transport)
        # From the first byte that stays here on, newer words may replace older ones.
        self._transport.set_write_buffer_limits(high=0)
        self._paused = self._transport.get_write_buffer_size() > 0
        self._keepalive.add(self)
        self._reader.on_news = self.drain
        self.write(wire.text(self._reader.hello))
        self._reader.handed_over = True
        self.drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        if self._socket is not None:
            self._socket.detach()
        self._keepalive.discard(self)
        self.siblings.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def pause_writing(self) -> None:
        self._paused = True
        if self._reader is None and self._deadline is None:
            self._reader = self._group.fall_behind(self)
            self._reader.on_news = self.drain
            if self._reader.farewell is not None:
                self.drain()

    def resume_writing(self) -> None:
        self._paused = False
        pong, self._owed_pong = self._owed_pong, None
        if pong is not None and self._deadline is None:
            self.write(pong)
        self.drain()

    def data_received(self, data: bytes) -> None:
        try:
            for control in self._frames.receive(data):
                self._heed(control)
        except Violation as violation:
            self._end(wire.close(violation.code, str(violation)))
            self._transport.close()

    def eof_received(self) -> None:
        """The transport closes itself, once it has sent what it holds."""
        self._end(b"")

    def join(self) -> None:
        """Keep up with the group, without an outbox."""
        self._reader = None

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._deadline is None:
            self.write(wire.PING)

    def abort(self) -> None:
        """Give up a client that is not there any more."""
        self._transport.abort()

    def leave(self, farewell: Farewell) -> None:
        """Say goodbye; the client closes, or is left."""
        self._end(farewell.wire)

    def shutdown(self) -> None:
        """The server stops, and lets nobody finish."""
        self._end(wire.close(_RESTART))
        self._transport.close()

    def _heed(self, control: Control) -> None:
        if control.kind == "pong":
            self.unanswered = 0
        elif control.kind == "close":
            self._end(wire.close(control.code))
            self._transport.close()
        elif self._paused:
            self._owed_pong = wire.pong(control.data)  # Of several pings the last is answered.
        elif self._deadline is None:
            self.write(wire.pong(control.data))

    def drain(self) -> None:
        """Send what the reader has, a piece at a time, for as long as the network takes it."""
        reader = self._reader
        if reader is None:
            return
        if reader.failed:
            assert reader.farewell is not None
            self.leave(reader.farewell)
        elif not self._paused:
            self._send_piece(reader)

    def _send_piece(self, reader: Reader) -> None:
        piece: list[bytes] = []
        size = 0
        while size < _PIECE and (frame := reader.take()) is not None:
            piece.append(frame.wire)
            size += len(frame.wire)
        if piece:
            self.write(b"".join(piece))
        if self._paused:
            return
        if size >= _PIECE:
            asyncio.get_running_loop().call_soon(self.drain)
        elif reader.farewell is not None:
            self.leave(reader.farewell)
        else:
            self._group.join(self, reader)

    def _end(self, last: bytes) -> None:
        """Write the last frame, once; whoever does not take it in time is cut off."""
        if self._deadline is not None:
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(CLOSE_SECONDS, self._transport.abort)
        self._forget()
        self.write(last)

    def _forget(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            self._group.remove(reader)
        self._group.leave(self)


def _keep_little_in_the_kernel(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
