"""The Realtime protocol, whoever serves it: the engine, and the server that tests fail with.

What the second is true to here, it may be believed to be true to in other tests.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from captioner.engine.envelope import MAX_APPEND_BYTES
from captioner.engine.session_config import HYPOTHESIS, SEGMENTS
from tests.contract import sdk
from tests.contract.engine import chunks
from tests.contract.realtime import Realtime
from tests.contract.sdk import TRANSCRIPTION, configure, hear, hear_out, of, speak

pytestmark = pytest.mark.anyio

SECOND = 2 * 24_000
"""Bytes."""


@pytest.fixture
async def connection(realtime: Realtime) -> AsyncIterator[AsyncRealtimeConnection]:
    async with sdk.connected(realtime.http) as opened:
        yield opened


async def test_a_session_with_turn_detection(
    realtime: Realtime, connection: AsyncRealtimeConnection
) -> None:
    updated = await configure(
        connection,
        format={"type": "audio/pcm", "rate": 24_000},
        transcription={"model": "captioner-live", "language": "en", "keywords": ["Gutenberg"]},
        turn_detection={"type": "server_vad", "silence_duration_ms": 500},
    )
    assert updated.session.audio.input.transcription.model == "captioner-live"
    await speak(connection, realtime.utterances)
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
    assert realtime.understood(" ".join(event.transcript for event in completed))
    assert_in_order(events)


def assert_in_order(events: list[Any]) -> None:
    """Ids are of one event; items follow each other, and their events too."""
    ids = [event.event_id for event in events]
    assert len(set(ids)) == len(ids)
    committed = of(events, "input_audio_buffer.committed")
    items = [event.item_id for event in committed]
    assert len(set(items)) == len(items)
    assert [event.previous_item_id for event in committed] == [None, *items[:-1]]
    for event in committed:
        of_item = [
            other.type.removeprefix(TRANSCRIPTION)
            for other in events
            if event.item_id in (getattr(other, "item_id", None), item_id(other))
        ]
        in_turn = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "completed",
        ]
        assert [kind for kind in of_item if kind != "delta"] == in_turn
        assert of_item[-1] == "completed"


def item_id(event: Any) -> str | None:
    return getattr(getattr(event, "item", None), "id", None)


async def test_deltas_come_before_the_commit(
    realtime: Realtime, connection: AsyncRealtimeConnection
) -> None:
    await configure(connection, transcription={"language": "en"}, turn_detection=None)
    for chunk in chunks(realtime.passage):
        await connection.input_audio_buffer.append(audio=chunk)
        await asyncio.sleep(realtime.pace_s)  # as somebody speaks; partials follow the speech
    first = await hear(connection)
    assert first.type == TRANSCRIPTION + "delta"
    await connection.input_audio_buffer.commit()
    rest = await hear_out(connection)
    assert {event.item_id for event in of(rest, TRANSCRIPTION + "completed")} == {first.item_id}


async def test_any_split_of_the_audio_gives_the_same_text(realtime: Realtime) -> None:
    audio = realtime.utterances
    texts = []
    for size in (len(audio), 4800, 31_998):
        async with sdk.connected(realtime.http) as connection:
            await configure(connection, transcription={"language": "en"}, turn_detection=None)
            await speak(connection, audio, size)
            await connection.input_audio_buffer.commit()
            texts.append(of(await hear_out(connection), TRANSCRIPTION + "completed")[0].transcript)
    assert texts[0] and texts == [texts[0]] * 3


async def test_the_accurate_model_answers_after_each_commit(
    realtime: Realtime, connection: AsyncRealtimeConnection
) -> None:
    updated = await configure(
        connection, transcription={"model": "captioner-accurate"}, turn_detection=None
    )
    assert updated.session.audio.input.turn_detection is None
    await speak(connection, realtime.everything, 96_000)
    await connection.input_audio_buffer.commit()
    events = await hear_out(connection)
    assert events[0].type == "input_audio_buffer.committed"
    (completed,) = of(events, TRANSCRIPTION + "completed")
    assert completed.languages[0].code == "en"
    assert completed.usage.seconds == pytest.approx(len(realtime.everything) / SECOND, abs=0.01)
    assert realtime.understood(completed.transcript)


async def test_silence_says_nothing(connection: AsyncRealtimeConnection) -> None:
    await configure(connection, turn_detection=None)
    await speak(connection, bytes(SECOND))
    await connection.input_audio_buffer.commit()
    (completed,) = of(await hear_out(connection), TRANSCRIPTION + "completed")
    assert completed.transcript == "" and completed.languages == []


async def test_the_clock_counts_all_audio_of_the_session(
    realtime: Realtime, connection: AsyncRealtimeConnection
) -> None:
    await speak(connection, bytes(3 * SECOND))
    await connection.input_audio_buffer.clear()
    assert (await hear(connection)).type == "input_audio_buffer.cleared"
    await speak(connection, bytes(2 * SECOND) + realtime.passage)
    started = await hear(connection)
    assert started.type == "input_audio_buffer.speech_started"
    assert 5000 <= started.audio_start_ms < 7000


async def test_what_is_cleared_is_not_transcribed(
    realtime: Realtime, connection: AsyncRealtimeConnection
) -> None:
    accurate = {"model": "captioner-accurate"}
    await configure(connection, transcription=accurate, turn_detection=None)
    await speak(connection, realtime.passage)
    await connection.input_audio_buffer.clear()
    assert (await hear(connection)).type == "input_audio_buffer.cleared"
    await connection.input_audio_buffer.commit()
    assert (await hear(connection)).error.code == "input_audio_buffer_commit_empty"
    await speak(connection, bytes(SECOND))
    await connection.input_audio_buffer.commit()
    (completed,) = of(await hear_out(connection), TRANSCRIPTION + "completed")
    assert completed.transcript == ""


async def test_an_update_changes_what_it_names_and_nothing_else(
    connection: AsyncRealtimeConnection,
) -> None:
    await configure(connection, transcription={"language": "de", "prompt": "Ada"})
    updated = await configure(connection, transcription={"keywords": ["Babbage"]})
    transcription = updated.session.audio.input.transcription
    assert (transcription.language, transcription.prompt) == ("de", "Ada")
    assert updated.session.audio.input.turn_detection.type == "server_vad"
    updated = await configure(connection, turn_detection=None)
    assert updated.session.audio.input.turn_detection is None
    assert updated.session.audio.input.transcription.language == "de"


async def test_an_error_leaves_the_session_as_it_was(connection: AsyncRealtimeConnection) -> None:
    refused = await configure(connection, transcription={"model": "whisper-1"})
    assert (refused.type, refused.error.code) == ("error", "invalid_model")
    refused = await configure(
        connection, transcription={"language": "de", "keywords": ["two\nlines"]}
    )
    assert refused.error.code == "invalid_value"
    assert refused.error.param.startswith("session.audio.input.transcription.keywords")
    await connection.input_audio_buffer.commit(event_id="mine")
    empty = await hear(connection)
    assert empty.error.code == "input_audio_buffer_commit_empty"
    assert empty.error.event_id == "mine"
    await connection.input_audio_buffer.clear()
    assert (await hear(connection)).type == "input_audio_buffer.cleared"
    updated = await configure(connection)
    assert updated.type == "session.updated"
    assert updated.session.audio.input.transcription.language is None


async def test_the_format_cannot_change_while_audio_is_buffered(
    connection: AsyncRealtimeConnection,
) -> None:
    await configure(connection, turn_detection=None)
    await speak(connection, bytes(SECOND))
    refused = await configure(connection, format={"type": "audio/pcmu"})
    assert refused.error.code == "invalid_parameter"
    assert (await configure(connection, transcription={"prompt": "Ada"})).type == "session.updated"
    await connection.input_audio_buffer.commit()
    assert (await hear(connection)).type == "input_audio_buffer.committed"


# Without the SDK: what it would not send, and what it does not know.


async def listen(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(sdk.PATIENCE_S):
        event: dict[str, Any] = json.loads(await socket.recv())
    return event


async def ask(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_json"),
        (b"\x00" * 4800, "invalid_event"),
        ('{"type":"response.create"}', "invalid_value"),
        ('{"type":"input_audio_buffer.append","audio":"?"}', "invalid_value"),
        ('{"type":"input_audio_buffer.append","audio":"AAAA"}', "invalid_value"),
        (
            json.dumps(
                {
                    "type": "input_audio_buffer.append",
                    "audio": base64.b64encode(bytes(MAX_APPEND_BYTES + 2)).decode(),
                }
            ),
            "invalid_value",
        ),
    ],
    ids=["no json", "binary", "no such event", "no base64", "odd bytes", "more than 15 MiB"],
)
async def test_bad_input_is_an_error_and_the_session_stays_open(
    realtime: Realtime, message: str | bytes, code: str
) -> None:
    async with connect(realtime.sessions) as socket:
        await listen(socket)
        await socket.send(message)
        refused = await listen(socket)
        assert (refused["type"], refused["error"]["code"]) == ("error", code)
        await ask(socket, type="session.update", session={"type": "transcription"})
        assert (await listen(socket))["type"] == "session.updated"


async def test_a_message_beyond_all_bounds_closes_the_connection(realtime: Realtime) -> None:
    async with connect(realtime.sessions) as socket:
        await listen(socket)
        with pytest.raises(ConnectionClosed):
            await socket.send(["x" * (1 << 20)] * 30)
            await listen(socket)
        assert socket.close_code == 1009


async def test_the_tail_and_the_times_come_to_those_who_ask(realtime: Realtime) -> None:
    session = {
        "type": "transcription",
        "include": (HYPOTHESIS, SEGMENTS),
        "audio": {"input": {"transcription": {"language": "en"}, "turn_detection": None}},
    }
    async with connect(realtime.sessions) as socket:
        await listen(socket)
        await ask(socket, type="session.update", session=session)
        assert (await listen(socket))["type"] == "session.updated"
        for chunk in chunks(realtime.passage):
            await ask(socket, type="input_audio_buffer.append", audio=chunk)
            await asyncio.sleep(realtime.pace_s)  # as somebody speaks; partials follow the speech
        await ask(socket, type="input_audio_buffer.commit")
        events = [await listen(socket)]
        while events[-1]["type"] != TRANSCRIPTION + "completed":
            events.append(await listen(socket))
    said = events[-1]["transcript"]
    tails = [event for event in events if event["type"] == TRANSCRIPTION + "hypothesis"]
    assert tails and all(event["item_id"] == events[-1]["item_id"] for event in tails)
    segments = [event for event in events if event["type"] == TRANSCRIPTION + "segment"]
    assert "".join(event["text"] for event in segments) == said != ""
    length_s = len(realtime.passage) / SECOND
    assert all(0 <= event["start"] <= event["end"] <= length_s for event in segments)
