"""The voice of one room and language: captions from the bus in, sound at its true pace out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from captioner.bus.bus import Bus
from captioner.captions.model import Caption, Event, Numbered, Position, RoomChange
from captioner.errors import CaptionerError, RoomNotFound, SubscriberTooSlow
from captioner.race import race
from captioner.speech.audience import Audience
from captioner.speech.cast import Cast
from captioner.speech.heard_clock import HeardClock
from captioner.speech.plan import Part, Plan
from captioner.speech.playback import Playback, Take
from captioner.speech.room import VoicedRoom
from captioner.speech.sound import FRAME_S, Mark
from captioner.speech.studio import Studio
from captioner.speech.synthesizer import Line

PATIENCE_S = 10.0
"""So long a synthesizer may take for the next piece of a line."""
_ATTEMPTS = 2
_MOST_LATE_S = 1.0
"""A process that was stopped for longer sends the sound of that time to nobody."""

logger = logging.getLogger(__name__)


class Stage:
    """Says the captions of one language, one at a time; silence between them.

    The next line is synthesised while the present one is played. A line that cannot be synthesised,
    nor once more, is marked as skipped.
    """

    def __init__(
        self,
        room: VoicedRoom,
        language: str,
        *,
        bus: Bus,
        studio: Studio,
        cast: Cast,
        audience: Audience,
        on_skipped: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_skipped`: called for every caption of which something is not said."""
        self.lag = 0.0
        """Seconds since the end of the words that are being said, as it was begun; 0 in silence."""
        self.subscribed = asyncio.Event()
        """Whether nothing is missed from now on."""
        self._room = room
        self._language = language
        self._bus = bus
        self._studio = studio
        self._cast = cast
        self._audience = audience
        self._on_skipped = on_skipped
        self._plan = Plan()
        self._heard_clock = HeardClock()
        self._position: Position | None = None
        self._upcoming: Take | None = None
        self._playing: Playback | None = None
        self._news = asyncio.Event()
        """Something may be synthesised now."""

    async def run(self) -> None:
        """Speak until all is said of a room that ended; raises `CaptionerError`.

        Raises `RoomNotFound` where the room is erased before it ends.
        """
        await race(self._follow(), self._synthesise(), self._play())

    async def _follow(self) -> None:
        """Heed what happens in the room, until it is forgotten."""
        while True:
            async with self._bus.subscribe(self._room.settings.id) as events:
                await self._catch_up()
                self.subscribed.set()
                try:
                    async for told in events:
                        if isinstance(told, Numbered):
                            self._pass(told)
                        self._heed(told.event)
                except SubscriberTooSlow:
                    logger.warning("Room %s: events were missed.", self._room.settings.id)
                    continue
            if not self._plan.ended:
                raise RoomNotFound("The room was deleted.")
            return

    async def _catch_up(self) -> None:
        """Begin now; or go on where it was, as far as that is known."""
        room = self._room.settings.id
        history = await self._bus.history(room, self._position)
        begins = self._position is None or not history.recovered
        self._position = history.position
        for numbered in history.events:
            if begins and isinstance(numbered.event, Caption):
                self._pass_over(numbered.event)
            elif not begins:
                self._heed(numbered.event)
        self._heed_status(self._room.status)

    def _pass_over(self, caption: Caption) -> None:
        if self._speaks(caption):
            self._plan.pass_over(caption)

    def _pass(self, told: Numbered) -> None:
        assert self._position is not None
        self._position = Position(self._position.epoch, max(told.seq, self._position.seq))

    def _heed(self, event: Event) -> None:
        if isinstance(event, RoomChange):
            self._heed_status(event.status)
        elif isinstance(event, Caption):
            self._heard_clock.hear(event, self._time())
            if self._speaks(event):
                self._plan.hear(event)
        self._news.set()

    def _speaks(self, caption: Caption) -> bool:
        return caption.language.lower() == self._language.lower()

    def _heed_status(self, status: str) -> None:
        if status == "paused":
            self._plan.pause(self._now())
            return
        self._plan.resume(self._now())
        if status == "ended":
            self._plan.end()

    async def _synthesise(self) -> None:
        """Have the next line ready, always."""
        while True:
            for caption in self._plan.skip(self._now()):
                self._mark_skipped(caption)
            part = self._plan.take() if self._upcoming is None else None
            if part is None:
                self._news.clear()
                await self._news.wait()
                continue
            self._upcoming = Take(part)
            await self._fill(self._upcoming)

    def _line(self, part: Part) -> Line:
        """What is to be said; a caption that nobody could translate, in its own language."""
        caption, room = part.caption, self._room.settings.id
        if caption.untranslated and caption.source is not None:
            return Line(part.text, caption.source, room=room)
        return Line(part.text, self._language, self._cast.voice(part.speaker), room)

    async def _fill(self, take: Take) -> None:
        line = self._line(take.part)
        for _ in range(_ATTEMPTS):
            try:
                await self._record(line, take)
                break
            except (CaptionerError, TimeoutError) as error:
                logger.warning("A line was not spoken: %s", str(error) or "no sound came")
            if take.read_bytes:
                take.failed = True  # What was heard of it is not said again.
                break
            take.clear()
        else:
            take.failed = True
        take.complete = True

    async def _record(self, line: Line, take: Take) -> None:
        pieces = self._studio.synthesizer.speak(line)
        while True:
            async with asyncio.timeout(PATIENCE_S):
                piece = await anext(pieces, None)
            if piece is None:
                return
            take.add(piece)

    async def _play(self) -> None:
        """A frame every 20 ms, to the last."""
        due = self._time()
        while not self._over:
            self._say()
            due += FRAME_S
            due = max(due, self._time() - _MOST_LATE_S)
            await asyncio.sleep(due - self._time())

    @property
    def _over(self) -> bool:
        return self._plan.over and self._playing is None and self._upcoming is None

    def _say(self) -> None:
        """One frame: of the line that is being said, of the next one, or silence."""
        if self._playing and self._plan.paused:
            self._audience.frame(self._playing.last_frame())
            self._mark_skipped(self._playing.take.part.caption)
            self._playing = None
            return
        while self._playing or self._begin():
            assert self._playing is not None
            frame = self._playing.frame()
            if frame is not None:
                return self._audience.frame(frame)
            if self._playing.take.failed:
                self._mark_skipped(self._playing.take.part.caption)
            self._playing = None
        self.lag = 0.0
        self._audience.silence()

    def _begin(self) -> bool:
        """Go on to the next line, if it is there and may be said."""
        take = self._upcoming
        if take is None or not take.begun or self._plan.paused:
            return False
        self._upcoming = None
        self._news.set()
        now, part = self._now(), take.part
        self.lag = max(0.0, now - part.end)
        self._playing = Playback(take, self._studio.shapes(self._plan.tempo(part, now)))
        if not take.failed:
            self._audience.mark(Mark(part.caption.id, part.caption.start))
        return True

    def _mark_skipped(self, caption: Caption) -> None:
        self._audience.mark(Mark(caption.id, caption.start, skipped=True))
        self._on_skipped()

    def _now(self) -> float:
        """The room second."""
        return self._room.now() or self._heard_clock.now(self._time())

    def _time(self) -> float:
        return asyncio.get_running_loop().time()
