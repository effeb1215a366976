"""What tokens cost."""

from __future__ import annotations

import pytest

from captioner.realtime.token_cost import (
    FREE_TOKENS,
    TOKEN_PRICES,
    TokenPrice,
    token_price_of,
    token_price_table,
)
from captioner.realtime.tokens import Tokens


def test_text_and_sound_that_are_answered_have_their_own_prices() -> None:
    price = TokenPrice(1.0, 2.0, 20.0)
    assert price.of(Tokens(1_000_000, 0)) == pytest.approx(1.0)
    assert price.of(Tokens(0, 1_000_000)) == pytest.approx(2.0)
    assert price.of(Tokens(0, 1_000_000, audio_output=500_000)) == pytest.approx(11.0)
    assert price.of(Tokens(0, 1, audio_output=1_000_000)) == pytest.approx(20.0)


def test_the_operators_prices_come_first() -> None:
    prices = token_price_table({"gpt-realtime-2.1": (1.0, 2.0), "qwen": (0.1, 0.2, 5.0), "w": 0.5})
    assert token_price_of("openai", "gpt-realtime-2.1", prices) == TokenPrice(1.0, 2.0, 2.0)
    assert token_price_of("chat", "qwen", prices) == TokenPrice(0.1, 0.2, 5.0)
    mini = "gpt-realtime-2.1-mini"
    assert token_price_of("azure", mini, prices) == TOKEN_PRICES[mini]
    assert token_price_of("chat", "w", prices) is None, "a price a minute is none of tokens"


def test_an_engines_price_is_that_of_its_models_without_one() -> None:
    prices = token_price_table({"chat": 0, "openai": (1.0, 2.0)})
    assert token_price_of("chat", "whatever", prices) == FREE_TOKENS
    assert token_price_of("openai", "new", prices) == TokenPrice(1.0, 2.0, 2.0)
    assert token_price_of("embedded", "captioner-voice", {}) == FREE_TOKENS
