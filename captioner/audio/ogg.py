"""Ogg pages (RFC 3533) that carry Opus (RFC 7845)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

OPUS_RATE = 48_000
"""What positions in an Opus stream count in, in Hz, whatever rate was encoded."""

_HEADER = struct.Struct("<4sBBQIIIB")
_CHECKSUM_AT = 22
_BEGINS = 2
_ENDS = 4
_LACING = 255
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class OggOpus:
    """One stream's packets in pages. Every packet lies in one page."""

    def __init__(self, opus_head: bytes, serial: int) -> None:
        """`opus_head`: what the encoder says of itself, as RFC 7845 has it."""
        self._serial = serial
        self._sequence = 0
        tags = b"OpusTags" + _counted(b"captioner") + struct.pack("<I", 0)
        self.header = self._page([opus_head], 0, _BEGINS) + self._page([tags], 0)
        """What comes before the pages, for whoever joins at whichever of them."""

    def page(self, packets: Sequence[bytes], position: int, *, last: bool = False) -> bytes:
        """`position`: where the packets end, in samples at `OPUS_RATE` since the stream began."""
        return self._page(packets, position, _ENDS if last else 0)

    def _page(self, packets: Sequence[bytes], position: int, flags: int = 0) -> bytes:
        lacing = b"".join(map(_lacing, packets))
        head = _HEADER.pack(
            b"OggS", 0, flags, position, self._serial, self._sequence, 0, len(lacing)
        )
        self._sequence += 1
        page = head + lacing + b"".join(packets)
        return page[:_CHECKSUM_AT] + _checksum(page) + page[_CHECKSUM_AT + 4 :]


def _counted(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def _lacing(packet: bytes) -> bytes:
    """A packet's length; less than 255 in the last byte says that it is complete."""
    whole, rest = divmod(len(packet), _LACING)
    return bytes([_LACING] * whole + [rest])


def _checksum(page: bytes) -> bytes:
    """Ogg's CRC-32 is zlib's with every bit order turned round, from 0 and not inverted."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_REVERSED)
