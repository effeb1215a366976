"""Captions as text to read."""

from __future__ import annotations

from collections.abc import Iterable

from captioner.captions.model import Caption, Gap
from captioner.captions.words import joined

_PAUSE = 2.0
"""Seconds of silence that end a paragraph."""


def render(captions: Iterable[Caption], gaps: Iterable[Gap], language: str) -> str:
    """The final captions in paragraphs, which end where the speaker changes, pauses or is lost."""
    events: list[Caption | Gap] = [caption for caption in captions if caption.final]
    events += gaps
    paragraphs: list[str] = []
    before: Caption | None = None
    for event in sorted(events, key=lambda event: event.start):
        if isinstance(event, Gap):
            paragraphs.append(f"[{_clock(event.start)}–{_clock(event.end)} not captioned]")
            before = None
        elif event.text and before is not None and _continues(before, event):
            paragraphs[-1] = joined(paragraphs[-1], event.text)
            before = event
        elif event.text:
            paragraphs.append(f"{event.speaker}: {event.text}" if event.speaker else event.text)
            before = event
    return "".join(f"{paragraph}\n\n" for paragraph in paragraphs).removesuffix("\n")


def _continues(before: Caption, caption: Caption) -> bool:
    return (
        caption.speaker == before.speaker
        and caption.track == before.track
        and caption.start - before.end < _PAUSE
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
