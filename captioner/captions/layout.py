"""Final captions as cues: lines of readable length, shown for readable times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from captioner.captions.cuts import LONGEST_MS, SHORTEST_MS, cut, line_limit, wrap
from captioner.captions.model import Caption
from captioner.captions.timeline import Timeline
from captioner.captions.words import joined

_MS_PER_CHARACTER = 50
"""20 characters a second."""
_FLICKER_MS = 250
"""A shorter pause between two cues is no pause to the eye."""
_NEAR_MS = 1000
"""A cue too short to read is joined with another no further away."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on the screen from `start` to `end`: seconds on the room clock, to the millisecond.

    `id` is the caption's (`u17`), from its second cue on with the cue's number (`u17.2`).
    """

    id: str
    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None
    track: str


def layout(captions: Iterable[Caption]) -> list[Cue]:
    """The cues of the final captions, by time; within a track they never overlap.

    Unless the speech is faster, a cue keeps the limits: two lines of the script's length, 0.833 to
    7 s, 20 characters a second. It stays into the silence behind it as far as that takes; one that
    is too short all the same is joined with its neighbour where both fit into one.
    """
    spoken = [caption for caption in captions if caption.final and caption.text.strip()]
    spoken.sort(key=lambda caption: (caption.track, caption.start))
    cues: list[Cue] = []
    for _, track in groupby(spoken, key=lambda caption: caption.track):
        drafts = _joined(_in_sequence(_drafts(list(track))))
        cues += map(_cue, drafts, [*drafts[1:], None])
    return sorted(cues, key=lambda cue: (cue.start, cue.track))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cue with the times of its speech, in milliseconds."""

    id: str
    caption: Caption
    text: str
    limit: int
    start: int
    end: int


def _drafts(captions: Sequence[Caption]) -> list[_Draft]:
    drafts = []
    for index, caption in enumerate(captions):
        following = captions[index + 1].start if index + 1 < len(captions) else None
        timeline = Timeline(caption, before=following)
        limit = line_limit(caption.text, caption.language)
        for number, span in enumerate(cut(caption.text, limit, timeline), 1):
            drafts.append(
                _Draft(
                    id=caption.id if number == 1 else f"{caption.id}.{number}",
                    caption=caption,
                    text=caption.text[span.start : span.end],
                    limit=limit,
                    start=timeline.starts(span.start),
                    end=timeline.ends(span.end),
                )
            )
    return drafts


def _in_sequence(drafts: Iterable[_Draft]) -> list[_Draft]:
    """Each begins behind the beginning of the one before."""
    placed: list[_Draft] = []
    for draft in drafts:
        start = max(draft.start, placed[-1].start + 1) if placed else draft.start
        placed.append(replace(draft, start=start, end=max(draft.end, start + 1)))
    return placed


def _joined(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Too short ones joined with the one before or behind."""
    kept: list[_Draft] = []
    for draft, following in zip(drafts, [*drafts[1:], None], strict=True):
        if kept and (_too_short(kept[-1], draft) or _too_short(draft, following)):
            both = _both(kept[-1], draft)
            if both is not None:
                kept[-1] = both
                continue
        kept.append(draft)
    return kept


def _too_short(draft: _Draft, following: _Draft | None) -> bool:
    return following is not None and following.start - draft.start < SHORTEST_MS


def _both(first: _Draft, second: _Draft) -> _Draft | None:
    """Two neighbours as one cue, if one speaker says them in one go and they fit."""
    if (
        first.caption.speaker != second.caption.speaker
        or second.start - first.end > _NEAR_MS
        or second.end - first.start > LONGEST_MS
    ):
        return None
    limit = min(first.limit, second.limit)
    text = joined(first.text, second.text)
    if wrap(text, limit) is None:
        return None
    return replace(first, text=text, limit=limit, end=max(first.end, second.end))


def _cue(draft: _Draft, following: _Draft | None) -> Cue:
    lines = wrap(draft.text, draft.limit)
    assert lines is not None, "a cue is cut to fit"
    readable = max(SHORTEST_MS, _MS_PER_CHARACTER * sum(map(len, lines)))
    end = min(max(draft.end, draft.start + readable), draft.start + LONGEST_MS)
    if following is not None and end > following.start - _FLICKER_MS:
        end = min(following.start, draft.start + LONGEST_MS)
    return Cue(
        id=draft.id,
        start=draft.start / 1000,
        end=end / 1000,
        lines=lines,
        speaker=draft.caption.speaker,
        track=draft.caption.track,
    )
