"""What `captioner send` publishes: a file, an address, raw samples on stdin, a microphone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, BinaryIO

from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE, to_bytes
from captioner.errors import BadInput, CaptionerError

BLOCK_S = 0.05
MOST_UNREAD_S = 10.0
"""A microphone cannot wait: what was not taken from it by then would be lost."""


@dataclass(frozen=True, slots=True)
class Source:
    """16-bit little-endian samples as they come."""

    chunks: AsyncIterator[bytes]
    sample_rate: int
    channels: int = 1


def source(name: str, *, sample_rate: int, channels: int) -> Source:
    """The source of a name: `-`, `mic`, an address or a path. The two numbers are of `-`."""
    if name == "-":
        frame = 2 * channels
        size = round(sample_rate * BLOCK_S) * frame
        blocks = _whole_frames(sys.stdin.buffer, size, frame)
        return Source(_in_thread(blocks), sample_rate, channels)
    if name == "mic":
        return Source(_microphone(), SAMPLE_RATE)
    return Source(_in_thread(_file(name)), SAMPLE_RATE)


async def paced(chunks: AsyncIterator[bytes], bytes_per_second: int) -> AsyncIterator[bytes]:
    """The same, no faster than it was spoken."""
    clock = asyncio.get_running_loop().time
    due = clock()
    async for chunk in chunks:
        yield chunk
        # What comes late on its own moves the schedule: lost time is not hurried after.
        due = max(due + len(chunk) / bytes_per_second, clock() - BLOCK_S)
        await asyncio.sleep(due - clock())


async def until(chunks: AsyncIterator[bytes], enough: asyncio.Event) -> AsyncIterator[bytes]:
    """The same, ending early once there is enough."""
    stop = asyncio.create_task(enough.wait())
    try:
        while not enough.is_set():
            following = asyncio.ensure_future(anext(chunks, b""))
            await asyncio.wait({following, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                return
            if not (chunk := following.result()):
                return
            yield chunk
    finally:
        stop.cancel()


def _file(name: str) -> Iterator[bytes]:
    with AudioFile(name) as audio:
        yield from map(to_bytes, audio)


def _whole_frames(stream: BinaryIO, size: int, frame: int) -> Iterator[bytes]:
    while chunk := stream.read(size):
        yield chunk[: len(chunk) - len(chunk) % frame]


async def _in_thread(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read where waiting does not stop everything else."""
    while block := await asyncio.to_thread(next, blocks, b""):
        yield block


async def _microphone() -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue(round(MOST_UNREAD_S / BLOCK_S))

    def take(data: bytes) -> None:
        if not heard.full():
            heard.put_nowait(data)

    def callback(data: Any, _frames: int, _time: Any, _status: Any) -> None:
        loop.call_soon_threadsafe(take, bytes(data))

    with closing(_open_microphone(callback)):
        while not heard.full():
            yield await heard.get()
    raise CaptionerError("The server was away for too long to keep what the microphone heard.")


def _open_microphone(callback: Any) -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise BadInput(
            "Microphones need one more package: pip install 'captioner[microphone]'"
        ) from error
    except OSError as error:
        raise BadInput(
            "Microphones need the PortAudio library: sudo apt install libportaudio2"
        ) from error
    try:
        stream = sounddevice.RawInputStream(
            samplerate=SAMPLE_RATE,
            channels=1,
            dtype="int16",
            blocksize=round(SAMPLE_RATE * BLOCK_S),
            callback=callback,
        )
        stream.start()
    except sounddevice.PortAudioError as error:
        raise BadInput(f"No microphone can be opened: {error}") from error
    return stream
