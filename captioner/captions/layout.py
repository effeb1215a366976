"""Final captions as cues: lines of readable length, shown for readable times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from captioner.captions.cuts import LONGEST_MS, SHORTEST_MS, line_limit, wrap
from captioner.captions.model import Caption
from captioner.captions.parallel import READABLE_MS, parts
from captioner.captions.words import joined

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
    language: str
    below: tuple[str, ...] = ()
    """The translation's lines, in `below_language`."""
    below_language: str | None = None


def layout(captions: Iterable[Caption], also: Iterable[Caption] = ()) -> list[Cue]:
    """The cues of the final captions, by time; within a track they never overlap.

    Unless the speech is faster, a cue keeps the limits: two lines of the script's length, 0.833 to
    7 s, 20 characters a second. It stays into the silence behind it as far as that takes; one that
    is too short all the same is joined with its neighbour where both fit into one.

    `also`: captions in another language. A caption's translation is shown below it, with limits of
    its own; what there is in one language alone is shown alone.
    """
    spoken = _written(captions)
    ids = {caption.id for caption in spoken}
    translations = {caption.id: caption for caption in _written(also)}
    spoken += [caption for caption in translations.values() if caption.id not in ids]
    spoken.sort(key=lambda caption: (caption.track, caption.start))
    cues: list[Cue] = []
    for _, track in groupby(spoken, key=lambda caption: caption.track):
        drafts = _joined(_in_sequence(_drafts(list(track), translations)))
        cues += map(_cue, drafts, [*drafts[1:], None])
    return sorted(cues, key=lambda cue: (cue.start, cue.track))


@dataclass(frozen=True, slots=True)
class _Text:
    """What a cue shows in one language; `limit`: code points a line."""

    text: str
    language: str
    limit: int

    @property
    def lines(self) -> tuple[str, ...] | None:
        """None where it does not fit into a cue."""
        return wrap(self.text, self.limit) if self.text else ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cue with the times of its speech, in milliseconds."""

    id: str
    caption: Caption
    text: _Text
    below: _Text | None
    start: int
    end: int


def _written(captions: Iterable[Caption]) -> list[Caption]:
    return [caption for caption in captions if caption.final and caption.text.strip()]


def _drafts(captions: Sequence[Caption], translations: Mapping[str, Caption]) -> list[_Draft]:
    drafts = []
    for index, caption in enumerate(captions):
        following = captions[index + 1].start if index + 1 < len(captions) else None
        translation = translations.get(caption.id)
        if translation is caption:  # there is nothing else of it
            translation = None
        for number, part in enumerate(parts(caption, translation, following), 1):
            drafts.append(
                _Draft(
                    id=caption.id if number == 1 else f"{caption.id}.{number}",
                    caption=caption,
                    text=_text(part.text, caption),
                    below=None if translation is None else _text(part.below, translation),
                    start=part.start,
                    end=part.end,
                )
            )
    return drafts


def _text(text: str, caption: Caption) -> _Text:
    return _Text(text, caption.language, line_limit(caption.text, caption.language))


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
    text = _one(first.text, second.text)
    if text is None or (first.below is None) != (second.below is None):
        return None
    below = None
    if first.below is not None and second.below is not None:
        below = _one(first.below, second.below)
        if below is None:
            return None
    return replace(first, text=text, below=below, end=max(first.end, second.end))


def _one(first: _Text, second: _Text) -> _Text | None:
    """Two texts as one, if they are in one language and fit."""
    limit = min(first.limit, second.limit)
    both = _Text(joined(first.text, second.text), first.language, limit)
    return both if first.language == second.language and both.lines is not None else None


def _cue(draft: _Draft, following: _Draft | None) -> Cue:
    lines = draft.text.lines
    below = draft.below.lines if draft.below else ()
    assert lines is not None and below is not None, "a cue is cut to fit"
    longest = max(sum(map(len, lines)), sum(map(len, below)))
    readable = max(SHORTEST_MS, READABLE_MS * longest)
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
        language=draft.text.language,
        below=below,
        below_language=draft.below.language if draft.below else None,
    )
