"""What the engine interprets in translation sessions, by the official SDK."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.resources.realtime.translations.translations import AsyncTranslationsConnection
from websockets.exceptions import ConnectionClosedOK

from tests.contract.engine import INTERPRETING, Engine, chunks, running_engine
from tests.contract.realtime import words
from tests.contract.sdk import PATIENCE_S, client_of, hear, of

pytestmark = pytest.mark.anyio

MODEL = "captioner-live-translate"
INPUT, OUTPUT = "session.input_transcript.delta", "session.output_transcript.delta"
SOUND = "session.output_audio.delta"
SECONDS = 13
"""Of the recording: its first two sentences, and the pause behind them."""


@pytest.fixture
async def connection(interpreting_engine: Engine) -> AsyncIterator[AsyncTranslationsConnection]:
    async with client_of(interpreting_engine.http) as client:
        async with client.realtime.translations.connect(model=MODEL) as opened:
            created = await hear(opened)
            assert (created.type, created.session.model) == ("session.created", MODEL)
            assert created.session.audio.output.language == "es"
            yield opened


async def configure(connection: AsyncTranslationsConnection, language: str) -> None:
    transcription: Any = {"model": "captioner-live"}
    await connection.session.update(
        session={
            "audio": {"output": {"language": language}, "input": {"transcription": transcription}}
        }
    )
    updated = await hear(connection)
    assert updated.type == "session.updated"
    assert updated.session.audio.output.language == language


async def interpreted(connection: AsyncTranslationsConnection, audio: bytes) -> list[Any]:
    """Everything that is said to the audio, until the session is closed."""
    for chunk in chunks(audio[: SECONDS * 48_000], 9600):
        await connection.session.input_audio_buffer.append(audio=chunk)
    await connection.session.close()
    events = [await hear(connection)]
    while events[-1].type != "session.closed":
        events.append(await hear(connection))
    with pytest.raises(ConnectionClosedOK):
        await hear(connection)
    return events


def text(events: list[Any], type_: str) -> str:
    return "".join(event.delta for event in of(events, type_))


async def test_speech_is_translated_and_spoken_to_its_last_word(
    connection: AsyncTranslationsConnection, demo_audio: bytes
) -> None:
    await configure(connection, "es")
    events = await interpreted(connection, demo_audio)
    heard, told = text(events, INPUT), text(events, OUTPUT)
    assert words(heard)[:5] == "printing in the only sense".split()
    assert words(told)[:5] == "imprenta en el only sense".split()
    assert len(words(told)) == len(words(heard))
    sounds = of(events, SOUND)
    assert {(e.sample_rate, e.channels, e.format) for e in sounds} == {(24_000, 1, "pcm16")}
    spoken_s = sum(len(base64.b64decode(event.delta)) for event in sounds) / 48_000
    assert SECONDS / 3 < spoken_s < SECONDS * 3
    for type_ in (INPUT, OUTPUT, SOUND):
        elapsed = [event.elapsed_ms for event in of(events, type_)]
        assert elapsed == sorted(elapsed) and not any(ms % 200 for ms in elapsed)
        assert elapsed[-1] <= SECONDS * 1000 + 200


async def test_what_is_said_in_the_listeners_language_stays_silent(
    connection: AsyncTranslationsConnection, demo_audio: bytes
) -> None:
    await configure(connection, "en-GB")
    events = await interpreted(connection, demo_audio)
    assert words(text(events, INPUT))[0] == "printing"
    assert of(events, OUTPUT) == of(events, SOUND) == []


async def test_what_cannot_be_translated_is_complained_of_once(
    connection: AsyncTranslationsConnection, demo_audio: bytes
) -> None:
    await configure(connection, "fi")
    events = await interpreted(connection, demo_audio)
    (error,) = of(events, "error")
    assert error.error.code == "no_such_language"
    assert of(events, OUTPUT) == []


async def test_an_engine_that_stops_finishes_what_was_said_and_asked(demo_audio: bytes) -> None:
    read: Any = {
        "conversation": "none",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hello."}],
            }
        ],
        "prompt": {"id": "speak", "variables": {"language": "en"}},
    }
    with running_engine(command=INTERPRETING) as engine:
        async with (
            client_of(engine.http) as client,
            client.realtime.translations.connect(model=MODEL) as interpreting,
            client.realtime.connect(model="captioner-voice") as talking,
        ):
            assert (await hear(interpreting)).type == "session.created"
            await configure(interpreting, "es")
            for chunk in chunks(demo_audio[: 8 * 48_000], 9600):
                await interpreting.session.input_audio_buffer.append(audio=chunk)
            assert (await hear(interpreting)).type == INPUT
            await talking.response.create(response=read)
            assert [(await hear(talking)).type for _ in range(2)][-1] == "response.created"
            engine.process.terminate()
            answer = [event async for event in talking]
            interpreted = [event async for event in interpreting]
            assert answer[-1].type == "response.done" and answer[-1].response.status == "completed"
            assert words(text(interpreted, OUTPUT))[0] == "imprenta"
            assert of(interpreted, SOUND)
        assert await asyncio.to_thread(engine.process.wait, PATIENCE_S) == 0


async def test_what_a_session_does_not_do_is_refused_and_it_stays_open(
    connection: AsyncTranslationsConnection,
) -> None:
    for session, param in [
        ({"audio": {"input": {"noise_reduction": {"type": "far_field"}}}}, "noise_reduction"),
        ({"audio": {"output": {"language": "Klingon"}}}, "language"),
        ({"model": "gpt-realtime-translate"}, "model"),
    ]:
        update: Any = {"type": "session.update", "session": session, "event_id": "mine"}
        await connection.send(update)
        refused = await hear(connection)
        assert (refused.type, refused.error.event_id) == ("error", "mine")
        assert refused.error.param.endswith(param)
    commit: Any = {"type": "input_audio_buffer.commit"}
    await connection.send(commit)
    assert (await hear(connection)).error.param == "type"
    await connection.session.close()
    assert (await hear(connection)).type == "session.closed"


async def test_a_secret_brings_its_language_along(interpreting_engine: Engine) -> None:
    http = interpreting_engine.http
    async with client_of(http) as client:
        session: Any = {"model": MODEL, "audio": {"output": {"language": "de"}}}
        secret = await client.realtime.translations.client_secrets.create(session=session)
        assert secret.session.audio.to_dict()["output"] == {"language": "de"}
    async with client_of(http, secret.value) as client:
        async with client.realtime.translations.connect(model=MODEL) as connection:
            assert (await hear(connection)).session.audio.output.language == "de"
