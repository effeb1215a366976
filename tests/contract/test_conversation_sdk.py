"""What the engine translates and speaks in conversation sessions, by the official SDK."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.contract.engine import Engine
from tests.contract.sdk import client_of, connected, hear, of

pytestmark = pytest.mark.anyio

SPANISH = {"id": "translate", "variables": {"source": "en", "target": "es"}}
LONG = "The printing of books. " * 400
"""Minutes of speech: more than fits between an engine and a client that does not read."""


@pytest.fixture
async def connection(interpreting_engine: Engine) -> AsyncIterator[AsyncRealtimeConnection]:
    async with connected(interpreting_engine.http, model="captioner-translate") as opened:
        yield opened


def said(text: str) -> list[dict[str, Any]]:
    content = [{"type": "input_text", "text": text}]
    return [{"type": "message", "role": "user", "content": content}]


async def ask(connection: AsyncRealtimeConnection, text: str, **response: Any) -> None:
    asked: Any = {"conversation": "none", "input": said(text), **response}
    await connection.response.create(response=asked)


async def answers(connection: AsyncRealtimeConnection, count: int = 1) -> list[Any]:
    """Everything until so many responses are done."""
    events: list[Any] = []
    while len(of(events, "response.done")) < count:
        events.append(await hear(connection))
    return events


def sound(events: list[Any]) -> bytes:
    deltas = of(events, "response.output_audio.delta")
    return b"".join(base64.b64decode(event.delta) for event in deltas)


async def test_a_text_is_translated_out_of_band(connection: AsyncRealtimeConnection) -> None:
    await ask(connection, "Hello, good morning.", prompt=SPANISH, metadata={"request": "seg-7"})
    events = await answers(connection)
    assert [event.type for event in events] == [
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    done = events[-1].response
    assert events[0].response.metadata == done.metadata == {"request": "seg-7"}
    assert (done.status, done.conversation_id) == ("completed", None)
    assert done.output[0].content[0].text == "hola, buenos días."
    assert done.usage.total_tokens == 6


async def test_instructions_and_terms_do_what_a_prompt_does(
    connection: AsyncRealtimeConnection,
) -> None:
    await ask(
        connection,
        "Hello Gutenberg.",
        instructions='You are an interpreter.\nTranslate from en to es.\n"Gutenberg" => "Juan"',
    )
    assert (await answers(connection))[-1].response.output[0].content[0].text == "hola Juan."


async def test_many_at_once_are_told_apart_by_their_ids(
    connection: AsyncRealtimeConnection,
) -> None:
    for number in range(30):
        metadata = {"number": str(number)}
        await ask(connection, f"The {number}", prompt=SPANISH, metadata=metadata)
    events = await answers(connection, 30)
    texts = {e.response_id: e.text for e in of(events, "response.output_text.done")}
    for done in of(events, "response.done"):
        assert texts[done.response.id] == f"el {done.response.metadata['number']}"


async def test_a_translation_is_spoken(connection: AsyncRealtimeConnection) -> None:
    await ask(connection, "Hello.", prompt=SPANISH, output_modalities=["audio"])
    events = await answers(connection)
    (transcript,) = of(events, "response.output_audio_transcript.done")
    assert transcript.transcript == "hola."
    assert 0.3 < len(sound(events)) / 48_000 < 3.0
    assert (
        max(len(base64.b64decode(e.delta)) for e in of(events, "response.output_audio.delta"))
        == 9600
    )
    assert events[-1].response.usage.output_token_details.audio_tokens > 0


async def test_a_text_is_read_aloud_by_the_voice_that_was_asked_for(
    interpreting_engine: Engine,
) -> None:
    lengths = []
    async with connected(interpreting_engine.http, model="captioner-voice") as connection:
        for speed in ("0.5", "1.5"):
            variables = {"language": "de", "voice": "whisper", "speed": speed}
            await ask(connection, "Guten Morgen.", prompt={"id": "speak", "variables": variables})
            events = await answers(connection)
            assert events[-1].response.audio.output.voice == "whisper"
            lengths.append(len(sound(events)))
    assert lengths[0] > 1.5 * lengths[1] > 0


async def test_what_cannot_be_done_fails_in_words_and_the_session_stays_open(
    connection: AsyncRealtimeConnection,
) -> None:
    unknown = {"id": "translate", "variables": {"source": "en", "target": "fi"}}
    voice = {"id": "speak", "variables": {"language": "es", "voice": "marin"}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"prompt": unknown}, "no_such_language"),
        ({"prompt": voice}, "invalid_value"),
        ({"instructions": "Be kind."}, "invalid_value"),
    ]
    for response, code in cases:
        await ask(connection, "Hello.", **response)
        failed = (await answers(connection))[-1].response
        assert (failed.status, failed.status_details.error.code) == ("failed", code)
    await connection.input_audio_buffer.append(audio="AAAA")
    assert (await hear(connection)).error.code == "unsupported"
    await ask(connection, "Hello.", prompt={"id": "poem"})
    refused = await hear(connection)
    assert (refused.error.code, refused.error.param) == ("invalid_value", "response.prompt.id")
    await ask(connection, "Hello.", prompt=SPANISH)
    assert (await answers(connection))[-1].response.status == "completed"


async def test_a_conversation_is_kept_and_answered_one_at_a_time(
    connection: AsyncRealtimeConnection,
) -> None:
    session: Any = {"type": "realtime", "instructions": "Translate from en to es."}
    await connection.session.update(session=session)
    assert (await hear(connection)).session.instructions == session["instructions"]
    item: Any = said("Hello.")[0] | {"id": "mine"}
    await connection.conversation.item.create(item=item)
    assert [(await hear(connection)).type for _ in range(2)] == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    await connection.response.create()
    events = await answers(connection)
    (added,) = of(events, "conversation.item.added")
    (done,) = of(events, "conversation.item.done")
    assert (added.previous_item_id, done.item.content[0].text) == ("mine", "hola.")
    await connection.conversation.item.retrieve(item_id=done.item.id)
    assert (await hear(connection)).item.content[0].text == "hola."
    await connection.conversation.item.delete(item_id=done.item.id)
    assert (await hear(connection)).item_id == done.item.id
    await connection.conversation.item.retrieve(item_id=done.item.id)
    assert (await hear(connection)).error.code == "item_retrieve_invalid_item_id"


async def test_speech_that_nobody_reads_waits_and_can_be_cancelled(
    connection: AsyncRealtimeConnection,
) -> None:
    read = {"id": "speak", "variables": {"language": "en"}}
    await connection.response.cancel()
    assert (await hear(connection)).error.code == "response_cancel_not_active"
    await ask(connection, LONG, prompt=read)
    heard = [await hear(connection) for _ in range(5)]
    assert heard[-1].type == "response.output_audio.delta"
    await connection.response.cancel(response_id=heard[0].response.id)
    events = heard + await answers(connection)
    cancelled = events[-1].response
    assert (cancelled.status, cancelled.status_details.reason) == ("cancelled", "client_cancelled")
    assert [event.type for event in events[-6:]] == [
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert events[-2].item.status == "incomplete"
    await ask(connection, "Hello.", prompt=SPANISH)
    assert (await answers(connection))[-1].response.status == "completed"


async def test_a_secret_brings_its_session_along(interpreting_engine: Engine) -> None:
    http = interpreting_engine.http
    async with client_of(http) as client:
        session: Any = {
            "type": "realtime",
            "model": "captioner-voice",
            "instructions": "Say it in de.",
        }
        secret = await client.realtime.client_secrets.create(session=session)
        assert secret.session.type == "realtime"
        assert secret.session.output_modalities == ["audio"]
        hearing: Any = {
            "type": "transcription",
            "audio": {"input": {"transcription": {"language": "en"}}},
        }
        transcription = await client.realtime.client_secrets.create(
            session=hearing, expires_after={"seconds": 60}
        )
        assert transcription.session.type == "transcription"
    async with client_of(http, secret.value) as client, client.realtime.connect() as connection:
        assert (await hear(connection)).session.instructions == "Say it in de."
        await ask(connection, "Guten Morgen.")
        assert sound(await answers(connection))
    async with client_of(http, transcription.value) as client:
        async with client.realtime.connect() as connection:
            heard = (await hear(connection)).session.audio.input.transcription
            assert heard.language == "en"
