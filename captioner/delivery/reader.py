"""One reader of a room: what it asked for, and what it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn, get_args

import orjson

from captioner.bus.bus import History
from captioner.captions.model import Caption, Event, Numbered, Position, RoomChange
from captioner.delivery.farewell import NORMAL, Farewell
from captioner.delivery.frames import MODES, Frame, Mode, frames_of
from captioner.delivery.outbox import Outbox
from captioner.errors import BadInput, CaptionerError, ReaderTooSlow
from captioner.rooms.languages import language_tag
from captioner.rooms.room import Room

_FINALS_AT_FIRST = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader wants. `languages`, in lower case; None: all; none: what is spoken, as it is.

    `after`: where it stopped reading; None, it begins to read now.
    """

    languages: frozenset[str] | None = None
    mode: Mode = "fast"
    after: Position | None = None

    @classmethod
    def of(
        cls,
        languages: Sequence[str] = (),
        mode: str = "fast",
        after: str | None = None,
        epoch: str | None = None,
    ) -> Asked:
        """Check what a query says. An `after` without its epoch resumes nothing."""
        if mode not in MODES:
            raise BadInput(f"mode must be one of {', '.join(get_args(Mode))}")
        if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
            raise BadInput("after must be the seq of an event, a whole number")
        return cls(
            languages=None if "*" in languages else _lower_tags(languages),
            mode=mode,
            after=None if after is None else Position(epoch or "", int(after)),
        )

    def wants(self, event: Event) -> bool:
        """Whether the event is of a language that was asked for."""
        if isinstance(event, RoomChange) or self.languages is None:
            return True
        return event.language.lower() in self.languages if self.languages else event.source is None


class Reader:
    """What one reader gets: `hello`, then `missed`, then what `next` returns, in order of `seq`.

    It has an outbox, for as long as it does not take everything at once. Whoever sends waits for
    `next`, which returns None at the end, when the connection is closed with `farewell`; meanwhile
    `failure` tells when that is too late. Or it asks `take` whenever `on_news` is called.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.hello = b""
        self.position = Position("", 0)
        """Where the room's history stood when the reader came."""
        self.farewell: Farewell | None = None
        self.handed_over = False
        """Whether a connection of its own sends to it, and forgets it when it is lost."""
        self.missed: Iterator[Frame] = iter(())
        self.on_news: Callable[[], None] = self._wake
        self._outbox = Outbox()
        self._news = asyncio.Event()
        self._failed = asyncio.Event()

    @property
    def failed(self) -> bool:
        """Whether the reader is given up: what waits is of no use to it."""
        return self._failed.is_set()

    def greet(self, room: Room, history: History) -> None:
        """Begin: with what the reader missed since it was here, or with what is worth seeing."""
        resumes = self.asked.after is not None
        self.position = history.position
        hello = {
            "type": "hello",
            "room": room.settings.id,
            "epoch": history.position.epoch,
            "status": room.status,
            "languages": room.languages,
            "seq": history.position.seq,
            "recovered": resumes and history.recovered,
        }
        self.hello = orjson.dumps(hello)
        wanted = [numbered for numbered in history.events if self.asked.wants(numbered.event)]
        if not (resumes and history.recovered):
            wanted = [numbered for numbered in wanted if not _is_withdrawn(numbered)]
        self.missed = self._frames(wanted if resumes else _at_first(wanted))
        if room.status == "ended":
            self.close(Farewell(NORMAL))

    def offer(self, frame: Frame, now: float) -> None:
        """Something happened; `now` as in `Outbox.push`."""
        if self.farewell is not None:
            return
        try:
            self._outbox.push(frame, now)
        except ReaderTooSlow as error:
            self.fail(error)
        else:
            self.on_news()

    def close(self, farewell: Farewell) -> None:
        """Nothing more will happen; what waits is still sent."""
        if self.farewell is None:
            self.farewell = farewell
            self.on_news()

    def fail(self, error: CaptionerError) -> None:
        """Give the reader up, whatever it was doing."""
        self.farewell = Farewell.of(error)
        self._failed.set()
        self.on_news()

    async def failure(self) -> NoReturn:
        """Wait until the reader is given up, and raise why."""
        await self._failed.wait()
        self.raise_if_failed()
        raise AssertionError("a failure without an error")

    def raise_if_failed(self) -> None:
        """Raise why the reader is given up, if it is."""
        if self.failed and self.farewell is not None and self.farewell.error is not None:
            raise self.farewell.error

    async def next(self) -> Frame | None:
        """What happened next, as soon as it has; None at the end."""
        while True:
            if (frame := self._newest()) is not None:
                return frame
            if self.farewell is not None and not self.failed:
                return None
            self._news.clear()
            await self._news.wait()

    def take(self) -> Frame | None:
        """What is to be sent next, if there is something."""
        return next(self.missed, None) or self._newest()

    def _newest(self) -> Frame | None:
        while (frame := self._outbox.pop()) is not None:
            if frame.is_news_at(self.position.seq):
                return frame
        return None

    def _wake(self) -> None:
        self._news.set()

    def _frames(self, events: Sequence[Numbered]) -> Iterator[Frame]:
        for numbered in events:
            frame = frames_of(numbered).get(self.asked.mode)
            if frame is not None:
                yield frame


def _lower_tags(languages: Sequence[str]) -> frozenset[str]:
    return frozenset(language_tag(tag).lower() for tag in languages if tag)


def _at_first(events: Sequence[Numbered]) -> list[Numbered]:
    """What somebody who begins to read is shown: the last two finals and the open captions."""
    finals = [n.seq for n in events if isinstance(n.event, Caption) and n.event.final]
    since = min(finals[-_FINALS_AT_FIRST:], default=0)
    return [
        n for n in events if isinstance(n.event, Caption) and (n.seq >= since or not n.event.final)
    ]


def _is_withdrawn(numbered: Numbered) -> bool:
    return isinstance(numbered.event, Caption) and numbered.event.withdrawn
