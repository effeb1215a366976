"""A caption and its translation, cut into the same cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from captioner.captions.cuts import cut, divide, line_limit
from captioner.captions.model import Caption
from captioner.captions.segments import Span
from captioner.captions.timeline import Timeline

READABLE_MS = 50
"""A character: 20 of them a second."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one cue shows of a caption and, in `below`, of its translation; milliseconds."""

    text: str
    start: int
    end: int
    below: str = ""


def parts(caption: Caption, translation: Caption | None, following: float | None) -> list[Part]:
    """The cues of a caption; with a translation each has its share of that, and either may be "".

    `following`: when the track's next caption begins. The caption decides the times, but where its
    translation needs more cues than it does.
    """
    timeline = Timeline(caption, before=following)
    limit = line_limit(caption.text, caption.language)
    spans = cut(caption.text, limit, timeline)
    if translation is None:
        return [_part(caption, span, timeline) for span in spans]
    below_limit = line_limit(translation.text, translation.language)
    alike = replace(translation, start=caption.start, end=caption.end, phrases=())
    below = cut(translation.text, below_limit, Timeline(alike, before=following))
    if len(below) <= len(spans):
        below = divide(translation.text, below_limit, _shares(spans))
        timed = [_part(caption, span, timeline) for span in spans]
    else:
        spans = divide(caption.text, limit, _shares(below))
        longest = max(len(caption.text), len(translation.text))
        timed = _timed(caption, spans, timeline, READABLE_MS * longest, following)
    return [
        replace(part, below=translation.text[span.start : span.end])
        for part, span in zip(timed, below, strict=True)
    ]


def _part(caption: Caption, span: Span, timeline: Timeline) -> Part:
    text = caption.text[span.start : span.end]
    return Part(text, timeline.starts(span.start), timeline.ends(span.end))


def _timed(
    caption: Caption,
    spans: Sequence[Span],
    timeline: Timeline,
    readable: int,
    following: float | None,
) -> list[Part]:
    """More parts than the caption would have: equally long, into the silence behind it if need be.

    The times of its words say nothing of parts that have none of them.
    """
    start, end = timeline.starts(0), timeline.ends(len(caption.text))
    latest = inf if following is None else round(following * 1000)
    end = max(end, int(min(start + readable, latest)))
    times = [start + (end - start) * number // len(spans) for number in range(len(spans) + 1)]
    return [
        Part(caption.text[span.start : span.end], times[number], times[number + 1])
        for number, span in enumerate(spans)
    ]


def _shares(spans: Sequence[Span]) -> list[float]:
    """Where each part of a text ends, the last at 1."""
    return [span.end / spans[-1].end for span in spans]
