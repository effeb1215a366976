"""Servers of the Realtime protocol, each with speech that it understands."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from captioner.audio.pcm import to_bytes
from tests.contract.engine import CHUNK, Engine
from tests.faults.server import FaultServer
from tests.faults.sockets import on_sockets
from tests.faults.speech import spoken


@dataclass(frozen=True, slots=True)
class Realtime:
    """A running server. Audio is 24 kHz s16 mono."""

    port: int
    utterances: bytes
    """Two, with pauses around them."""
    passage: bytes
    """Some seconds of speech."""
    everything: bytes
    reference: str
    """What is said; each of the above is a beginning of it."""
    right: float
    """The share of the words that it must recognise."""
    pace_s: float
    """Between chunks of 100 ms, where somebody is to speak; 0 where that makes no difference."""

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def sessions(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime?intent=transcription"

    def understood(self, transcript: str) -> bool:
        """Whether that is the beginning of what is said, as well as this server can tell."""
        heard = words(transcript)
        said = set(words(self.reference)[: len(heard)])
        return bool(heard) and len(set(heard) & said) >= self.right * len(said)


def words(text: str) -> list[str]:
    return re.findall(r"\w+~?", text.lower())


def real_engine(engine: Engine, everything: bytes, reference: str) -> Realtime:
    return Realtime(
        engine.port,
        utterances=everything[: 132 * CHUNK],
        passage=everything[: 90 * CHUNK],
        everything=everything,
        reference=reference,
        right=0.8,
        pace_s=0.1,
    )


@asynccontextmanager
async def without_faults() -> AsyncIterator[Realtime]:
    """The server that fails as a script says, with none."""
    said = ("w1 w2 w3", "w4 w5 w6 w7")
    utterances, passage = to_bytes(spoken(*said)), to_bytes(spoken(" ".join(said)))
    async with on_sockets(FaultServer()) as url:
        port = int(re.findall(r":(\d+)/", url)[0])
        yield Realtime(port, utterances, passage, utterances, " ".join(said), right=1.0, pace_s=0.0)
