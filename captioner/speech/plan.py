"""What is said next, when and how fast. No I/O, no clock: times are seconds on the room clock."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from math import inf

from captioner.captions.model import Caption
from captioner.speech.parts import part_end

LATE_S, IN_TIME_S = 6.0, 4.0
"""So late it begins to speak faster, and so late it stops doing so, or once nothing else waits."""
FASTEST = 1.25
"""Times as fast as the voice speaks by itself."""
TOO_LATE_S, BACKLOG_S = 20.0, 6.0
"""So late a part is skipped, where speech that waits is newer by more than the second.

Without newer speech nothing is gained by skipping: what comes late because it was captioned or
translated late is said, late.
"""

_REMEMBERED = 1_000
"""Captions that were said: a final may come twice, as may its correction."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence or so of a caption, to be said in one go. `end`: about when it was over, in room

    seconds; a caption's last part is over when the caption is.
    """

    caption: Caption
    text: str
    end: float

    @property
    def speaker(self) -> str:
        """Whose words they are."""
        return self.caption.speaker or self.caption.track


class Plan:
    """The captions of one language on their way to the voice.

    Tell it what happens with `hear`, `pause`, `resume` and `end`. Whoever speaks has it `skip` what
    is too late, then takes one part after the other, by the starts of their captions. A part that
    was taken is not given again, whatever becomes of its caption.
    """

    def __init__(self) -> None:
        self._captions: OrderedDict[str, _Known] = OrderedDict()
        """Those that are known, the one that was revised last at the end."""
        self._waiting: dict[str, _Known] = {}
        """Of them, those of which something can be said."""
        self._open: dict[str, _Known] = {}
        """Of all that are known, those that go on."""
        self._off_record = (inf, inf)
        self.ended = False
        """Whether nothing follows what is known."""
        self._hurrying = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to say, and nothing will be."""
        return self.ended and not self._waiting

    @property
    def paused(self) -> bool:
        """Whether the room is off the record."""
        begin, end = self._off_record
        return begin < end == inf

    def hear(self, caption: Caption) -> None:
        """A revision of a caption."""
        known = self._captions.get(caption.id)
        if known is None:
            # What was said before anybody listened is not said when it is corrected.
            known = _Known(caption, of_before=caption.correction)
        elif caption.rev <= known.caption.rev:
            return
        self._captions[caption.id] = known
        self._captions.move_to_end(caption.id)
        known.revise(caption)
        if caption.final:
            self._open.pop(caption.id, None)
        else:
            self._open[caption.id] = known
        self._sort_in(known)
        self._forget()

    def pass_over(self, caption: Caption) -> None:
        """What is sure of this caption was said before anybody listened."""
        self.hear(caption)
        known = self._captions[caption.id]
        known.pass_over()
        self._sort_in(known)

    def pause(self, now: float) -> None:
        """Off the record from now on."""
        if not self.paused:
            self._off_record = (now, inf)
            for known in tuple(self._waiting.values()):
                self._sort_in(known)

    def resume(self, now: float) -> None:
        """On the record again; what was said meanwhile stays unsaid."""
        if self.paused:
            self._off_record = (self._off_record[0], now)

    def end(self) -> None:
        """Nothing follows what is known; what is open is over."""
        self.ended = True

    def skip(self, now: float) -> tuple[Caption, ...]:
        """Give up what is too late, the oldest first; return the captions that it is of."""
        skipped: dict[str, Caption] = {}
        while (known := self._first()) is not None and self._is_too_late(known, now):
            known.take()
            self._sort_in(known)
            skipped[known.caption.id] = known.caption
        return tuple(skipped.values())

    def take(self) -> Part | None:
        """What is to be said next, if anything is."""
        known = self._first()
        if known is None:
            return None
        part = known.take()
        self._sort_in(known)
        return part

    def tempo(self, part: Part, now: float) -> float:
        """How fast to say it, if it is begun now; 1 is as the voice speaks by itself."""
        lag = now - part.end
        catching_up = self._hurrying and bool(self._waiting)
        self._hurrying = lag > (IN_TIME_S if catching_up else LATE_S)
        return FASTEST if self._hurrying else 1.0

    def _is_too_late(self, known: _Known, now: float) -> bool:
        newest = max(waiting.caption.end for waiting in self._waiting.values())
        oldest = known.part_over
        return now - oldest > TOO_LATE_S and newest - oldest > BACKLOG_S

    def _first(self) -> _Known | None:
        ready = (known for known in self._waiting.values() if not self._is_early(known))
        return min(ready, key=_start, default=None)

    def _is_early(self, known: _Known) -> bool:
        """Whether not all is there yet of what its speaker said just before it."""
        return not self.ended and any(
            _goes_before(open_.caption, known.caption) for open_ in self._open.values()
        )

    def _sort_in(self, known: _Known) -> None:
        begin, end = self._off_record
        if begin <= known.caption.start < end:
            known.pass_over()
        if known.end is not None:
            self._waiting[known.caption.id] = known
        else:
            self._waiting.pop(known.caption.id, None)

    def _forget(self) -> None:
        while len(self._captions) > _REMEMBERED:
            oldest = next(iter(self._captions))
            if oldest in self._waiting:
                return
            del self._captions[oldest]
            self._open.pop(oldest, None)


class _Known:
    """A caption, and how far it was said."""

    def __init__(self, caption: Caption, *, of_before: bool) -> None:
        self.caption = caption
        self.end: int | None = None
        """Where its next part ends, if there is one."""
        self._said = len(caption.text) if of_before else 0

    def revise(self, caption: Caption) -> None:
        if caption.correction and self._is_past(caption):
            self.caption = replace(self.caption, rev=caption.rev)
            return
        self.caption = caption
        self.end = part_end(caption, self._said)

    def _is_past(self, correction: Caption) -> bool:
        """Whether it was said to its end, or was begun with other words."""
        caption = self.caption
        said = caption.text[: self._said]
        whole = bool(said) and caption.final and said == caption.text
        return whole or not correction.text.startswith(said)

    @property
    def part_over(self) -> float:
        """About when the words of its next part were over, in room seconds."""
        assert self.end is not None
        caption = self.caption
        length = caption.end - caption.start
        return caption.start + length * self.end / len(caption.text)

    def take(self) -> Part:
        """The next part; it is said."""
        assert self.end is not None
        text = self.caption.text[self._said : self.end].strip()
        part = Part(self.caption, text, self.part_over)
        self._said = self.end
        self.end = part_end(self.caption, self._said)
        return part

    def pass_over(self) -> None:
        """What is sure of it is not to be said."""
        while self.end is not None:
            self.take()


def _goes_before(one: Caption, other: Caption) -> bool:
    # One that is so much older was never closed: its process died.
    return (
        one.track == other.track and one.start < other.start and other.start - one.end < TOO_LATE_S
    )


def _start(known: _Known) -> float:
    return known.caption.start
