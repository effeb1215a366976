"""A real `captioner engine` and what a client of it needs."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import CAPTIONER, STOP_TIMEOUT, environment

CHUNK = 4800
"""Bytes: 100 ms."""
INTERPRETING = (sys.executable, "-m", "tests.contract.interpreting_engine")
"""Runs an engine that translates by a dictionary and speaks by espeak-ng."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def sessions(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime?intent=transcription"


@contextmanager
def running_engine(port: int = 0, command: Sequence[str] = ()) -> Iterator[Engine]:
    """An engine that has said that it is ready, on a free port if none is named.

    `command`: another one than the product's that runs an engine.
    """
    process = subprocess.Popen(
        command or [*CAPTIONER, "engine", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        env=environment(),
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        yield Engine(ready["port"], process)
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT)
        process.stdout.close()


def pcm(recording: Path, seconds: float = 60.0) -> bytes:
    """The beginning of a recording, as clients send it: 24 kHz s16 mono."""
    command = ["ffmpeg", "-v", "error", "-i", str(recording), "-t", str(seconds)]
    done = subprocess.run(
        [*command, "-ac", "1", "-ar", "24000", "-f", "s16le", "-"], capture_output=True, check=True
    )
    return done.stdout


def chunks(audio: bytes, size: int = CHUNK) -> Iterator[str]:
    """The audio in base64, `size` bytes at a time."""
    for at in range(0, len(audio), size):
        yield base64.b64encode(audio[at : at + size]).decode()
