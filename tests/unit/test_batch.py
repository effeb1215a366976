"""A recording at once, with a recogniser that keeps to a script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from captioner.audio.passages import LONGEST_S
from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.batch import IN_FLIGHT, Batch
from captioner.captions.model import Caption
from captioner.errors import EngineUnavailable
from captioner.realtime.connection import Connection
from captioner.realtime.providers import EMBEDDED, Provider, for_recordings, openai

pytestmark = pytest.mark.anyio

ITEM = "conversation.item.input_audio_transcription."


class Recogniser:
    """Answers every commit, the oldest first, only when nothing else is to be said."""

    def __init__(self, *answers: str | None) -> None:
        self._answers = list(answers)
        self._events: list[Mapping[str, Any]] = []
        self._undecided: list[int] = []
        self._items = 0
        self.most_undecided = 0
        self.model = ""

    async def send(self, message: str) -> None:
        event = json.loads(message)
        if event["type"] == "session.update":
            self.model = event["session"]["audio"]["input"]["transcription"]["model"]
            self._events.append({"type": "session.updated"})
        elif event["type"] == "input_audio_buffer.commit":
            name = f"i{self._items}"
            self._events.append({"type": "input_audio_buffer.committed", "item_id": name})
            self._undecided.append(self._items)
            self._items += 1
            self.most_undecided = max(self.most_undecided, len(self._undecided))

    async def receive(self) -> Mapping[str, Any]:
        if self._events:
            return self._events.pop(0)
        if not self._undecided:
            raise EngineUnavailable("nothing more will come")
        return self._decide(self._undecided.pop(0))

    def _decide(self, item: int) -> Mapping[str, Any]:
        answer, name = self._answers[item], f"i{item}"
        if answer is None:
            return {"type": ITEM + "failed", "item_id": name, "error": {"code": "broken"}}
        language, _, text = answer.partition(":")
        return {
            "type": ITEM + "completed",
            "item_id": name,
            "transcript": text,
            "languages": [{"code": language}],
        }


def blocks(seconds: float) -> list[Samples]:
    return [np.zeros(SAMPLE_RATE, np.int16) for _ in range(round(seconds))]


async def recognise(
    recogniser: Recogniser, seconds: float, provider: Provider = EMBEDDED
) -> tuple[Batch, list[Caption]]:
    told: list[Caption] = []
    done: list[float] = []

    @asynccontextmanager
    async def connect() -> AsyncIterator[Connection]:
        yield recogniser

    batch = Batch(
        "auto",
        on_caption=told.append,
        on_progress=done.append,
        provider=for_recordings(provider),
        sample_rate=SAMPLE_RATE,
    )
    await batch.run(connect, blocks(seconds))
    assert done == sorted(done)
    assert done[-1] == pytest.approx(seconds)
    return batch, told


async def test_captions_come_in_order_in_the_language_of_most() -> None:
    recogniser = Recogniser("en:Good morning.", "de:Ja.", "en:And now to the budget.")
    batch, told = await recognise(recogniser, 2 * LONGEST_S)
    assert [caption.text for caption in told] == [
        "Good morning.",
        "Ja.",
        "And now to the budget.",
    ]
    assert batch.language == "en"
    assert {caption.language for caption in batch.captions} == {"en"}
    assert [caption.id for caption in batch.captions] == ["u1", "u2", "u3"]
    assert recogniser.model == "captioner-accurate"


@pytest.mark.parametrize("provider", [EMBEDDED, replace(openai("whisper-1"), pace=None)])
async def test_what_fails_is_a_gap_and_what_is_silent_is_nothing(provider: Provider) -> None:
    recogniser = Recogniser("en:Good morning.", None, "en:")
    batch, told = await recognise(recogniser, 2 * LONGEST_S, provider)
    assert len(told) == 1
    (gap,) = batch.gaps
    assert (gap.language, gap.reason) == ("en", "broken")
    assert 0 < gap.start < gap.end < 2 * LONGEST_S


async def test_the_recogniser_is_never_given_more_than_it_may_hold() -> None:
    recogniser = Recogniser(*(f"en:{number}" for number in range(40)))
    batch, _ = await recognise(recogniser, 200)
    assert recogniser.most_undecided == IN_FLIGHT
    assert batch.captions


async def test_a_recogniser_that_is_lost_is_said() -> None:
    class Gone(Recogniser):
        async def receive(self) -> Mapping[str, Any]:
            raise EngineUnavailable("the recogniser closed the connection (1006)")

    with pytest.raises(EngineUnavailable, match="1006"):
        await recognise(Gone(), 20)
