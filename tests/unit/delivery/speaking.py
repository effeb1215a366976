"""Captions as a room makes them, for tests of those who read them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from captioner.captions.model import Caption, Event, Gap, Numbered
from captioner.delivery.frames import Frame


def caption(
    number: int,
    rev: int,
    text: str,
    stable: int = 0,
    *,
    final: bool = False,
    language: str = "en",
    correction: bool = False,
) -> Caption:
    """A revision of `u<number>`; all of a final is stable."""
    stable = len(text) if final else stable
    return Caption(
        f"u{number}",
        language,
        rev,
        text,
        stable,
        final,
        number,
        number + 1,
        "mic",
        None,
        correction,
    )


def final(number: int, rev: int = 9, text: str = "the end", *, language: str = "en") -> Caption:
    return caption(number, rev, text, final=True, language=language)


def message(frame: Frame) -> dict[str, Any]:
    """What a reader makes of a frame."""
    decoded: dict[str, Any] = json.loads(frame.data)
    return decoded


@st.composite
def meetings(draw: st.DrawFn) -> list[Numbered]:
    """The events of a room where three people speak at once and keep their promises."""
    said: dict[int, Caption] = {}
    events: list[Event] = []
    numbers = [1, 2, 3]
    for speaker in draw(st.lists(st.integers(0, 2), max_size=40)):
        number = numbers[speaker]
        before = said.get(number)
        if draw(st.integers(0, 9)) == 0:
            events.append(Gap("en", 0.0, 1.0, "engine_unavailable"))
            continue
        event = _revision(draw, number, before)
        said[number] = event
        events.append(event)
        if event.final:
            numbers[speaker] += 3
    return [Numbered(seq, event) for seq, event in enumerate(events, 1)]


def _revision(draw: st.DrawFn, number: int, before: Caption | None) -> Caption:
    rev = before.rev + 1 if before else 1
    kept = before.text[: before.stable] if before else ""
    if not kept and draw(st.integers(0, 7)) == 0:
        return final(number, rev, "")
    text = kept + draw(st.text("abc ", max_size=6))
    stable = draw(st.integers(len(kept), len(text)))
    return caption(number, rev, text, stable, final=draw(st.integers(0, 3)) == 0)
