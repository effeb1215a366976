"""What a response used, read out of whatever a server says about that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """As the server counts them; those of sound, and those it had read before, are among them."""

    input: int = 0
    output: int = 0
    audio_input: int = 0
    audio_output: int = 0
    cached: int = 0


def tokens_of(usage: object) -> Tokens | None:
    """The `usage` of a `response.done`; None where there is none."""
    if not isinstance(usage, Mapping):
        return None
    read, written = usage.get("input_token_details"), usage.get("output_token_details")
    return Tokens(
        _count(usage, "input_tokens"),
        _count(usage, "output_tokens"),
        _count(read, "audio_tokens"),
        _count(written, "audio_tokens"),
        _count(read, "cached_tokens"),
    )


def _count(counts: object, name: str) -> int:
    """0 where it is no number."""
    count = counts.get(name) if isinstance(counts, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0
