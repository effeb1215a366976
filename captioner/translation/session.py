"""The translation of one room into one language, for as long as somebody wants it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from captioner.bus.bus import Bus, Live
from captioner.captions.glossary import terms_in
from captioner.captions.model import Caption, Event, Gap
from captioner.errors import BudgetSpent, NoSuchPair, SubscriberTooSlow, TranslationUnavailable
from captioner.metrics import Metrics
from captioner.race import race
from captioner.rooms.room import Duty, RoomSettings
from captioner.translation.attempts import Attempts
from captioner.translation.draft import Draft, Piece, is_translated
from captioner.translation.progress import Progress
from captioner.translation.translator import Sentence

CONTEXT = 3
"""Sentences that a translator is told of those before."""
_MOST_REMEMBERED = 5_000
"""Translations whose newest revision is kept in mind, to be gone on from."""

logger = logging.getLogger(__name__)

Kept = Callable[[], Awaitable[Sequence[Caption]]]
"""The finals of the room that are kept, in the language and as they were said."""


class Session:
    """Makes `(id, language)` of every caption that is said in another language.

    Captions are translated in their order, one at a time. What is said now goes before what was
    said when nobody wanted the language.
    """

    def __init__(
        self,
        room: Callable[[], RoomSettings],
        language: str,
        *,
        bus: Bus,
        kept: Kept,
        duty: Duty,
        attempts: Attempts,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`room`: its settings as they are just now."""
        self.language = language
        self._settings = room
        self._bus = bus
        self._kept = kept
        self._duty = duty
        self._attempts = attempts
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._live: dict[str, Draft] = {}
        """What is being said, oldest first."""
        self._owed: dict[str, Draft] = {}
        """What was said before the session began, in its order."""
        self._heard_at: dict[str, float] = {}
        self._shown: OrderedDict[str, Caption] = OrderedDict()
        """The newest revisions in the language, by caption id."""
        self._gaps: dict[Gap, None] = {}
        """Gaps that are still to be told in the language."""
        self._context: deque[tuple[str, str]] = deque(maxlen=CONTEXT)
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._given_up: dict[str, int] = {}
        """Captions, by id, of which this revision could not be translated: the next session's."""
        self._unknown: set[str] = set()
        """Languages that nobody translates from, once that was said."""
        self._trouble: str | None = None
        """Why the newest sentence has no translation."""
        self._refused = ""
        """Which budget was said to be spent."""

    @property
    def _room(self) -> str:
        return self._settings().id

    @property
    def progress(self) -> Progress:
        """How it goes just now."""
        drafts = (*self._live.values(), *self._owed.values())
        behind = sum(draft.source.final for draft in drafts)
        return Progress(self._attempts.translator, self._trouble, behind)

    async def run(self) -> None:
        """Translate until the room is erased, or this is cancelled.

        Raises `Fenced` where another process does it by now, and what publishing raises.
        """
        while True:
            async with self._bus.subscribe(self._room) as events:
                await self._catch_up()
                try:
                    await race(self._listen(events), self._work())
                    return
                except SubscriberTooSlow:
                    logger.warning("Room %s: events were missed; catching up.", self._room)

    async def finish(self) -> None:
        """Return when all that was said up to now is translated; `run` runs meanwhile."""
        await self._hear_history()
        self._idle.clear()
        self._news.set()
        await self._idle.wait()

    async def _listen(self, events: AsyncIterator[Live]) -> None:
        async for live in events:
            self._hear(live.event)

    async def _catch_up(self) -> None:
        """Find what was said and is not translated, and what a predecessor left open."""
        kept = await self._kept()
        for caption in kept:
            if self._is_ours(caption):
                self._see(caption)
        for caption in sorted(kept, key=lambda caption: caption.start):
            if self._is_to_translate(caption):
                self._owe(caption)
        await self._hear_history()

    async def _hear_history(self) -> None:
        events = [numbered.event for numbered in (await self._bus.history(self._room)).events]
        for event in events:
            if isinstance(event, Caption) and self._is_ours(event):
                self._see(event)
        for event in events:
            if isinstance(event, Caption):
                self._hear(event)

    def _hear(self, event: Event) -> None:
        """Something is said, or somebody corrected a translation."""
        if isinstance(event, Gap):
            self._hear_gap(event)
        elif isinstance(event, Caption) and self._is_ours(event):
            self._see(event)
        elif isinstance(event, Caption) and self._is_to_translate(event):
            owed = self._owed.get(event.id)
            draft = owed or self._live.get(event.id)
            if draft is None:
                draft = Draft(self.language, event, self._shown.get(event.id))
                self._live[event.id] = draft
            draft.hear(event)
            self._heard_at[event.id] = self._clock()
            self._news.set()

    def _hear_gap(self, gap: Gap) -> None:
        if gap.source is not None or gap.language == self.language:
            return
        settings = self._settings()
        if gap.reason == "paused" and self.language in (*settings.translations, *settings.speech):
            return  # which the room tells in every language that it lists
        told = Gap(self.language, gap.start, gap.end, gap.reason, gap.track, source=gap.language)
        self._gaps[told] = None
        self._news.set()

    def _owe(self, caption: Caption) -> None:
        if caption.id in self._live or caption.id in self._owed:
            return
        self._owed[caption.id] = Draft(self.language, caption, self._shown.get(caption.id))
        self._news.set()

    def _see(self, caption: Caption) -> None:
        known = self._shown.get(caption.id)
        if known is not None and known.rev >= caption.rev:
            return
        self._shown[caption.id] = caption
        self._shown.move_to_end(caption.id)
        if len(self._shown) > _MOST_REMEMBERED:
            self._shown.popitem(last=False)
        for drafts in (self._live, self._owed):
            if (draft := drafts.get(caption.id)) is not None:
                draft.see(caption)

    def _is_ours(self, caption: Caption) -> bool:
        return caption.source is not None and caption.language == self.language

    def _is_to_translate(self, caption: Caption) -> bool:
        if caption.source is not None or caption.language == self.language:
            return False
        if caption.final and self._given_up.get(caption.id, -1) >= caption.rev:
            return False
        shown = self._shown.get(caption.id)
        return not (caption.final and is_translated(shown, caption))

    async def _work(self) -> None:
        while True:
            while await self._step():
                pass
            self._idle.set()
            self._news.clear()
            await self._news.wait()

    async def _step(self) -> bool:
        """Do the next thing there is to do, if there is one."""
        if self._gaps:
            gap = next(iter(self._gaps))
            await self._duty.publish(gap)
            del self._gaps[gap]
            return True
        for drafts in (self._live, self._owed):
            for draft in tuple(drafts.values()):
                piece = draft.next()
                if piece is not None:
                    await self._translate(draft, piece)
                await self._publish(draft)
                if draft.done:
                    del drafts[draft.source.id]
                    self._heard_at.pop(draft.source.id, None)
                    return True
                if piece is not None:
                    return True
        return False

    async def _publish(self, draft: Draft) -> None:
        shown = draft.shown
        revision = draft.revision(self._lag_ms(draft.source))
        if revision is None:
            return
        try:
            await self._duty.publish(revision)
        except BaseException:
            draft.take_back(shown)
            raise
        self._see(revision)
        if revision.final:
            self._metrics.translated(self.language, self._age_s(draft.source))
            if revision.untranslated:
                self._given_up[draft.source.id] = draft.source.rev
                self._metrics.untranslated(self.language)

    def _lag_ms(self, source: Caption) -> int | None:
        """How long after the end of what was said this is; unknown of what was said before."""
        if source.lag_ms is None or source.id not in self._heard_at:
            return None
        return source.lag_ms + round(1000 * self._age_s(source))

    def _age_s(self, source: Caption) -> float:
        return self._clock() - self._heard_at.get(source.id, self._clock())

    async def _translate(self, draft: Draft, piece: Piece) -> None:
        """Give the draft the piece's translation; where there is none, the piece itself."""
        try:
            sentence = self._sentence(draft.source, piece)
            translation = await self._attempts.translate(sentence, again=piece.settled)
        except (NoSuchPair, TranslationUnavailable) as error:
            self._trouble = str(error)
            self._say(draft.source, error)
            draft.take(piece, piece.text if piece.settled else "", untranslated=True)
            return
        self._trouble = None
        draft.take(piece, translation)
        if piece.settled:
            self._context.append((piece.text, translation))

    def _sentence(self, source: Caption, piece: Piece) -> Sentence:
        settings = self._settings()
        return Sentence(
            piece.text,
            source.language,
            self.language,
            context=tuple(self._context),
            terms=terms_in(piece.text, settings.glossary, source.language, self.language),
            title=settings.title,
            keywords=settings.keywords,
            room=settings.id,
        )

    def _say(self, source: Caption, error: NoSuchPair | TranslationUnavailable) -> None:
        """Tell the operator; of a language that nobody knows, and of a budget, once."""
        if isinstance(error, NoSuchPair):
            if source.language in self._unknown:
                return
            self._unknown.add(source.language)
        elif isinstance(error, BudgetSpent):
            if str(error) == self._refused:
                return
            self._refused = str(error)
        logger.warning("Room %s is not translated to %s: %s", self._room, self.language, error)
