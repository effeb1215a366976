"""What everything else speaks of: captions, gaps, room events, and positions in a room's history.

Times are seconds on the room clock (0 = the first sample of audio the room ever received).
Offsets into text are code points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["live", "paused", "idle", "ended"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A timed run of a caption's text, from where the previous phrase ended up to `until`."""

    until: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Caption:
    """One revision of a caption. `(id, language)` names it; a higher `rev` replaces a lower one.

    `text[:stable]` never changes again. A final with empty text is a withdrawn caption.
    `phrases` time the text where the recogniser gave times; empty, the text is timed as a whole.
    `lag_ms` is how long after `end` this revision was made, for those who watch delays. `engine` is
    who recognised it, where that was not the one that is wanted first.

    A translation has a `source`: the language it was made from, and of which revision of the
    caption of the same id (`source_rev`). Where nobody could translate it is `untranslated`, and
    says what the source says.
    """

    id: str
    language: str
    rev: int
    text: str
    stable: int
    final: bool
    start: float
    end: float
    track: str
    speaker: str | None = None
    correction: bool = False
    phrases: tuple[Phrase, ...] = ()
    lag_ms: int | None = field(default=None, compare=False)
    engine: str | None = field(default=None, compare=False)
    source: str | None = None
    source_rev: int | None = None
    untranslated: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.stable <= len(self.text):
            raise ValueError(
                f"stable {self.stable} outside the text of {len(self.text)} code points"
            )
        if self.final and self.stable != len(self.text):
            raise ValueError("the whole text of a final is stable")
        if self.end < self.start:
            raise ValueError(f"caption {self.id} ends at {self.end}, before its start {self.start}")

    @property
    def withdrawn(self) -> bool:
        """Whether this caption turned out to be nothing."""
        return self.final and not self.text

    def is_translation_of(self, source: Caption) -> bool:
        """Whether this, of the same id, is made of this revision of it, or of a later one."""
        return self.final and self.source_rev is not None and self.source_rev >= source.rev


@dataclass(frozen=True, slots=True)
class Gap:
    """Speech between `start` and `end` that was not captioned, and why, said to readers.

    `source`: the language spoken, where this is told to those who read a translation of it.
    """

    language: str
    start: float
    end: float
    reason: str
    track: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class RoomChange:
    """The room's state from now on."""

    status: Status
    languages: tuple[str, ...]


Event = Caption | Gap | RoomChange


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands in a room's history; `epoch` changes when the history was lost."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event as the bus gave it out: `seq` rises by one with every event of the room."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """An event that is shown before the bus can number it: it comes again, numbered, once it can.

    Until then a reader stands where it stood before.
    """

    event: Event


@dataclass(frozen=True, slots=True)
class Settled:
    """Audio of `stream` before `until` (stream seconds) is captioned for good."""

    stream: str
    until: float
