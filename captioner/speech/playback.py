"""A line's sound: as it is made, and as it is played out, frame by frame. No I/O, no clock."""

from __future__ import annotations

from captioner.speech.plan import Part
from captioner.speech.shape import Shape, fade_out
from captioner.speech.sound import FRAME_BYTES, SILENCE

_PIECE = 5 * FRAME_BYTES
"""Bytes that are shaped at a time: a whole line would hold everybody up."""
PAUSE = 10
"""Frames of silence behind a line, as between two sentences."""


class Take:
    """The sound of a part, growing while it is synthesised."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.complete = False
        """Whether nothing is added any more."""
        self.failed = False
        """Whether something of it is missing, for good."""
        self.read_bytes = 0
        self._pcm = bytearray()

    def add(self, pcm: bytes) -> None:
        self._pcm += pcm

    def clear(self) -> None:
        """Forget what was not read: it is synthesised anew."""
        self._pcm.clear()

    def read(self) -> bytes:
        """The next piece, of whole samples; nothing, where none is there yet."""
        size = min(_PIECE, len(self._pcm) // 2 * 2)
        piece = bytes(self._pcm[:size])
        del self._pcm[:size]
        self.read_bytes += size
        return piece

    @property
    def begun(self) -> bool:
        """Whether there is something to play, or never will be."""
        return self.complete or len(self._pcm) >= FRAME_BYTES


class Playback:
    """A take on its way to the listeners, in a shape."""

    def __init__(self, take: Take, shape: Shape) -> None:
        self.take = take
        self._shape = shape
        self._ready = bytearray()
        self._flushed = False

    def frame(self) -> bytes | None:
        """The next frame; silence while the synthesizer is behind; None at the end."""
        while len(self._ready) < FRAME_BYTES and not self._flushed:
            if piece := self.take.read():
                self._ready += self._shape.feed(piece)
            elif self.take.complete:
                self._end()
            else:
                return SILENCE
        if not self._ready:
            return None
        frame = bytes(self._ready[:FRAME_BYTES])
        del self._ready[:FRAME_BYTES]
        return frame

    def _end(self) -> None:
        self._ready += self._shape.flush()
        self._flushed = True
        if self.take.read_bytes:
            last = -len(self._ready) % FRAME_BYTES
            self._ready += bytes(last + PAUSE * FRAME_BYTES)

    def last_frame(self) -> bytes:
        """The next frame, fading: nothing follows it."""
        frame = self.frame()
        return SILENCE if frame is None else fade_out(frame)
