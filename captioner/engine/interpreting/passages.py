"""What is being said, item by item, and the sentences of it that are complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from captioner.captions.segments import sentences


@dataclass(frozen=True, slots=True)
class Sentence:
    """`language`: a BCP 47 tag. `end_ms`: about where it ends in the session's audio."""

    text: str
    language: str
    end_ms: int


@dataclass(slots=True)
class Passage:
    """One item: its text grows for good, until it is over."""

    text: str = ""
    language: str | None = None
    """None while nothing was said."""
    end_ms: int = 0
    """How far in the session's audio it was heard."""
    over: bool = False
    told: int = 0
    """How many of its characters are told."""
    _taken: int = 0

    def news(self) -> str:
        """What was added since this was last asked."""
        new, self.told = self.text[self.told :], len(self.text)
        return new

    def complete(self) -> Iterator[Sentence]:
        """The sentences that became complete: what follows the last may still belong to it."""
        if self.language is None:
            return
        rest = self.text[self._taken :]
        spans = sentences(rest)
        for span in spans if self.over else spans[:-1]:
            yield Sentence(rest[span.start : span.end], self.language, self.end_ms)
        if spans:
            self._taken += spans[-1].end if self.over else spans[-1].start
