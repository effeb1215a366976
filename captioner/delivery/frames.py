"""Events as the bytes that readers get, made once for all readers of a mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Numbered

Mode = Literal["fast", "stable", "final"]
"""What a reader wants to see of a caption: every word at once, words that stay, or finals."""

MODES: tuple[Mode, ...] = ("fast", "stable", "final")


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, encoded. `caption` is the `(id, language)` that it revises."""

    seq: int
    data: bytes
    caption: tuple[str, str] | None = None
    final: bool = False


def frames_of(numbered: Numbered, shown: int = 0) -> Mapping[Mode, Frame]:
    """The event's frame for each mode that is told of it.

    `shown`: how many code points of the caption stable readers have. A caption that is withdrawn
    never had stable text, so only fast readers know it; a correction concerns everybody.
    """
    event = numbered.event
    frame = _encode(numbered)
    if not isinstance(event, Caption):
        return dict.fromkeys(MODES, frame)
    if event.final:
        return {"fast": frame} if _never_shown(event) else dict.fromkeys(MODES, frame)
    if event.stable <= shown:
        return {"fast": frame}
    if event.stable == len(event.text):
        return {"fast": frame, "stable": frame}
    stable = replace(event, text=event.text[: event.stable])
    return {"fast": frame, "stable": _encode(Numbered(numbered.seq, stable))}


class Framer:
    """Makes the frames of a room's events; stable readers are told what is new to them alone."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], int] = {}
        """Stable code points of every open caption."""

    def frames(self, numbered: Numbered) -> Mapping[Mode, Frame]:
        """The frames of the room's next event."""
        event = numbered.event
        if not isinstance(event, Caption):
            return frames_of(numbered)
        key = (event.id, event.language)
        frames = frames_of(numbered, self._shown.pop(key, 0))
        if not event.final:
            self._shown[key] = event.stable
        return frames


def _never_shown(event: Caption) -> bool:
    return event.withdrawn and not event.correction


def _encode(numbered: Numbered) -> Frame:
    event = numbered.event
    data = orjson.dumps(to_message(event, numbered.seq))
    if isinstance(event, Caption):
        return Frame(numbered.seq, data, (event.id, event.language), event.final)
    return Frame(numbered.seq, data)
