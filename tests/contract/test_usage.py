"""The usage of a room, as a script of somebody else reads it."""

from __future__ import annotations

from datetime import datetime

import pytest

from captioner.realtime.cost import PRICES
from captioner.realtime.token_cost import TOKEN_PRICES
from captioner.realtime.tokens import Tokens
from tests.contract.edge import Edge
from tests.contract.test_docs import PROTOCOL
from tests.contract.test_http import assert_problem

pytestmark = pytest.mark.anyio

LIVE = ("openai", "gpt-live-transcribe")
MINI = ("openai", "gpt-realtime-2.1-mini")


async def test_a_room_that_used_nothing_says_so(edge: Edge) -> None:
    await edge.publish("demo")
    answer = await edge.ask("GET", "/v1/rooms/demo/usage")
    assert (answer.status, answer.json) == (
        200,
        {
            "room": "demo",
            "minutes_sent": 0.0,
            "minutes_reported": 0.0,
            "minutes_billed": 0.0,
            "input_tokens": 0,
            "output_tokens": 0,
            "items": 0,
            "cost_usd": 0.0,
            "total_usd": 0.0,
            "interpreting": [],
            "budget": {
                "room": {"limit_usd": 1.0, "spent_usd": 0.0, "state": "ok"},
                "day": {"limit_usd": None, "spent_usd": 0.0, "state": "none"},
            },
            "tracks": [],
        },
    )


async def test_usage_is_told_by_track_and_session(edge: Edge) -> None:
    await edge.publish("demo")
    ana, ben = (edge.accounts.meter("demo", track) for track in ("ana", "ben"))
    ana.opened("s1", *LIVE)
    ana.sent("s1", 90.0)
    ana.reported("s1", {"type": "duration", "seconds": 60})
    ana.reported("s1", {"type": "duration", "seconds": 60})
    ben.opened("s1", "embedded", "captioner-live")
    ben.sent("s1", 30.0)
    ana.opened("s2", "openai", "gpt-4o-transcribe")
    ana.sent("s2", 60.0)
    ana.reported("s2", {"type": "tokens", "input_tokens": 12, "output_tokens": 3})
    usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
    assert (usage["minutes_sent"], usage["minutes_billed"]) == (3.0, 3.5)
    assert (usage["minutes_reported"], usage["items"]) == (2.0, 3)
    assert (usage["input_tokens"], usage["output_tokens"]) == (12, 3)
    assert usage["cost_usd"] == 0.04
    assert [(t["track"], t["minutes_sent"], t["cost_usd"]) for t in usage["tracks"]] == [
        ("ana", 2.5, 0.04),
        ("ben", 0.5, 0.0),
    ]
    first, second = usage["tracks"][0]["sessions"]
    assert datetime.fromisoformat(first["started_at"]).tzinfo is not None
    assert first["started_at"].endswith("Z")
    told = ("session", "engine", "model", "usd_per_minute", "minutes_billed", "cost_usd")
    assert [first[name] for name in told] == ["s1", *LIVE, 0.017, 2.0, 0.034]
    assert [second[name] for name in told[:3]] == ["s2", "openai", "gpt-4o-transcribe"]


async def test_a_cost_that_nobody_knows_is_null(edge: Edge) -> None:
    await edge.publish("demo")
    meter = edge.accounts.meter("demo", "mic")
    for session, engine in (("s1", LIVE), ("s2", ("azure", "our-deployment"))):
        meter.opened(session, *engine)
        meter.sent(session, 60.0)
    usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
    (track,) = usage["tracks"]
    assert (usage["cost_usd"], track["cost_usd"]) == (None, None)
    assert [session["cost_usd"] for session in track["sessions"]] == [0.017, None]
    assert track["sessions"][1]["usd_per_minute"] is None
    assert usage["budget"]["room"]["spent_usd"] == 0.017


async def test_translation_and_speech_are_told_by_model(edge: Edge) -> None:
    await edge.publish("demo")
    track, meter = edge.accounts.meter("demo", "mic"), edge.accounts.token_meter
    track.opened("s1", *LIVE)
    track.sent("s1", 60.0)
    for tokens in (Tokens(1_000, 100, cached=900), Tokens(2_000, 300)):
        assert await meter.refusal("demo", *MINI) is None
        meter.reported("demo", "translation", *MINI, tokens)
    meter.reported("demo", "speech", *MINI, Tokens(500, 600, audio_output=500))
    meter.reported("demo", "translation", "embedded", "captioner-translate", Tokens(9, 9))
    usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
    amounts = ("responses", "input_tokens", "output_tokens", "spoken_tokens", "cost_usd")
    told = ("kind", "engine", *amounts)
    assert [[one[name] for name in told] for one in usage["interpreting"]] == [
        ["translation", "openai", 2, 3_000, 400, 0, 0.00276],
        ["speech", "openai", 1, 500, 600, 500, 0.01054],
        ["translation", "embedded", 1, 9, 9, 0, 0.0],
    ]
    first = usage["interpreting"][0]
    assert first["model"] == "gpt-realtime-2.1-mini"
    assert first["usd_per_million"] == {"input": 0.6, "output": 2.4, "spoken": 20.0}
    assert (usage["cost_usd"], usage["input_tokens"]) == (0.017, 0), "recognition alone"
    assert usage["total_usd"] == usage["budget"]["room"]["spent_usd"] == 0.0303


async def test_a_translation_that_nobody_knows_the_price_of_costs_null(edge: Edge) -> None:
    await edge.publish("demo")
    await edge.accounts.token_meter.refusal("demo", "chat", "qwen")
    edge.accounts.token_meter.reported("demo", "translation", "chat", "qwen", Tokens(30, 7))
    usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
    (qwen,) = usage["interpreting"]
    assert (qwen["cost_usd"], qwen["usd_per_million"]) == (None, None)
    assert (usage["cost_usd"], usage["total_usd"]) == (0.0, None)


async def test_a_budget_is_seen_to_be_nearly_spent_and_spent(edge: Edge) -> None:
    await edge.publish("demo")
    meter = edge.accounts.meter("demo", "mic")
    meter.opened("s1", *LIVE)
    states = []
    for seconds in (0.0, 0.85 / 0.017 * 60, 0.20 / 0.017 * 60):
        meter.sent("s1", seconds)
        usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
        states.append(usage["budget"]["room"]["state"])
    assert states == ["ok", "warning", "spent"]
    assert usage["budget"]["room"]["spent_usd"] == usage["cost_usd"] == 1.05
    assert usage["budget"]["day"] == {"limit_usd": None, "spent_usd": 1.05, "state": "none"}


async def test_an_erased_room_has_no_usage_and_another_of_its_name_a_new_account(
    edge: Edge,
) -> None:
    await edge.publish("demo")
    meter = edge.accounts.meter("demo", "mic")
    meter.opened("s1", *LIVE)
    meter.sent("s1", 60.0)
    await edge.accounts.flush()
    assert (await edge.ask("DELETE", "/v1/rooms/demo")).status == 204
    assert_problem(await edge.ask("GET", "/v1/rooms/demo/usage"), 404, "room_not_found")
    await edge.publish("demo")
    usage = (await edge.ask("GET", "/v1/rooms/demo/usage")).json
    assert usage["tracks"] == []
    assert usage["budget"]["room"]["spent_usd"] == 0.0
    assert usage["budget"]["day"]["spent_usd"] == 0.017


async def test_the_usage_of_no_room_is_not_found(edge: Edge) -> None:
    assert_problem(await edge.ask("GET", "/v1/rooms/none/usage"), 404, "room_not_found")


@pytest.mark.parametrize("model", PRICES)
async def test_every_known_price_is_in_the_protocol(model: str) -> None:
    (row,) = [
        line for line in PROTOCOL.splitlines() if line.startswith("|") and f"`{model}`" in line
    ]
    assert float(row.split("|")[2].split()[0]) == PRICES[model].usd_a_minute


@pytest.mark.parametrize("model", TOKEN_PRICES)
async def test_every_known_price_of_tokens_is_in_the_protocol(model: str) -> None:
    (row,) = [
        line for line in PROTOCOL.splitlines() if line.startswith("|") and f"`{model}`" in line
    ]
    price = TOKEN_PRICES[model]
    told = [float(cell) for cell in row.split("|")[2:5]]
    assert told == [price.input, price.output, price.spoken]
