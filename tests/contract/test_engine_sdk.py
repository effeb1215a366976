"""What the engine recognises, by the official SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.contract.engine import Engine, pcm
from tests.contract.realtime import words
from tests.contract.sdk import TRANSCRIPTION, configure, connected, hear_out, of, speak

pytestmark = pytest.mark.anyio

GERMAN = Path(__file__).parents[1] / "recordings" / "german.opus"
SECOND = 2 * 24_000
"""Bytes."""


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[AsyncRealtimeConnection]:
    async with connected(engine.http) as opened:
        yield opened


async def test_another_language_is_found_out_and_kept(connection: AsyncRealtimeConnection) -> None:
    await configure(connection, transcription={"model": "captioner-live"}, turn_detection=None)
    audio = pcm(GERMAN)
    for part in (audio[: 14 * SECOND], audio[14 * SECOND : 18 * SECOND]):
        await speak(connection, part)
        await connection.input_audio_buffer.commit()
        (completed,) = of(await hear_out(connection), TRANSCRIPTION + "completed")
        assert completed.languages[0].code == "de"
    assert "ausführliche" in words(completed.transcript)


async def test_noise_and_silence_say_nothing(connection: AsyncRealtimeConnection) -> None:
    await configure(connection, transcription={"language": "en"}, turn_detection=None)
    noise = np.random.default_rng(7).normal(0, 1000, 24_000 * 20).astype("<i2").tobytes()
    await speak(connection, noise + bytes(48_000 * 5), 48_000)
    await connection.input_audio_buffer.commit()
    (completed,) = of(await hear_out(connection), TRANSCRIPTION + "completed")
    assert completed.transcript == "" and completed.languages == []
