"""What translation and speech use is counted, and held within the budgets of recognition."""

from __future__ import annotations

import logging

import pytest

from captioner.realtime.tokens import Tokens
from tests.unit.accounts.house import House, talk

pytestmark = pytest.mark.anyio

DEAR = ("openai", "dear")


async def test_tokens_are_counted_by_room_kind_and_model(house: House) -> None:
    async with house.accounts() as accounts:
        meter = accounts.token_meter
        for room in ("demo", "other"):
            assert await meter.refusal(room, *DEAR) is None
        meter.reported("demo", "translation", *DEAR, Tokens(3, 2))
        meter.reported("demo", "translation", *DEAR, Tokens(1, 1, cached=1))
        meter.reported("demo", "speech", *DEAR, Tokens(1, 4, audio_output=3))
        meter.reported("other", "speech", "embedded", "captioner-voice", Tokens(5, 5))
        usage, other = accounts.usage("demo"), accounts.usage("other")
    translation, speech = usage.interpreting.items()
    model, used = translation
    assert (model.kind, model.engine, model.model) == ("translation", *DEAR)
    assert (used.input_tokens, used.output_tokens, used.items) == (4, 3, 2)
    assert used.cost_usd == pytest.approx(0.10)
    assert (speech[0].kind, speech[1].spoken_tokens) == ("speech", 3)
    assert usage.sessions == {}
    assert usage.room.spent_usd == usage.day.spent_usd == pytest.approx(0.19)
    (free,) = other.interpreting.values()
    assert (free.items, free.cost_usd, other.room.spent_usd) == (1, 0.0, 0.0)


async def test_what_was_flushed_is_there_after_a_kill(house: House) -> None:
    async with house.accounts() as accounts:
        await accounts.token_meter.refusal("demo", *DEAR)
        accounts.token_meter.reported("demo", "translation", *DEAR, Tokens(3, 2))
        await accounts.flush()
        before = accounts.usage("demo")
    async with house.accounts() as accounts:
        assert accounts.usage("demo") == before


async def test_a_spent_budget_refuses_all_but_what_is_free(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.limit(room=0.1)
    caplog.set_level(logging.WARNING)
    async with house.accounts() as accounts:
        meter = accounts.token_meter
        assert await meter.refusal("demo", *DEAR) is None
        talk(accounts.meter("demo", "mic"), 6)
        assert await meter.refusal("demo", *DEAR) is None
        meter.reported("demo", "translation", *DEAR, Tokens(2, 1))
        spent = "the room's budget of 0.10 USD is spent"
        assert await meter.refusal("demo", *DEAR) == spent
        assert await meter.refusal("demo", "chat", "nobody-knows") == spent
        assert accounts.meter("demo", "mic").refusal("openai", "cent") == spent
        assert await meter.refusal("demo", "embedded", "captioner-voice") is None
        assert await meter.refusal("other", *DEAR) is None
    assert "the budget of room demo, 0.10 USD, is spent" in caplog.text


async def test_what_has_no_price_spends_no_budget_but_its_cost_is_unknown(house: House) -> None:
    async with house.accounts() as accounts:
        await accounts.token_meter.refusal("demo", "chat", "qwen")
        accounts.token_meter.reported("demo", "translation", "chat", "qwen", Tokens(30, 7))
        usage = accounts.usage("demo")
    (used,) = usage.interpreting.values()
    assert (used.unpriced_tokens, used.cost_usd, usage.room.spent_usd) == (37, None, 0.0)


async def test_an_answer_that_comes_after_its_room_was_erased_costs_the_day_alone(
    house: House,
) -> None:
    async with house.accounts() as accounts:
        await accounts.token_meter.refusal("demo", *DEAR)
        accounts.forget("demo")
        accounts.token_meter.reported("demo", "translation", *DEAR, Tokens(3, 2))
        usage = accounts.usage("demo")
    assert (usage.interpreting, usage.room.spent_usd) == ({}, 0.0)
    assert usage.day.spent_usd == pytest.approx(0.07)
