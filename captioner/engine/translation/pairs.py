"""Which languages can be translated into which, and by which way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from captioner.engine.translation.tags import distance, parsed, same_language

Kind = Literal["neural", "rules"]

PIVOTS = ("en", "es")
"""Languages that a translation may pass through, the better one first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """From `source` into `target`: tags as the models have them.

    `kind`: "rules" if any part of the way goes by rules. `via`: the languages passed through.
    `origin`: what it comes from, for people.
    """

    source: str
    target: str
    kind: Kind
    via: tuple[str, ...] = ()
    origin: str = ""


class Backend(Protocol):
    """One way to translate. Its methods block, and may be called from several threads at once."""

    def pairs(self) -> tuple[Pair, ...]:
        """What it translates directly; what turns out not to work is left out from then on."""
        ...

    def translate(self, text: str, pair: Pair) -> str:
        """Translate a sentence or less by one of its pairs.

        Raises `TranslationUnavailable` with a message that says what is wrong.
        """
        ...

    def close(self) -> None: ...


def route(direct: Sequence[Pair], source: str, target: str) -> tuple[Pair, ...]:
    """The best way from `source` to `target`: one direct pair, two, or none where there is no way.

    Neural before rules, direct before a pivot; then the closest dialects, then the order of
    `direct`.
    """
    if same_language(source, target):
        return ()
    return min(
        _ways(direct, source, target), key=lambda way: _rank(way, source, target), default=()
    )


def routes(direct: Sequence[Pair]) -> tuple[Pair, ...]:
    """Every pair that there is a way for, the direct ones first."""
    ends = [(one.source, other.target) for one in direct for other in direct]
    ways = [route(direct, source, target) for source, target in ends]
    found = dict.fromkeys(_joined(way) for way in ways if way)
    return tuple(sorted(found, key=lambda pair: len(pair.via)))


def _ways(direct: Sequence[Pair], source: str, target: str) -> Iterator[tuple[Pair, ...]]:
    beginnings = [pair for pair in direct if same_language(source, pair.source)]
    ends = [pair for pair in direct if same_language(target, pair.target)]
    yield from ((pair,) for pair in beginnings if pair in ends)
    for first in beginnings:
        if parsed(first.target).language in PIVOTS:
            yield from ((first, last) for last in ends if same_language(first.target, last.source))


def _rank(way: tuple[Pair, ...], source: str, target: str) -> tuple[int, ...]:
    by_rules = sum(pair.kind == "rules" for pair in way)
    pivot = PIVOTS.index(parsed(way[0].target).language) if len(way) > 1 else 0
    far = (distance(source, way[0].source) or 0) + (distance(target, way[-1].target) or 0)
    seam = sum(
        distance(one.target, two.source) or 0 for one, two in zip(way, way[1:], strict=False)
    )
    return bool(by_rules), len(way), by_rules, pivot, far, seam


def _joined(way: tuple[Pair, ...]) -> Pair:
    if len(way) == 1:
        return way[0]
    first, last = way
    return Pair(
        first.source,
        last.target,
        "rules" if "rules" in (first.kind, last.kind) else "neural",
        via=(first.target,),
        origin=f"{first.origin}, then {last.origin}",
    )
