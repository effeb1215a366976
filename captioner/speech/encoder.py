"""Sound as files and players know it: one encoder a format, however many listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

Format = Literal["ogg", "mp3", "wav"]


class Encoder(Protocol):
    """Encodes one endless stream of s16le mono samples."""

    @property
    def header(self) -> bytes:
        """What whoever joins must get first, at whatever time."""
        ...

    def encode(self, pcm: bytes) -> bytes:
        """What is ready of the stream with these samples; it may be nothing yet."""
        ...

    def flush(self) -> bytes:
        """The rest, at the end of the stream."""
        ...


Encoders = Callable[[Format], Encoder]
