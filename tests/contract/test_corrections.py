"""Correcting a caption over HTTP: whoever reads, however they read, sees it."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from tests.contract.edge import Answer, Edge
from tests.contract.test_events import source
from tests.contract.test_http import assert_problem
from tests.unit.delivery.speaking import caption, final

pytestmark = pytest.mark.anyio


async def correct(edge: Edge, text: object, *, of: str = "u1", language: object = "en") -> Answer:
    wanted = {"language": language, "text": text}
    return await edge.ask("PATCH", f"/v1/rooms/demo/captions/{of}", wanted)


async def test_the_answer_is_the_caption_as_the_history_gives_it(edge: Edge) -> None:
    await edge.publish("demo", final(1, 2, "we chip"))
    answer = await correct(edge, "We ship.")
    history = (await edge.ask("GET", "/v1/rooms/demo/captions")).json
    assert (answer.status, [answer.json]) == (200, history["captions"])
    told = answer.json
    assert (told["rev"], told["text"], told["final"], told["correction"]) == (
        3,
        "We ship.",
        True,
        True,
    )


async def test_every_reader_is_shown_a_correction(edge: Edge) -> None:
    await edge.publish("demo", final(1, 2, "we chip"))
    url = f"{edge.ws_url}/v1/rooms/demo/captions"
    async with connect(f"{url}?mode=final") as socket, source(edge, "?mode=stable") as events:
        for _ in range(2):  # hello, and what was said
            await socket.recv()
            await events.next()
        answer = await correct(edge, "We ship.")
        async with asyncio.timeout(30):
            assert json.loads(await socket.recv()) == answer.json
            assert await events.next() == answer.json


@pytest.mark.parametrize("format", ["vtt", "srt", "txt", "json"])
async def test_every_file_has_the_correction_even_after_the_end(edge: Edge, format: str) -> None:
    await edge.publish("demo", final(1, 2, "we chip"))
    await edge.ask("POST", "/v1/rooms/demo/end")
    await correct(edge, "We ship.")
    file = (await edge.ask("GET", f"/v1/rooms/demo/transcript.{format}")).body.decode()
    assert "We ship." in file
    assert "we chip" not in file


async def test_no_text_withdraws_the_caption(edge: Edge) -> None:
    await edge.publish("demo", final(1, 2, "uh"))
    assert (await correct(edge, "")).json["text"] == ""
    assert (await edge.ask("GET", "/v1/rooms/demo/captions")).json["captions"] == []


async def test_what_cannot_be_corrected_says_why(edge: Edge) -> None:
    await edge.publish("demo", final(1, 2, "we ship"), caption(2, 1, "on Mon"))
    assert_problem(await correct(edge, "on Monday", of="u2"), 409, "caption_open")
    assert_problem(await correct(edge, "on Monday", of="u9"), 404, "caption_not_found")
    assert_problem(await correct(edge, "entregamos", language="es"), 404, "caption_not_found")
    for wrong in ({"text": 7}, {"text": "a" * 2001}, {"text": "\ud800"}):
        assert_problem(await correct(edge, wrong["text"]), 400, "bad_input")
    assert_problem(await correct(edge, "We ship.", language="!"), 400, "bad_input")
