"""Talking to a peer without a client, and looking at what it says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tests.faults.speech import spoken
from tests.unit.realtime.peers.peer import Answer, Event, Peer, Refusal, append

TRANSCRIPTION = "conversation.item.input_audio_transcription"
COMMIT: Event = {"type": "input_audio_buffer.commit"}


def heard(peer: Peer, *utterances: str, rate: int = 24_000, commit: bool = False) -> list[Event]:
    """What a peer says to speech that comes in pieces of 100 ms."""
    audio = spoken(*utterances, rate=rate)
    pieces = np.split(audio, range(rate // 10, audio.size, rate // 10))
    messages = [append(piece) for piece in pieces] + [COMMIT] * commit
    return [event for message in messages for event in events(peer.receive(message))]


def events(answers: Iterable[Answer] | Refusal) -> list[Event]:
    assert not isinstance(answers, Refusal)
    return [answer for answer in answers if isinstance(answer, dict)]


def kinds(answers: Iterable[Answer] | Refusal) -> list[str]:
    """The types of events, short for what is said of transcriptions."""
    return [event["type"].removeprefix(f"{TRANSCRIPTION}.") for event in events(answers)]


def transcripts(said: Iterable[Event]) -> list[str]:
    return [event["transcript"] for event in said if event["type"].endswith(".completed")]
