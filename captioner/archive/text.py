"""Captions as text to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from captioner.captions.model import Caption, Gap
from captioner.captions.words import joined

_PAUSE = 2.0
"""Seconds of silence that end a paragraph."""


def render(
    captions: Iterable[Caption], gaps: Iterable[Gap], language: str, also: Iterable[Caption] = ()
) -> str:
    """The final captions in paragraphs, which end where the speaker changes, pauses or is lost.

    `also`: captions in a second language, in lines of their own below the paragraph that they say.
    """
    spoken = [caption for caption in captions if _is_written(caption)]
    ids = {caption.id for caption in spoken}
    below = {caption.id: caption for caption in also if _is_written(caption)}
    spoken += [caption for caption in below.values() if caption.id not in ids]
    events: list[Caption | Gap] = [*spoken, *gaps]
    events.sort(key=lambda event: event.start)
    return "\n".join(_text(paragraph, below) for paragraph in _paragraphs(events))


def _is_written(caption: Caption) -> bool:
    return caption.final and bool(caption.text)


def _paragraphs(events: Iterable[Caption | Gap]) -> Iterable[Gap | list[Caption]]:
    paragraph: list[Caption] = []
    for event in events:
        if isinstance(event, Caption) and paragraph and _continues(paragraph[-1], event):
            paragraph.append(event)
            continue
        if paragraph:
            yield paragraph
        paragraph = [event] if isinstance(event, Caption) else []
        if isinstance(event, Gap):
            yield event
    if paragraph:
        yield paragraph


def _text(paragraph: Gap | Sequence[Caption], below: Mapping[str, Caption]) -> str:
    if isinstance(paragraph, Gap):
        return f"[{_clock(paragraph.start)}–{_clock(paragraph.end)} not captioned]\n"
    lines = [_line(paragraph)]
    translated = [below[caption.id] for caption in paragraph if caption.id in below]
    if translated and translated[0] is not paragraph[0]:
        lines.append(_line(translated))
    return "".join(f"{line}\n" for line in lines)


def _line(captions: Sequence[Caption]) -> str:
    said = reduce(joined, (caption.text for caption in captions))
    return f"{captions[0].speaker}: {said}" if captions[0].speaker else said


def _continues(before: Caption, caption: Caption) -> bool:
    return (
        caption.language == before.language
        and caption.speaker == before.speaker
        and caption.track == before.track
        and caption.start - before.end < _PAUSE
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
