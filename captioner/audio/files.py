"""Any audio or video, from a path or an address, as samples."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import av
import numpy as np

from captioner.audio.frames import decoded
from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.errors import BadFormat, BadInput

_MICROSECONDS = 1_000_000


class AudioFile:
    """The first audio stream of a file: `with AudioFile(path) as audio: for samples in audio: …`.

    Opening and reading block. Opening raises `BadInput` where there is no such file and
    `BadFormat` where there is no audio in it; reading raises `BadFormat` where it is damaged.
    """

    def __init__(self, source: str, rate: int = SAMPLE_RATE) -> None:
        """`source`: a path, or an address that ffmpeg can read. `rate`: of the samples, in Hz."""
        self._source = source
        self._rate = rate
        try:
            self._container = av.open(source)
        except FileNotFoundError as error:
            raise BadInput(f"there is no file {source}") from error
        except (av.InvalidDataError, av.EOFError) as error:
            raise BadFormat(f"{source} is not an audio or video file, or it is damaged") from error
        except (av.FFmpegError, OSError) as error:
            raise BadInput(f"{source} cannot be read: {error.strerror}") from error
        if not self._container.streams.audio:
            self._container.close()
            raise BadFormat(f"there is no audio in {source}")

    @property
    def duration(self) -> float | None:
        """Seconds, where the file says it; a stream does not."""
        duration = self._container.duration
        return None if duration is None else duration / _MICROSECONDS

    def __iter__(self) -> Iterator[Samples]:
        """Blocks of about a tenth of a second or more, once."""
        block = silence(0)
        try:
            for samples in decoded(self._container, self._rate):
                block = np.concatenate([block, samples])
                if block.size >= self._rate // 10:
                    yield block
                    block = silence(0)
        except av.FFmpegError as error:
            raise BadFormat(f"{self._source} is damaged") from error
        if block.size:
            yield block

    def __enter__(self) -> AudioFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._container.close()
