"""What translation and speech cost: tokens are counted, and priced by the million."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

from captioner.errors import BudgetSpent
from captioner.realtime.cost import EMBEDDED, Usage
from captioner.realtime.tokens import Tokens

Kind = Literal["translation", "speech"]
"""What the tokens were for."""
_MILLION = 1_000_000


class TokenMeter(Protocol):
    """What the requests of rooms use; a request that is nobody's has an empty room."""

    async def refusal(self, room: str, engine: str, model: str) -> str | None:
        """Why nothing may be asked of that engine now, in plain words; None if it may."""
        ...

    def reported(self, room: str, kind: Kind, engine: str, model: str, tokens: Tokens) -> None:
        """What one response used, cancelled ones included."""
        ...


class UnmeteredTokens:
    """Counts nothing, and refuses nothing: where nobody pays."""

    async def refusal(self, room: str, engine: str, model: str) -> str | None:
        return None

    def reported(self, room: str, kind: Kind, engine: str, model: str, tokens: Tokens) -> None: ...


async def within_budget(meter: TokenMeter, room: str, engine: str, model: str) -> None:
    """Raise `BudgetSpent` where the engine may not be asked for the room now."""
    if (why := await meter.refusal(room, engine, model)) is not None:
        raise BudgetSpent(why)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """What is asked for tokens, in USD a million. `output`: of text; `spoken`: of sound."""

    input: float
    output: float
    spoken: float

    @property
    def free(self) -> bool:
        return not (self.input or self.output or self.spoken)

    def of(self, tokens: Tokens) -> float:
        """USD; what the server had read before is priced as what it had not."""
        text = max(0, tokens.output - tokens.audio_output)
        usd = tokens.input * self.input + text * self.output + tokens.audio_output * self.spoken
        return usd / _MILLION


FREE_TOKENS = TokenPrice(0.0, 0.0, 0.0)

TOKEN_PRICES: Mapping[str, TokenPrice] = MappingProxyType(
    {
        "gpt-realtime-2.1": TokenPrice(4.0, 24.0, 64.0),
        "gpt-realtime-2.1-mini": TokenPrice(0.6, 2.4, 20.0),
        "captioner-translate": FREE_TOKENS,
        "captioner-voice": FREE_TOKENS,
    }
)
"""By model, as they were in November 2026; input is text."""


def token_price_table(
    chosen: Mapping[str, float | tuple[float, ...]],
) -> Mapping[str, TokenPrice]:
    """`TOKEN_PRICES`, and before them those of whoever runs the server: input, output, spoken

    where that is another. A number is no price of tokens, but what costs nothing a minute costs
    nothing at all.
    """
    own = {
        model: TokenPrice(price[0], price[1], price[-1])
        for model, price in chosen.items()
        if isinstance(price, tuple)
    }
    free = {model: FREE_TOKENS for model, price in chosen.items() if price == 0}
    return {**TOKEN_PRICES, **own, **free}


def token_price_of(engine: str, model: str, prices: Mapping[str, TokenPrice]) -> TokenPrice | None:
    """By the model, or by the engine where its model has none; None where nobody knows."""
    return FREE_TOKENS if engine == EMBEDDED else prices.get(model, prices.get(engine))


def priced_tokens(price: TokenPrice | None, tokens: Tokens, *, responses: int = 1) -> Usage:
    """What responses used, at that price."""
    return Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        spoken_tokens=tokens.audio_output,
        unpriced_tokens=tokens.input + tokens.output if price is None else 0,
        items=responses,
        spent_usd=0.0 if price is None else price.of(tokens),
    )
