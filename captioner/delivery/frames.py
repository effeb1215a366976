"""Events as the bytes that readers get, made once for all readers of a mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import orjson

from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Event, Numbered, Unnumbered
from captioner.delivery import wire

Mode = Literal["fast", "stable", "final"]
"""What a reader wants to see of a caption: every word at once, words that stay, or finals."""

MODES: tuple[Mode, ...] = ("fast", "stable", "final")


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, encoded. `caption` is the `(id, language)` that it revises.

    An event without a number of its own stands at the `seq` of the event before it.
    """

    seq: int
    data: bytes
    """The JSON message."""
    caption: tuple[str, str] | None = None
    final: bool = False
    numbered: bool = True
    wire: bytes = field(init=False, repr=False, compare=False)
    """The message as a WebSocket frame."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "wire", wire.text(self.data))

    def is_news_at(self, seq: int) -> bool:
        """Whether a reader that stands there has not seen it."""
        return self.seq > seq or (not self.numbered and self.seq == seq)


def frames_of(
    told: Numbered | Unnumbered, *, last: int = 0, shown: int = 0
) -> Mapping[Mode, Frame]:
    """The event's frame for each mode that is told of it.

    `last`: the `seq` of the room's last numbered event, for one without a number. `shown`: how many
    code points of the caption stable readers have. A caption that is withdrawn never had stable
    text, so only fast readers know it; a correction concerns everybody.
    """
    event = told.event
    numbered = isinstance(told, Numbered)
    seq = told.seq if isinstance(told, Numbered) else last
    frame = _encode(event, seq, numbered)
    if not isinstance(event, Caption):
        return dict.fromkeys(MODES, frame)
    if event.final:
        return {"fast": frame} if _never_shown(event) else dict.fromkeys(MODES, frame)
    if event.stable <= shown:
        return {"fast": frame}
    if event.stable == len(event.text):
        return {"fast": frame, "stable": frame}
    stable = replace(event, text=event.text[: event.stable])
    return {"fast": frame, "stable": _encode(stable, seq, numbered)}


class Framer:
    """Makes the frames of a room's events; stable readers are told what is new to them alone."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], int] = {}
        """Stable code points of every open caption."""

    def frames(self, told: Numbered | Unnumbered, last: int = 0) -> Mapping[Mode, Frame]:
        """The frames of the room's next event; `last` as in `frames_of`."""
        event = told.event
        if not isinstance(event, Caption):
            return frames_of(told, last=last)
        key = (event.id, event.language)
        frames = frames_of(told, last=last, shown=self._shown.pop(key, 0))
        if not event.final:
            self._shown[key] = event.stable
        return frames


def _never_shown(event: Caption) -> bool:
    return event.withdrawn and not event.correction


def _encode(event: Event, seq: int, numbered: bool) -> Frame:
    data = orjson.dumps(to_message(event, seq))
    if isinstance(event, Caption):
        return Frame(seq, data, (event.id, event.language), event.final, numbered)
    return Frame(seq, data, numbered=numbered)
