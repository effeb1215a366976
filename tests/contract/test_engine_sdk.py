"""The official SDK runs whole sessions against a real engine, and knows all that it hears."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from pydantic import BaseModel

from tests.contract.engine import Engine, chunks, pcm

pytestmark = pytest.mark.anyio

TRANSCRIPTION = "conversation.item.input_audio_transcription."
PATIENCE_S = 120.0
"""A slow machine has other tests to run."""
GERMAN = Path(__file__).parents[1] / "recordings" / "german.opus"
SECOND = 2 * 24_000
"""Bytes."""


@asynccontextmanager
async def connected(engine: Engine) -> AsyncIterator[AsyncRealtimeConnection]:
    client = AsyncOpenAI(
        api_key="none", base_url=engine.http, websocket_base_url=engine.http.replace("http", "ws")
    )
    async with client, client.realtime.connect(extra_query={"intent": "transcription"}) as opened:
        assert (await hear(opened)).type == "session.created"
        yield opened


@pytest.fixture
async def connection(engine: Engine) -> AsyncIterator[AsyncRealtimeConnection]:
    async with connected(engine) as opened:
        yield opened


async def hear(connection: AsyncRealtimeConnection) -> Any:
    """The next event, once it is known to be what the SDK expects, to the last field."""
    async with asyncio.timeout(PATIENCE_S):
        event = await connection.recv()
    strict = type(event).model_validate(event.to_dict())
    assert strict.type == type(event).model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
    assert list(left_over(strict)) == []
    return event


def left_over(value: object) -> Any:
    """The fields that the SDK's types do not have."""
    if isinstance(value, BaseModel):
        yield from value.model_extra or ()
        for name in type(value).model_fields:
            yield from left_over(getattr(value, name))
    elif isinstance(value, list):
        for one in value:
            yield from left_over(one)


async def configure(connection: AsyncRealtimeConnection, **input_: Any) -> Any:
    session: Any = {"type": "transcription", "audio": {"input": input_}}
    await connection.session.update(session=session)
    return await hear(connection)


async def speak(connection: AsyncRealtimeConnection, audio: bytes, size: int = 4800) -> None:
    for chunk in chunks(audio, size):
        await connection.input_audio_buffer.append(audio=chunk)


async def hear_out(connection: AsyncRealtimeConnection, items: int = 1) -> list[Any]:
    """Everything until so many items are completed."""
    events: list[Any] = []
    while len(of(events, TRANSCRIPTION + "completed")) < items:
        events.append(await hear(connection))
    return events


def of(events: list[Any], type_: str) -> list[Any]:
    return [event for event in events if event.type == type_]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


async def test_a_session_with_turn_detection(
    connection: AsyncRealtimeConnection, demo_recording: Path, demo_reference: str
) -> None:
    updated = await configure(
        connection,
        format={"type": "audio/pcm", "rate": 24_000},
        transcription={"model": "captioner-live", "language": "en", "keywords": ["Gutenberg"]},
        turn_detection={"type": "server_vad", "silence_duration_ms": 500},
    )
    assert updated.session.audio.input.transcription.model == "captioner-live"
    await speak(connection, pcm(demo_recording, seconds=13.2))
    events = await hear_out(connection, items=2)
    started = of(events, "input_audio_buffer.speech_started")
    stopped = of(events, "input_audio_buffer.speech_stopped")
    completed = of(events, TRANSCRIPTION + "completed")
    assert [event.item_id for event in started] == [event.item_id for event in completed]
    assert all(a.audio_start_ms < b.audio_end_ms for a, b in zip(started, stopped, strict=True))
    for item in completed:
        deltas = [e.delta for e in of(events, TRANSCRIPTION + "delta") if e.item_id == item.item_id]
        assert "".join(deltas) == item.transcript
        assert item.usage.seconds > 0
    heard = words(" ".join(event.transcript for event in completed))
    spoken = words(demo_reference)[: len(heard)]
    assert len(set(heard) & set(spoken)) > 0.8 * len(set(spoken))


async def test_deltas_come_before_the_commit(
    connection: AsyncRealtimeConnection, demo_recording: Path
) -> None:
    await configure(connection, transcription={"language": "en"}, turn_detection=None)
    audio = pcm(demo_recording, seconds=9.0)
    for chunk in chunks(audio):
        await connection.input_audio_buffer.append(audio=chunk)
        await asyncio.sleep(0.1)  # as somebody speaks; partials follow the speech
    first = await hear(connection)
    assert first.type == TRANSCRIPTION + "delta"
    await connection.input_audio_buffer.commit()
    rest = await hear_out(connection)
    assert {event.item_id for event in of(rest, TRANSCRIPTION + "completed")} == {first.item_id}


async def test_any_split_of_the_audio_gives_the_same_text(
    engine: Engine, demo_recording: Path
) -> None:
    audio = pcm(demo_recording, seconds=13.2)
    texts = []
    for size in (len(audio), 4800, 31_998):
        async with connected(engine) as connection:
            await configure(connection, transcription={"language": "en"}, turn_detection=None)
            await speak(connection, audio, size)
            await connection.input_audio_buffer.commit()
            texts.append(of(await hear_out(connection), TRANSCRIPTION + "completed")[0].transcript)
    assert texts[0] and texts == [texts[0]] * 3


async def test_the_accurate_model_answers_after_each_commit(
    connection: AsyncRealtimeConnection, demo_recording: Path, demo_reference: str
) -> None:
    updated = await configure(
        connection, transcription={"model": "captioner-accurate"}, turn_detection=None
    )
    assert updated.session.audio.input.turn_detection is None
    audio = pcm(demo_recording)
    await speak(connection, audio, 96_000)
    await connection.input_audio_buffer.commit()
    events = await hear_out(connection)
    (completed,) = of(events, TRANSCRIPTION + "completed")
    assert completed.languages[0].code == "en"
    assert completed.usage.seconds == pytest.approx(len(audio) / 48_000, abs=0.01)
    heard, spoken = set(words(completed.transcript)), set(words(demo_reference))
    assert len(heard & spoken) > 0.85 * len(spoken)


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


async def test_an_error_leaves_the_session_as_it_was(connection: AsyncRealtimeConnection) -> None:
    refused = await configure(connection, transcription={"model": "whisper-1"})
    assert (refused.type, refused.error.code) == ("error", "invalid_model")
    await connection.input_audio_buffer.commit(event_id="mine")
    empty = await hear(connection)
    assert empty.error.code == "input_audio_buffer_commit_empty"
    assert empty.error.event_id == "mine"
    await connection.input_audio_buffer.clear()
    assert (await hear(connection)).type == "input_audio_buffer.cleared"
    assert (await configure(connection)).type == "session.updated"
