"""A conversation over a real socket: what fails, what is given up, and who waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from captioner.engine.conversation.abilities import Abilities
from captioner.engine.conversation.config import configured
from captioner.engine.conversation.connection import ConversationConnection
from captioner.engine.conversation.workers import Workers
from captioner.errors import TranslationUnavailable
from tests.unit.engine.conversation.driving import SPANISH, said
from tests.unit.engine.conversation.tones import Tones

pytestmark = pytest.mark.anyio

PATIENCE_S = 60.0
READ = {"id": "speak", "variables": {"language": "en"}}


class Moody:
    """Translates what it likes."""

    def translate(
        self, text: str, source: str, target: str, terms: Sequence[tuple[str, str]] = ()
    ) -> str:
        if text == "busy":
            raise TranslationUnavailable("Ask again later.")
        if text == "broken":
            raise RuntimeError("a model's own words")
        return text.upper()


@asynccontextmanager
async def talking(tones: Tones) -> AsyncIterator[ClientConnection]:
    """A client of a server that ends with it."""
    workers = Workers(Abilities(Moody(), tones), threads=2)
    gone = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        config = configured("captioner-translate", {})
        await ConversationConnection(socket, config, workers).run(asyncio.Event())
        gone.set()

    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as client:
            assert (await hear(client))["type"] == "session.created"
            yield client
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()
    await workers.close()


async def ask(client: ClientConnection, text: str, prompt: dict[str, Any]) -> None:
    response = {"conversation": "none", "input": [said(text)], "prompt": prompt}
    await client.send(json.dumps({"type": "response.create", "response": response}))


async def hear(client: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        event: dict[str, Any] = json.loads(await client.recv())
    return event


async def answer(client: ClientConnection) -> dict[str, Any]:
    """How the next response ends."""
    while (event := await hear(client))["type"] != "response.done":
        pass
    response: dict[str, Any] = event["response"]
    return response


async def test_a_model_that_fails_fails_one_response(caplog: pytest.LogCaptureFixture) -> None:
    async with talking(Tones()) as client:
        for text, code in [("busy", "translation_unavailable"), ("broken", "server_error")]:
            await ask(client, text, SPANISH)
            error = (await answer(client))["status_details"]["error"]
            assert error["code"] == code and "own words" not in error["message"]
        await ask(client, "fine", SPANISH)
        assert (await answer(client))["output"][0]["content"][0]["text"] == "FINE"
    assert [record.message for record in caplog.records] == ["A response failed."]


async def test_what_a_client_wanted_is_given_up_when_it_goes() -> None:
    tones = Tones()
    tones.go.set()
    async with talking(tones) as client:
        await ask(client, "100000000", READ)
        while (await hear(client))["type"] != "response.output_audio.delta":
            pass
    assert tones.closed == ["100000000"]
    assert len(tones.spoken) < 50_000


async def test_a_response_that_is_cancelled_at_once_leaves_room_for_others() -> None:
    tones = Tones()
    tones.go.set()
    async with talking(tones) as client:
        for _ in range(100):
            await ask(client, "100000000", READ)
            created = await hear(client)
            cancel = {"type": "response.cancel", "response_id": created["response"]["id"]}
            await client.send(json.dumps(cancel))
            assert (await answer(client))["status"] == "cancelled"
        await ask(client, "fine", SPANISH)
        assert (await answer(client))["status"] == "completed"
