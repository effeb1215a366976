"""What a recogniser says of one track, put in order: recognition in, caption revisions out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from captioner.captions.chain import Chain
from captioner.captions.item import Item
from captioner.captions.model import Caption
from captioner.captions.near_misses import NO_TERMS, NearMisses
from captioner.captions.phrases import phrases_of
from captioner.captions.recognition import (
    Committed,
    Completed,
    Delta,
    Expired,
    Failed,
    Hypothesis,
    Recognition,
    Segment,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
)

_OfItem = (
    SpeechStarted | SpeechStopped | Committed | Delta | Hypothesis | Segment | Completed | Failed
)

AUTO = "auto"
UNDETERMINED = "und"

_MOST_OPEN = 64
"""Items that may wait to be settled; with one more the oldest is given up."""
_MOST_REMEMBERED = 256
"""Settled items whose repeated or late events are still recognised as such."""


@dataclass(frozen=True, slots=True)
class Released:
    """A caption revision to publish.

    `settled_until`: with this revision published, audio up to there is captioned for good
    (seconds on the caller's clock). None where the revision settles nothing.
    """

    caption: Caption
    settled_until: float | None = None


class Assembly:
    """The captions of one track.

    Feed it every recognition event; publish what it returns, in that order. Finals come in the
    order of the item chain (`Committed.previous`; without it, of first mention), so each waits for
    the items before it: whoever watches the clock must see that every item is completed, failed or
    expired. Captions still open show what was said of them meanwhile. Item names are unique over
    all sessions. Repeated events change nothing, but for deltas: two equal ones are two words.

    What a provisional delta says is not stable before the final.

    `language`: the track's, or `auto`. A caption with stable text keeps its language for ever, so
    with `auto` it takes, when it opens, what its hypothesis says, else what the track spoke last,
    else `und`. If the recogniser thinks again while nothing is stable, the caption is withdrawn and
    another one opened; later than that, the new language counts from the next caption on.

    After `SessionLost` the open captions keep their ids: the next session hears their sound again,
    and its items that begin where they began continue them, behind the text that was stable.
    """

    def __init__(
        self,
        track: str,
        language: str,
        speaker: str | None,
        new_id: Callable[[], str],
        engine_of: Callable[[str], str | None] = lambda _item: None,
    ) -> None:
        """`engine_of`: what an item's captions are marked with, by its name (`Caption.engine`)."""
        self._track = track
        self._language = language
        self._speaker = speaker
        self._new_id = new_id
        self._engine_of = engine_of
        self._chain = Chain()
        self._remembered: dict[str, Item] = {}
        self._spoken: str | None = None
        """The language of the newest item that has one."""
        self._settled_until: float | None = None
        self._near_misses = NO_TERMS

    def adopt(self, captions: Iterable[Caption]) -> None:
        """Go on with captions that somebody else left open: their sound is heard again."""
        self._chain.adopt(captions)

    def change_language(self, language: str) -> None:
        """Another one (or `auto`); captions with stable text keep theirs."""
        self._language = language

    def expect(self, terms: Iterable[str]) -> None:
        """Words that are nearly one of these terms become it, from the next item on."""
        self._near_misses = NearMisses(terms)

    @property
    def settled_until(self) -> float | None:
        """The end of the last item that is settled, with every item before it.

        It holds once all that `feed` returned is published; items without words move it too.
        """
        return self._settled_until

    @property
    def idle(self) -> bool:
        """Whether every item that was mentioned is settled."""
        return not len(self._chain)

    def feed(self, event: Recognition) -> list[Released]:
        """Take one event; return the revisions that it makes, finals in order."""
        if isinstance(event, SessionLost):
            self._chain.lose(event.items)
            return []
        if event.item in self._remembered:
            return self._late(self._remembered[event.item], event)
        if isinstance(event, Expired):
            self._chain.expire(event.item)
            return self._release()
        item = self._chain.find(event.item) or self._open(event)
        self._apply(event, item)
        return [*self._release(), *self._progress(item)]

    def finish(self) -> list[Released]:
        """Settle everything that is open: no more will be heard of it."""
        self._chain.expire_all()
        return self._release()

    def _open(self, event: _OfItem) -> Item:
        start = event.start if isinstance(event, SpeechStarted | Committed) else None
        item = self._chain.open(event.item, start)
        item.near_misses = item.near_misses or self._near_misses
        if len(self._chain) > _MOST_OPEN:
            next(iter(self._chain)).give_up()
        return item

    def _apply(self, event: _OfItem, item: Item) -> None:
        match event:
            case SpeechStarted():
                item.begins(event.start)
            case SpeechStopped():
                item.reach(event.end)
            case Committed():
                item.commit(event)
                self._chain.leave_behind(item.last)
            case Segment():
                item.segment(event)
            case Delta() | Hypothesis():
                item.hear(event)
            case Completed():
                item.complete(event)
            case _:  # Failed
                item.give_up()
        self._spoken = item.language or self._spoken

    def _late(self, item: Item, event: _OfItem | Expired) -> list[Released]:
        """A completion after all, of an item that was settled without one, corrects it."""
        if item.completed or not isinstance(event, Completed):
            return []
        item.completed, item.language = True, event.language or item.language
        text = item.spelt(event.text)
        if not text or text == item.text:
            return []
        return self._revise(item, text, len(text), final=True, correction=True)

    def _progress(self, item: Item) -> list[Released]:
        """What is known so far of an item that is open, or waits for the items before it."""
        if item.name in self._remembered:
            return []
        if item.text is not None:
            return self._revise(item, item.text, len(item.text)) if item.completed else []
        if item.repeats:
            return []
        stable = item.promised if item.provisional else item.agreed
        return self._revise(item, item.whole(stable), len(stable))

    def _release(self) -> list[Released]:
        """The finals of all items that are settled, up to the first that is not."""
        released = []
        for item in self._chain.settled():
            self._remember(item)
            self._settled_until = max(item.last, self._settled_until or item.last)
            text = item.text or ""
            released += self._revise(item, text, len(text), final=True)
        return released

    def _remember(self, item: Item) -> None:
        self._remembered[item.name] = item
        if len(self._remembered) > _MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def _revise(
        self, item: Item, text: str, stable: int, *, final: bool = False, correction: bool = False
    ) -> list[Released]:
        """The item's next revision, if it says anything new."""
        shown = item.caption
        if shown is None and not text:
            return []
        if shown is not None and not final and (text, stable) == (shown.text, shown.stable):
            return []
        language = self._language_of(item) if text or shown is None else shown.language
        released = []
        if shown is not None and language != shown.language:
            nothing = replace(shown, rev=shown.rev + 1, text="", stable=0, final=True)
            released.append(Released(nothing))
            shown = None
        item.caption = Caption(
            id=shown.id if shown else self._new_id(),
            language=language,
            rev=shown.rev + 1 if shown else 1,
            text=text,
            stable=stable,
            final=final,
            start=item.begin,
            end=item.last,
            track=self._track,
            speaker=self._speaker,
            correction=correction,
            phrases=phrases_of(text, item.segments) if final else (),
            engine=self._engine_of(item.name),
        )
        settles = final and not correction
        released.append(Released(item.caption, self._settled_until if settles else None))
        return released

    def _language_of(self, item: Item) -> str:
        shown = item.caption
        if shown is not None and (shown.stable or shown.final):
            return shown.language
        if self._language != AUTO:
            return self._language
        if shown is not None and item.language is None:
            return shown.language
        return item.language or self._spoken or UNDETERMINED
