"""What recognition costs: what a session uses is counted here, and priced by the minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

EMBEDDED = "embedded"
"""The engine on this machine, which nobody sends a bill for."""
_LONGEST_ITEM_S = 86_400.0
_MOST_TOKENS = 2**40
"""A recogniser that reports more of one item is mistaken."""


class Meter(Protocol):
    """What a track's sessions use; called from the event loop, often: cheap.

    The names of sessions are unique within the track while the process runs.
    """

    async def opening(self) -> None:
        """A session is about to be opened: learn what others spent."""
        ...

    def opened(self, session: str, engine: str, model: str) -> None:
        """A session began with an engine such as `openai` and a model."""
        ...

    def sent(self, session: str, seconds: float) -> None:
        """So much audio was appended."""
        ...

    def reported(self, session: str, usage: Mapping[str, object]) -> None:
        """The `usage` of a completed item, as it came; what cannot be read is ignored."""
        ...

    def closed(self, session: str) -> None:
        """The session is over."""
        ...

    def refusal(self, engine: str, model: str) -> str | None:
        """Why nothing may be sent to that engine now, in plain words; None if it may."""
        ...


class Unmetered:
    """Counts nothing, and refuses nothing: where nobody pays."""

    async def opening(self) -> None: ...

    def opened(self, session: str, engine: str, model: str) -> None: ...

    def sent(self, session: str, seconds: float) -> None: ...

    def reported(self, session: str, usage: Mapping[str, object]) -> None: ...

    def closed(self, session: str) -> None: ...

    def refusal(self, engine: str, model: str) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Price:
    """What is asked for audio, in USD a minute."""

    usd_a_minute: float

    @property
    def free(self) -> bool:
        return self.usd_a_minute == 0

    def of(self, seconds: float) -> float:
        """USD for so much audio."""
        return seconds / 60 * self.usd_a_minute


FREE = Price(0.0)

PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "gpt-live-transcribe": Price(0.017),
        "gpt-realtime-whisper": Price(0.017),
        "gpt-transcribe": Price(0.0045),
        "gpt-4o-transcribe": Price(0.006),
        "gpt-4o-mini-transcribe": Price(0.003),
        "whisper-1": Price(0.006),  # not checked for sessions; the price of its files
        "captioner-live": FREE,
        "captioner-accurate": FREE,
    }
)
"""By model, as they were in November 2026."""


def price_table(chosen: Mapping[str, object]) -> Mapping[str, Price]:
    """`PRICES`, and before them those numbers of whoever runs the server (USD a minute)."""
    own = {model: Price(usd) for model, usd in chosen.items() if isinstance(usd, int | float)}
    return {**PRICES, **own}


def price_of(engine: str, model: str, prices: Mapping[str, Price]) -> Price | None:
    """By the model, or by the engine where its model has none; None where nobody knows."""
    return FREE if engine == EMBEDDED else prices.get(model, prices.get(engine))


@dataclass(frozen=True, slots=True)
class Usage:
    """What sessions used, added up; seconds are of audio, tokens those that were reported.

    `reported_s`: as the recogniser counted them, item by item. `billed_s`: the larger of what was
    sent and what was reported, session by session, for audio that was never committed may be
    billed, and items are rounded up. `unpriced_s`: those of them that nobody knows the price of;
    `spent_usd` is the price of the others. `spoken_tokens`: those of the output that are sound;
    `unpriced_tokens`: those of a translation or of speech that nobody knows the price of.
    """

    sent_s: float = 0.0
    reported_s: float = 0.0
    billed_s: float = 0.0
    unpriced_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    items: int = 0
    spent_usd: float = 0.0
    spoken_tokens: int = 0
    unpriced_tokens: int = 0

    @property
    def cost_usd(self) -> float | None:
        """None where nobody knows the price of all of it."""
        return None if self.unpriced_s or self.unpriced_tokens else self.spent_usd

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.sent_s + other.sent_s,
            self.reported_s + other.reported_s,
            self.billed_s + other.billed_s,
            self.unpriced_s + other.unpriced_s,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.items + other.items,
            self.spent_usd + other.spent_usd,
            self.spoken_tokens + other.spoken_tokens,
            self.unpriced_tokens + other.unpriced_tokens,
        )


def priced(
    price: Price | None,
    *,
    sent_s: float = 0.0,
    reported_s: float = 0.0,
    billed_s: float = 0.0,
    input_tokens: int = 0,
    output_tokens: int = 0,
    items: int = 0,
) -> Usage:
    """The usage, at that price."""
    return Usage(
        sent_s=sent_s,
        reported_s=reported_s,
        billed_s=billed_s,
        unpriced_s=billed_s if price is None else 0.0,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        items=items,
        spent_usd=0.0 if price is None else price.of(billed_s),
    )


class Tally:
    """Counts one session; each call returns what it adds to the session's usage."""

    def __init__(self, price: Price | None) -> None:
        self._price = price
        self._sent_s = 0.0
        self._reported_s = 0.0
        self._billed_s = 0.0

    def sent(self, seconds: float) -> Usage:
        """So much audio was appended."""
        self._sent_s += seconds
        return priced(self._price, sent_s=seconds, billed_s=self._newly_billed())

    def reported(self, usage: Mapping[str, object]) -> Usage:
        """The `usage` of a completed item; one that cannot be read adds nothing."""
        match usage:
            case {"type": "duration", "seconds": seconds}:
                return self._reported_seconds(_amount(seconds, _LONGEST_ITEM_S))
            case {"type": "tokens"}:
                return priced(
                    self._price,
                    input_tokens=int(_amount(usage.get("input_tokens"), _MOST_TOKENS) or 0),
                    output_tokens=int(_amount(usage.get("output_tokens"), _MOST_TOKENS) or 0),
                    items=1,
                )
        return Usage()

    def _reported_seconds(self, seconds: float | None) -> Usage:
        if seconds is None:
            return Usage()
        self._reported_s += seconds
        billed_s = self._newly_billed()
        return priced(self._price, reported_s=seconds, billed_s=billed_s, items=1)

    def _newly_billed(self) -> float:
        before, self._billed_s = self._billed_s, max(self._sent_s, self._reported_s)
        return self._billed_s - before


def _amount(value: object, most: float) -> float | None:
    """The number, where it is one that an item can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= most else None
