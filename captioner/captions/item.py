"""One recognition item, from its first word to its last: what it says and when it was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from captioner.captions.merge import continue_from
from captioner.captions.model import Caption
from captioner.captions.near_misses import NO_TERMS, NearMisses
from captioner.captions.recognition import Committed, Completed, Delta, Hypothesis, Segment
from captioner.captions.words import clean


@dataclass(slots=True, eq=False)
class Item:
    """An utterance as far as it has been recognised. Times are seconds on the caller's clock."""

    name: str
    previous: str | None = None
    committed: bool = False
    start: float | None = None
    end: float | None = None
    """The newest position of it that was heard; its last one, once it is committed."""
    language: str | None = None
    segments: list[Segment] = field(default_factory=list)
    text: str | None = None
    """What it says for good; None while it is open."""
    completed: bool = False
    """Whether the recogniser itself settled the text."""
    caption: Caption | None = None
    """The newest revision that was made of it."""
    lost: bool = False
    """Its session ended, and no item of the next one has taken its place."""
    provisional: bool = False
    """Whether nothing that its deltas say is stable before it is completed."""
    near_misses: NearMisses | None = None
    """The terms that its words may be; set when it is first heard of."""
    _deltas: str = ""
    _tail: str = ""
    _heard: float = -inf
    _repeats_until: float = -inf
    """Up to here a lost session had heard it, and what is published says more."""

    @classmethod
    def left_open(cls, caption: Caption) -> Item:
        """What a process that is gone had heard of an item: its newest revision."""
        return cls(
            f"left open as {caption.id}",
            start=caption.start,
            end=caption.end,
            caption=caption,
            lost=True,
            _repeats_until=caption.end,
        )

    @property
    def begin(self) -> float:
        """Where it starts, as far as that is known."""
        return next((time for time in (self.start, self.end) if time is not None), 0.0)

    @property
    def last(self) -> float:
        """Where it ends, as far as that is known; never before it begins."""
        return max(self.begin, self.end or 0.0)

    @property
    def promised(self) -> str:
        """The text that was published as stable."""
        return self.caption.text[: self.caption.stable] if self.caption else ""

    @property
    def agreed(self) -> str:
        """What the deltas say, behind what was promised, as far as it stays so."""
        return continue_from(self.promised, self._terms.settled(clean(self._deltas)))

    @property
    def repeats(self) -> bool:
        """Whether it is still saying again what a lost session had heard of it."""
        return self._heard < self._repeats_until

    def whole(self, stable: str) -> str:
        """All the words so far, the uncertain ones too, behind the stable text."""
        return continue_from(stable, self.spelt(self._deltas + self._tail))

    def spelt(self, text: str) -> str:
        """What a recogniser wrote as captions carry it, with its terms as they are written."""
        return self._terms.corrected(clean(text))

    @property
    def _terms(self) -> NearMisses:
        return self.near_misses or NO_TERMS

    def begins(self, start: float) -> None:
        if not self.committed:
            self.start = start

    def segment(self, event: Segment) -> None:
        if event not in self.segments:
            self.segments.append(event)

    def hear(self, event: Delta | Hypothesis) -> None:
        self.reach(event.until)
        self._heard = max(self._heard, event.until)
        if isinstance(event, Hypothesis):
            self._tail = event.text
            self.language = event.language or self.language
            return
        self.provisional = event.provisional
        # The tail said these words before; a tail that said others is void.
        self._deltas += event.text
        tail, taken = self._tail.lstrip(), event.text.strip()
        self._tail = tail[len(taken) :] if tail.startswith(taken) else ""

    def reach(self, position: float) -> None:
        """It lasts at least until then."""
        if not self.committed:
            self.end = position if self.end is None else max(self.end, position)

    def commit(self, event: Committed) -> None:
        if not self.committed:
            self.committed, self.previous = True, event.previous
            self.start, self.end = event.start, max(event.start, event.end)

    def complete(self, event: Completed) -> None:
        """Settle the text as the recogniser has it, behind what was promised."""
        if not self.completed:
            self.text, self.completed = continue_from(self.promised, self.spelt(event.text)), True
            self.language = event.language or self.language

    def give_up(self) -> None:
        """Settle the text without a completion: what the deltas said is all there is."""
        if self.text is None:
            self.text = continue_from(self.promised, self.spelt(self._deltas))

    def lose(self) -> None:
        """Forget what the lost session said, but for what was published: it will say it again."""
        self._repeats_until, self._heard = self.last, -inf
        self.lost, self.committed, self.completed = True, False, False
        self.previous = self.text = None
        self._deltas = self._tail = ""
        self.segments = []
