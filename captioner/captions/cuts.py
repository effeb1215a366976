"""Text cut to the screen: how long a line may be, and the best places to end lines and cues."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from captioner.captions.segments import Break, Quality, Span, breaks
from captioner.captions.timeline import Timeline

SHORTEST_MS = 833
LONGEST_MS = 7000

_LINE = 42
_JAPANESE_LINE = 13
_FULL_WIDTH_LINE = 16
_LINES_BY_LANGUAGE = {
    "ja": _JAPANESE_LINE,
    "zh": _FULL_WIDTH_LINE,
    "yue": _FULL_WIDTH_LINE,
    "ko": _FULL_WIDTH_LINE,
}
_KANA = re.compile(r"[\u3040-\u30ff]")
_FULL_WIDTH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")

_PENALTY = {
    Quality.SENTENCE: 0.0,
    Quality.CLAUSE: 0.3,
    Quality.CONJUNCTION: 0.7,
    Quality.SPACE: 1.2,
    Quality.POOR: 2.0,
}
"""For a cue that ends there, against 1 for every cue; a line that ends there costs a quarter."""
_LINE_SHARE = 0.25
_IMBALANCE = 0.5
_TOO_SHORT = 1.5
_TOO_LONG_A_SECOND = 4.0
_EMPTY = 3.0
_AWAY = 1.5
"""For every line's length between where a part ends and where it is to end."""
_PAUSE_MS = 300
_PAUSE = 0.5


def line_limit(text: str, language: str) -> int:
    """Code points a line, by the language and by the script that most of the text is in."""
    limit = _LINES_BY_LANGUAGE.get(language.split("-")[0].lower(), _LINE)
    if 2 * len(_FULL_WIDTH.findall(text)) > sum(map(str.isalpha, text)):
        limit = min(limit, _JAPANESE_LINE if _KANA.search(text) else _FULL_WIDTH_LINE)
    return limit


def wrap(text: str, limit: int) -> tuple[str, ...] | None:
    """The text in one line or in two balanced ones; None if it needs more."""
    places = _Places(text, limit)
    fold = places.fold(0, places.last)
    if fold is None:
        return None
    ends = [fold[1], places.last] if fold[1] != places.last else [places.last]
    return tuple(
        " ".join(text[places.begin[start] : places.end[end]].split())
        for start, end in zip([0, *ends], ends, strict=False)
    )


def cut(text: str, limit: int, timeline: Timeline) -> list[Span]:
    """The text of each cue: two lines at most, as long as can be read, ending where it is best."""
    places = _Places(text, limit)
    seams = list(zip(places.end, places.begin, strict=True))
    times = [_Seam(timeline.ends(end), timeline.starts(begin)) for end, begin in seams]
    cheapest = [0.0]
    previous = [0]
    for end in range(1, places.last + 1):
        costs = []
        for start in range(end - 1, -1, -1):
            if places.width(start, end) > 2 * limit:
                break
            cost = _cue_cost(places, start, end, times)
            if cost is not None:
                costs.append((cheapest[start] + cost, start))
        cost, start = min(costs)
        cheapest.append(cost)
        previous.append(start)
    spans, end = [], places.last
    while end:
        start = previous[end]
        spans.append(Span(places.begin[start], places.end[end]))
        end = start
    return spans[::-1]


def divide(text: str, limit: int, shares: Sequence[float]) -> list[Span]:
    """The text in as many parts as there are shares, each two lines at most; some may be empty.

    `shares`: where the parts are to end, as parts of the whole, as far as there are good places.
    There are at least as many as `cut` makes of the text.
    """
    places = _Places(text, limit)
    costs: dict[int, float] = {0: 0.0}
    before: list[dict[int, int]] = []
    for share in shares:
        reached: dict[int, tuple[float, int]] = {}
        for start, cost in costs.items():
            for end in range(start, places.last + 1):
                if end > start and places.fold(start, end) is None:
                    break
                total = cost + _part_cost(places, start, end, share)
                if end not in reached or total < reached[end][0]:
                    reached[end] = total, start
        costs = {end: cost for end, (cost, _) in reached.items()}
        before.append({end: start for end, (_, start) in reached.items()})
    spans, end = [], places.last
    for starts in reversed(before):
        start = starts[end]
        spans.append(Span(places.begin[start], max(places.begin[start], places.end[end])))
        end = start
    return spans[::-1]


def _part_cost(places: _Places, start: int, end: int, share: float) -> float:
    """What it costs that a part which is to end at a share of the text is this one."""
    away = abs(places.end[end] / max(places.end[places.last], 1) - share)
    empty = _EMPTY if start == end else 0.0
    return empty + _AWAY * away * places.end[places.last] / places.limit + places.penalty[end]


class _Seam(NamedTuple):
    """When, in milliseconds, the text before a place ends and the text behind it starts."""

    ends: int
    starts: int


class _Places:
    """The places of a text where it may be cut: the first is its beginning, the last its end."""

    def __init__(self, text: str, limit: int) -> None:
        cuts = _with_forced(text, limit)
        beginning = len(text) - len(text.lstrip())
        self.limit = limit
        self.last = len(cuts) + 1
        self.begin = [beginning, *(place.at for place in cuts), len(text)]
        """Where what follows the place begins."""
        self.end = [len(text[:at].rstrip()) for at in self.begin]
        """Where what is before the place ends."""
        self.penalty = [0.0, *(_PENALTY[place.quality] for place in cuts), 0.0]

    def width(self, start: int, end: int) -> int:
        return self.end[end] - self.begin[start]

    def fold(self, start: int, end: int) -> tuple[float, int] | None:
        """The cost of showing that text and where its first line ends; None if it does not fit."""
        first, last = self.begin[start], self.end[end]
        if last - first <= self.limit:
            return 0.0, end
        earliest = bisect_left(self.begin, last - self.limit, start + 1, end)
        latest = bisect_right(self.end, first + self.limit, start + 1, end)
        folds = (
            (
                _LINE_SHARE * self.penalty[middle]
                + _IMBALANCE
                * abs(self.end[middle] - first - last + self.begin[middle])
                / self.limit,
                middle,
            )
            for middle in range(earliest, latest)
        )
        return min(folds, default=None)


def _cue_cost(places: _Places, start: int, end: int, times: Sequence[_Seam]) -> float | None:
    fold = places.fold(start, end)
    if fold is None:
        return None
    cost = 1 + fold[0] + places.penalty[end]
    duration = times[end].ends - times[start].starts
    if duration < SHORTEST_MS:
        cost += _TOO_SHORT
    elif duration > LONGEST_MS:
        cost += _TOO_LONG_A_SECOND * (duration - LONGEST_MS) / 1000
    if times[end].starts - times[end].ends >= _PAUSE_MS:
        cost -= _PAUSE
    return cost


def _with_forced(text: str, limit: int) -> list[Break]:
    """The text's breaks, with more where a word is longer than a line."""
    places: list[Break] = []
    before = 0
    for place in [*breaks(text), Break(len(text), Quality.SENTENCE)]:
        while len(text[before : place.at].rstrip()) > limit:
            before = _before_marks(text, before, before + limit)
            places.append(Break(before, Quality.POOR))
        places.append(place)
        before = place.at
    return places[:-1]


def _before_marks(text: str, first: int, at: int) -> int:
    """The last place up to `at` that parts no mark from its character, if there is one."""
    for place in range(at, first, -1):
        if unicodedata.category(text[place])[0] != "M":
            return place
    return at
