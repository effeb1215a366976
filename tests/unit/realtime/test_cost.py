"""What a session uses is counted and priced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.realtime.cost import FREE, PRICES, Price, Tally, Usage, price_of, price_table

CENT = Price(0.01)

seconds = st.floats(0, 5_000)
items = st.one_of(
    st.builds(lambda n: {"type": "duration", "seconds": n}, seconds),
    st.builds(lambda n: {"type": "tokens", "input_tokens": n}, st.integers(0, 10_000)),
)
told = st.lists(st.one_of(seconds, items), max_size=30)
"""Seconds that are sent, and usage that is reported."""


def used(tally: Tally, happened: float | dict[str, object]) -> Usage:
    return tally.reported(happened) if isinstance(happened, dict) else tally.sent(happened)


def test_audio_that_is_sent_costs_its_minutes() -> None:
    usage = Tally(CENT).sent(90.0)
    assert (usage.sent_s, usage.billed_s, usage.unpriced_s) == (90.0, 90.0, 0.0)
    assert usage.cost_usd == pytest.approx(0.015)


def test_items_that_are_rounded_up_cost_more_than_was_sent() -> None:
    tally = Tally(CENT)
    usage = tally.sent(1.5)
    for _ in range(3):
        usage += tally.reported({"type": "duration", "seconds": 1})
    assert (usage.sent_s, usage.reported_s, usage.billed_s, usage.items) == (1.5, 3.0, 3.0, 3)


def test_tokens_are_counted_and_priced_by_the_minutes_sent() -> None:
    tally = Tally(CENT)
    usage = tally.sent(60.0) + tally.reported(
        {"type": "tokens", "total_tokens": 15, "input_tokens": 12, "output_tokens": 3}
    )
    assert (usage.input_tokens, usage.output_tokens, usage.items) == (12, 3, 1)
    assert usage.cost_usd == pytest.approx(0.01)


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"type": "minutes", "minutes": 3},
        {"type": "duration"},
        {"type": "duration", "seconds": "3"},
        {"type": "duration", "seconds": True},
        {"type": "duration", "seconds": -1},
        {"type": "duration", "seconds": float("nan")},
        {"type": "duration", "seconds": 1e300},
    ],
)
def test_usage_that_cannot_be_read_adds_nothing(usage: dict[str, object]) -> None:
    assert Tally(CENT).reported(usage) == Usage()


def test_tokens_that_cannot_be_are_none() -> None:
    usage = {"type": "tokens", "input_tokens": -5, "output_tokens": 10**300}
    assert Tally(CENT).reported(usage) == Usage(items=1)


def test_without_a_price_there_is_no_cost() -> None:
    unpriced = Tally(None).sent(60.0)
    assert unpriced.cost_usd is None
    both = unpriced + Tally(CENT).sent(60.0)
    assert (both.cost_usd, both.unpriced_s) == (None, 60.0)
    assert both.spent_usd == pytest.approx(0.01)


def test_nothing_costs_nothing_at_any_price() -> None:
    assert Usage().cost_usd == 0.0


def test_the_operators_prices_come_first() -> None:
    prices = price_table({"whisper-1": 0.5, "ours": 0.0})
    assert price_of("openai", "whisper-1", prices) == Price(0.5)
    assert price_of("azure", "ours", prices) == FREE
    assert price_of("openai", "gpt-transcribe", prices) == PRICES["gpt-transcribe"]
    assert price_of("openai", "something-new", prices) is None


def test_a_model_without_a_price_has_that_of_its_engine() -> None:
    prices = price_table({"localai": 0.0, "openai": 0.02})
    assert price_of("localai", "", prices) == FREE
    assert price_of("openai", "something-new", prices) == Price(0.02)
    assert price_of("openai", "gpt-transcribe", prices) == PRICES["gpt-transcribe"]


@pytest.mark.parametrize("model", ["captioner-live", "whisper-1", "something-new"])
def test_the_embedded_engine_is_free_whatever_its_model(model: str) -> None:
    assert price_of("embedded", model, price_table({"captioner-live": 1.0})) == FREE


@given(told)
def test_a_session_is_billed_the_larger_of_what_was_sent_and_what_was_reported(
    happened: list[float | dict[str, object]],
) -> None:
    tally = Tally(CENT)
    total = sum((used(tally, event) for event in happened), Usage())
    assert total.billed_s == pytest.approx(max(total.sent_s, total.reported_s))
    assert total.spent_usd == pytest.approx(CENT.of(total.billed_s))


@given(told, st.sampled_from([None, FREE, CENT]))
def test_a_price_never_falls(
    happened: list[float | dict[str, object]], price: Price | None
) -> None:
    tally = Tally(price)
    for event in happened:
        added = used(tally, event)
        assert min(added.billed_s, added.spent_usd, added.unpriced_s) >= 0
