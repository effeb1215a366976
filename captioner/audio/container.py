"""WebM and Ogg, decoded while their bytes come.

libav pulls its bytes, and we are pushed them. So a thread decodes, and is handed control by `feed`
until it wants more bytes: the two never run at once, and the same bytes give the same samples.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue

import av
import numpy as np

from captioner.audio.frames import decoded
from captioner.audio.pcm import Samples, silence
from captioner.errors import BadFormat, CaptionerError, TooLarge

CONTAINERS = {"webm": "WebM", "ogg": "Ogg"}
"""libav's names, and ours."""

MOST_AT_ONCE_S = 1800
"""Seconds of audio in the bytes of one call: compression knows no limit, memory does."""

_READ_SIZE = 4096


class ContainerDecoder:
    """The bytes of one file in, samples out. Close it, or a thread stays behind."""

    def __init__(self, format: str, rate: int) -> None:
        """`rate`: of the samples, in Hz."""
        self._format = format
        self._rate = rate
        self._pipe = _Pipe()
        self._thread: threading.Thread | None = None
        self._decoded: list[Samples] = []
        self._error: CaptionerError | None = None

    def feed(self, data: bytes) -> Samples:
        return self._advance(data) if data else silence(0)

    def flush(self) -> Samples:
        return self._advance(b"") if self._thread else silence(0)

    def close(self) -> None:
        if self._thread is not None:
            self._pipe.close()
            self._thread.join()

    def _advance(self, data: bytes) -> Samples:
        """Let the thread work until these bytes are used up; no bytes end the file."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._decode, name=self._format, daemon=True)
            self._thread.start()
        if not self._pipe.hand_over(data) and data and self._error is None:
            self._error = BadFormat(f"nothing can follow the end of the {self._name} audio")
        if self._error is not None:
            raise self._error
        samples, self._decoded = np.concatenate([silence(0), *self._decoded]), []
        return samples

    def _decode(self) -> None:
        try:
            with av.open(self._pipe, "r", format=self._format, buffer_size=_READ_SIZE) as container:
                for samples in decoded(container, self._rate):
                    self._keep(samples)
        except CaptionerError as error:
            self._error = error
        except Exception as error:  # the thread's boundary; what libav says of it helps nobody
            self._error = BadFormat(f"the audio is not {self._name}, or it is damaged")
            self._error.__cause__ = error
        finally:
            self._pipe.abandon()

    def _keep(self, samples: Samples) -> None:
        self._decoded.append(samples)
        if sum(part.size for part in self._decoded) > MOST_AT_ONCE_S * self._rate:
            raise TooLarge(f"one message holds more than {MOST_AT_ONCE_S // 60} minutes of audio")

    @property
    def _name(self) -> str:
        return CONTAINERS[self._format]


class _Pipe:
    """Bytes from one thread to another that runs only while the first waits for it."""

    def __init__(self) -> None:
        self._bytes: SimpleQueue[bytes] = SimpleQueue()
        self._hungry: SimpleQueue[bool] = SimpleQueue()
        self._unread = b""
        self._begun = False
        self._ended = False
        self._abandoned = False

    def hand_over(self, data: bytes) -> bool:
        """Return when the reader wants more, or (False) will never want any again."""
        if self._abandoned:
            return False
        self._bytes.put(data)
        return self._hungry.get()

    def read(self, size: int) -> bytes:
        """Some bytes; none at the end of the file."""
        if not self._unread and not self._ended:
            if self._begun:
                self._hungry.put(True)
            self._begun = True
            self._unread = self._bytes.get()
            self._ended = not self._unread
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def abandon(self) -> None:
        """The reader is done."""
        self._abandoned = True
        self._hungry.put(False)

    def close(self) -> None:
        """No more bytes, and nobody waits for what is made of those before."""
        self._bytes.put(b"")
