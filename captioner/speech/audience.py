"""Who listens to one voice: what is said is encoded once for all who listen in the same format."""

from __future__ import annotations

from captioner.errors import CaptionerError
from captioner.speech.encoder import Encoder, Encoders, Format
from captioner.speech.listener import Listener
from captioner.speech.sound import SILENCE, Frames, Mark

_BATCH = 5
"""Frames that are encoded and sent together: a packet of a network each would be too many."""


class Audience:
    """Hands frames of samples and marks to the listeners, and waits for none of them."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._plain: set[Listener] = set()
        self._encoded: dict[Format, _Encoded] = {}
        self._saying: Mark | None = None
        self._said: Mark | None = None
        """Told last: a caption that goes on after a silence is not told again."""
        self._over = False

    def __len__(self) -> int:
        return len(self._plain) + sum(len(stream.listeners) for stream in self._encoded.values())

    def join(self, format: Format | None) -> Listener:
        """A new listener: in a format, or to samples and marks."""
        if format is None:
            listener = Listener(*([self._saying] if self._saying else []))
            self._plain.add(listener)
            return listener
        if format not in self._encoded:
            self._encoded[format] = _Encoded(self._encoders(format))
        return self._encoded[format].join()

    def leave(self, listener: Listener) -> None:
        self._plain.discard(listener)
        for format, stream in tuple(self._encoded.items()):
            stream.listeners.discard(listener)
            if not stream.listeners:
                del self._encoded[format]

    def mark(self, mark: Mark) -> None:
        """What comes next says a caption; or one is skipped."""
        if mark.skipped:
            self._said = None
        else:
            self._saying = mark
            if mark == self._said:
                return
            self._said = mark
        for listener in self._plain:
            listener.offer(mark)

    def frame(self, pcm: bytes) -> None:
        """The next 20 ms."""
        if self._over:
            return
        frames = Frames(pcm)
        for listener in self._plain:
            listener.offer(frames)
        for stream in self._encoded.values():
            stream.frame(pcm)

    def silence(self) -> None:
        """20 ms in which no caption is being said."""
        self._saying = None
        self.frame(SILENCE)

    def end(self, error: CaptionerError | None = None, *, going_away: bool = False) -> None:
        """The voice is over."""
        if self._over:
            return
        self._over = True
        for stream in self._encoded.values():
            stream.flush()
        encoded = (one for stream in self._encoded.values() for one in stream.listeners)
        for listener in (*self._plain, *encoded):
            listener.end(error, going_away=going_away)


class _Encoded:
    """The sound in one format."""

    def __init__(self, encoder: Encoder) -> None:
        self.listeners: set[Listener] = set()
        self._encoder = encoder
        self._pcm = bytearray()
        self._count = 0
        """Frames that the listeners have not got yet."""

    def join(self) -> Listener:
        header = self._encoder.header
        listener = Listener(*([Frames(header, 0)] if header else []))
        self.listeners.add(listener)
        return listener

    def frame(self, pcm: bytes) -> None:
        self._pcm += pcm
        self._count += 1
        if len(self._pcm) >= _BATCH * len(SILENCE):
            self._encode()

    def flush(self) -> None:
        self._encode()
        self._offer(self._encoder.flush())

    def _encode(self) -> None:
        pcm, self._pcm = bytes(self._pcm), bytearray()
        self._offer(self._encoder.encode(pcm) if pcm else b"")

    def _offer(self, data: bytes) -> None:
        if not data:
            return
        frames, self._count = Frames(data, self._count), 0
        for listener in self.listeners:
            listener.offer(frames)
