"""A room's events on their way from the bus to its readers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from captioner.bus.bus import Bus
from captioner.captions.model import Numbered, Position, RoomChange, Unnumbered
from captioner.delivery.farewell import GOING_AWAY, NORMAL, Farewell
from captioner.delivery.frames import Framer
from captioner.delivery.group import Group
from captioner.delivery.reader import Asked
from captioner.delivery.turns import Turns
from captioner.errors import CaptionerError, RoomNotFound, SubscriberTooSlow
from captioner.rooms.languages import language_tag

logger = logging.getLogger(__name__)


class Feed:
    """Hands each event to the groups that asked for it."""

    def __init__(
        self,
        bus: Bus,
        room: str,
        turns: Turns,
        clock: Callable[[], float],
        on_quiet: Callable[[Feed], None],
    ) -> None:
        """`on_quiet` is called when nobody reads any more."""
        self.room = room
        self.subscribed = asyncio.Event()
        self.over = False
        self._bus = bus
        self._turns = turns
        self._clock = clock
        self._on_quiet = on_quiet
        self._groups: dict[object, Group] = {}
        self._framer = Framer()
        self._position: Position | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def seq(self) -> int:
        """Of the last event that was handed on."""
        return 0 if self._position is None else self._position.seq

    @property
    def languages(self) -> frozenset[str]:
        """Those that readers name, `*` among them where one reads all."""
        asked = [group.asked.languages for group in self._groups.values() if group]
        named = {language_tag(tag) for tags in asked for tag in tags or ()}
        return frozenset({*named, "*"} if None in asked else named)

    def start(self, tasks: asyncio.TaskGroup) -> None:
        self._task = tasks.create_task(self._run(), name=f"feed of {self.room}")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def group(self, asked: Asked) -> Group:
        """Those that want the same."""
        return self._groups.setdefault((asked.languages, asked.mode), Group(asked, self))

    def close(self, farewell: Farewell) -> None:
        """Let every reader go, with what was handed on."""
        for group in tuple(self._groups.values()):
            group.close(farewell)

    def now(self) -> float:
        return self._clock()

    def is_due(self, group: Group) -> None:
        self._turns.ask(group)

    def is_left(self, group: Group) -> None:
        if not group:
            self._groups.pop((group.asked.languages, group.asked.mode), None)
        if not self._groups:
            self._on_quiet(self)

    async def _run(self) -> None:
        try:
            await self._follow()
            error: CaptionerError = RoomNotFound("The room was deleted.")
        except CaptionerError as trouble:
            logger.warning("Room %s cannot be read: %s", self.room, trouble)
            error = trouble
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("Room %s cannot be read.", self.room)
            error = CaptionerError("The server failed to read the room.")
        self.over = True
        self._fail(error)
        self.subscribed.set()

    async def _follow(self) -> None:
        """Hand on events until the room is forgotten."""
        while True:
            async with self._bus.subscribe(self.room) as events:
                await self._catch_up()
                self.subscribed.set()
                try:
                    async for told in events:
                        self._hand_on(told)
                    return
                except SubscriberTooSlow:
                    logger.warning("Room %s: events were missed; catching up.", self.room)

    async def _catch_up(self) -> None:
        """Hand on what was missed while nobody was subscribed."""
        if self._position is None:
            self._position = await self._bus.position(self.room)
            return
        history = await self._bus.history(self.room, self._position)
        if not history.recovered:
            # Whoever reads on begins anew, and the history's new name says so only in a `hello`.
            self._position = history.position
            self.close(Farewell(GOING_AWAY))
            return
        for numbered in history.events:
            self._hand_on(numbered)

    def _hand_on(self, told: Numbered | Unnumbered) -> None:
        assert self._position is not None
        if isinstance(told, Numbered):
            if told.seq <= self._position.seq:
                return
            self._position = Position(self._position.epoch, told.seq)
        event = told.event
        frames = self._framer.frames(told, self.seq)
        for group in tuple(self._groups.values()):
            frame = frames.get(group.asked.mode)
            if frame is not None and group.asked.wants(event):
                group.offer(frame)
        if isinstance(event, RoomChange) and event.status == "ended":
            self.close(Farewell(NORMAL))

    def _fail(self, error: CaptionerError) -> None:
        for group in tuple(self._groups.values()):
            group.fail(error)
