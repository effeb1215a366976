"""The WebSocket frames of a client whose messages mean nothing. No I/O.

Messages are counted and dropped as they come, so that nobody's message takes memory here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from captioner.delivery.wire import CLOSE, LARGEST_CONTROL, PING_CODE, PONG, TEXT

LARGEST_MESSAGE = 1 << 20
"""Bytes of a message, all its frames together."""

_CONTINUATION, _BINARY = 0x0, 0x2
_CONTROLS: dict[int, Kind] = {CLOSE: "close", PING_CODE: "ping", PONG: "pong"}
_PROTOCOL_ERROR, _BAD_TEXT, _TOO_BIG = 1002, 1007, 1009
_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Those that may be sent."""

Kind = Literal["close", "ping", "pong"]


class Violation(Exception):
    """What a client sent breaks the protocol; the connection is closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Control:
    """A control frame, and what it says; a close says its code first, where it has one."""

    kind: Kind
    data: bytes = b""

    @property
    def code(self) -> int | None:
        """Of a close: the code that it gives."""
        return int.from_bytes(self.data[:2], "big") if self.data else None


class ClientFrames:
    """Takes apart what a client sends, however it is cut."""

    __slots__ = ("_rest", "_size", "_to_drop", "_within_message")

    def __init__(self) -> None:
        self._rest = b""
        self._to_drop = 0
        """Bytes of a message's frame that have still to come."""
        self._within_message = False
        self._size = 0
        """Bytes of the message so far."""

    def receive(self, data: bytes) -> Iterator[Control]:
        """The control frames that are complete with `data`; raises `Violation`."""
        data = self._rest + data
        at = 0
        while True:
            dropped = min(self._to_drop, len(data) - at)
            self._to_drop -= dropped
            at += dropped
            head = _Head.of(data, at)
            if self._to_drop or head is None:
                break
            self._check(head)
            if head.opcode not in _CONTROLS:
                self._to_drop = head.size
                at = head.end
            elif len(data) >= head.end + head.size:
                at = head.end + head.size
                yield _control(head, data[head.end : at])
            else:
                break
        self._rest = data[at:]

    def _check(self, head: _Head) -> None:
        if head.opcode in _CONTROLS:
            if not head.final or head.size > LARGEST_CONTROL:
                raise Violation(_PROTOCOL_ERROR, "a control frame is short and whole")
            return
        if head.opcode not in (_CONTINUATION, TEXT, _BINARY):
            raise Violation(_PROTOCOL_ERROR, "no such opcode")
        if (head.opcode == _CONTINUATION) is not self._within_message:
            raise Violation(_PROTOCOL_ERROR, "a message goes on that has not begun, or has not")
        self._size = head.size + (self._size if self._within_message else 0)
        if self._size > LARGEST_MESSAGE:
            raise Violation(_TOO_BIG, "the message is too large")
        self._within_message = not head.final


@dataclass(frozen=True, slots=True)
class _Head:
    """What comes before a frame's payload, which begins at `end`."""

    opcode: int
    final: bool
    mask: bytes
    size: int
    end: int

    @classmethod
    def of(cls, data: bytes, at: int) -> _Head | None:
        """The head at that place; None where it is not all there."""
        if len(data) < at + 2:
            return None
        first, second = data[at], data[at + 1]
        if first & 0x70:
            raise Violation(_PROTOCOL_ERROR, "no extension is in use")
        if not second & 0x80:
            raise Violation(_PROTOCOL_ERROR, "a client's frame is masked")
        size, end = second & 0x7F, at + 2
        if size > LARGEST_CONTROL:
            long = "!H" if size == 126 else "!Q"
            if len(data) < end + struct.calcsize(long):
                return None
            (size,) = struct.unpack_from(long, data, end)
            end += struct.calcsize(long)
        if len(data) < end + 4:
            return None
        return cls(first & 0x0F, bool(first & 0x80), data[end : end + 4], size, end + 4)


def _control(head: _Head, masked: bytes) -> Control:
    mask = head.mask * (len(masked) // 4 + 1)
    control = Control(
        _CONTROLS[head.opcode], bytes(a ^ b for a, b in zip(masked, mask, strict=False))
    )
    if control.kind == "close" and control.data:
        _check_close(control)
    return control


def _check_close(control: Control) -> None:
    if len(control.data) == 1 or control.code not in _CLOSE_CODES:
        raise Violation(_PROTOCOL_ERROR, "no such close code")
    try:
        control.data[2:].decode()
    except UnicodeDecodeError:
        raise Violation(_BAD_TEXT, "the reason is not UTF-8") from None
