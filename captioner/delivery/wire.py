"""The WebSocket frames that readers are sent, as bytes (RFC 6455)."""

from __future__ import annotations

import struct

TEXT, CLOSE, PING_CODE, PONG = 0x1, 0x8, 0x9, 0xA
"""Opcodes of the frames that we send."""

LARGEST_CONTROL = 125
"""Bytes of what a control frame says."""


def text(data: bytes) -> bytes:
    """A text message in one frame."""
    return _head(TEXT, len(data)) + data


def pong(data: bytes) -> bytes:
    """The answer to a ping that said `data`."""
    return _head(PONG, len(data)) + data


def close(code: int | None = None, reason: str = "") -> bytes:
    """The last frame; of a reason that is too long, its beginning."""
    if code is None:
        return _head(CLOSE, 0)
    # A reason is cut between characters.
    words = reason.encode()[: LARGEST_CONTROL - 2].decode(errors="ignore").encode()
    return _head(CLOSE, 2 + len(words)) + struct.pack("!H", code) + words


def _head(opcode: int, size: int) -> bytes:
    first = 0x80 | opcode
    if size <= LARGEST_CONTROL:
        return struct.pack("!BB", first, size)
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)


PING = _head(PING_CODE, 0)
