"""Sessions by the official SDK, strict about every event that it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.resources.realtime.translations.translations import AsyncTranslationsConnection
from pydantic import BaseModel

from tests.contract.engine import chunks

TRANSCRIPTION = "conversation.item.input_audio_transcription."
PATIENCE_S = 120.0
"""A slow machine has other tests to run."""


def client_of(http: str, key: str = "none") -> AsyncOpenAI:
    return AsyncOpenAI(api_key=key, base_url=http, websocket_base_url=http.replace("http", "ws"))


@asynccontextmanager
async def connected(http: str, **query: str) -> AsyncIterator[AsyncRealtimeConnection]:
    """A session of the server at `http`, which has said that it is created.

    Without a query it is one of transcription.
    """
    asked: Any = query or {"intent": "transcription"}
    async with client_of(http) as client, client.realtime.connect(extra_query=asked) as opened:
        assert (await hear(opened)).type == "session.created"
        yield opened


async def hear(connection: AsyncRealtimeConnection | AsyncTranslationsConnection) -> Any:
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
