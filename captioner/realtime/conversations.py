"""A pool of conversation sessions: whoever asks gets an answer, from whichever of them is free.

Sessions are opened when somebody asks, kept while they are used, and replaced before their time is
over. A session that is lost fails over: what was open in it is asked once more in another.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Any, Self

from captioner.realtime.answers import (
    Answer,
    Answered,
    NotAnswered,
    Request,
    RequestFailed,
    Sound,
)
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import Connect
from captioner.realtime.conversation import Conversation
from captioner.realtime.conversation_link import Asked, ConversationLink
from captioner.realtime.partners import Partner
from captioner.realtime.token_cost import Kind, TokenMeter, UnmeteredTokens, within_budget
from captioner.realtime.tokens import Tokens
from captioner.realtime.trouble import Remedy, SessionEnded

FIRST_REST_S, LAST_REST_S = 0.25, 5.0
"""Pauses before the next session, after one that was lost before it had answered anything."""
LOOK_S = 5.0
"""Between two looks at how old the sessions are, and whether they are stuck."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is kept. `sessions`: open at once. `waiting`: requests that wait for one.

    `idle`: seconds without a request after which a session is closed. `renew`: how old, in
    seconds, a session may become.
    """

    sessions: int = 4
    waiting: int = 256
    idle: float = 300.0
    renew: float = 3000.0


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request without a session. `until`: when it is too late, on the pool's clock."""

    request: Request
    until: float
    place: asyncio.Future[Asked]


class Conversations:
    """Use it as a context manager; it may then be asked from any task.

    `sound`: whether its answers are spoken. `meter`: counts them, and may refuse to have more.
    `clock`, `wall`: seconds, and Unix time.
    """

    def __init__(
        self,
        partner: Partner,
        connect: Connect,
        *,
        sound: bool = False,
        size: Size | None = None,
        breaker: Breaker | None = None,
        meter: TokenMeter | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.partner = partner
        self._connect = connect
        self._sound = sound
        self._size = size or Size()
        self._kind: Kind = "speech" if sound else "translation"
        self._breaker = breaker or Breaker(clock, work=self._kind)
        self._meter = meter or UnmeteredTokens()
        self._clock = clock
        self._wall = wall
        self._at_once = partner.at_once
        self._links: list[ConversationLink] = []
        self._waiting: list[_Waiting] = []
        self._rest_s, self._rest_until = 0.0, 0.0
        self._held_until = 0.0
        """Until when the server wants to be asked nothing."""
        self._held = False
        """Whether that is the only trouble with it; the next answer shows that it is over."""
        self._news = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._start(self._keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        for waiting in self._waiting:
            self._give_up(waiting, f"{self.partner.name} is not asked any more")
        for task in self._running:
            task.cancel()
        # What the block raised is no error of the sessions: it goes on as it is, in no group.
        await self._tasks.__aexit__(None, None, None)

    async def text(self, request: Request) -> str:
        """The answer. Raises `TranslationUnavailable`; `RequestFailed` where the server said no."""
        said = ""
        async with aclosing(self.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Answered):
                    said = answer.text
        return said

    async def sound(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The answer's sound as it comes, s16le at 24 kHz; closing it cancels the answer.

        Raises `TranslationUnavailable`; `RequestFailed` where the server said no.
        """
        async with aclosing(self.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Sound):
                    yield answer.data

    async def answers(self, request: Request) -> AsyncGenerator[Answer, None]:
        """All that comes of a request, `Answered` last; no piece of its sound comes twice.

        A second try begins with its words again. Raises `TranslationUnavailable`.
        """
        await within_budget(self._meter, request.room, self.partner.name, self.partner.model)
        until = self._clock() + self.partner.within
        given = 0
        for last in (False, True):
            asked = await self._place(request, until)
            repeated = given
            try:
                while True:
                    answer = await self._next(asked, inf if given else until)
                    if isinstance(answer, Sound):
                        new, repeated = answer.data[repeated:], max(0, repeated - len(answer.data))
                        if not new:
                            continue
                        given += len(new)
                        answer = Sound(answer.request, new)
                    yield answer
                    if isinstance(answer, Answered):
                        return
            except (SessionEnded, RequestFailed) as error:
                if last or error.remedy is Remedy.REFUSED:
                    raise _told(error) from None
            finally:
                asked.leave()

    async def _next(self, asked: Asked, until: float) -> Answer:
        """The next answer, as long as the server may take; not past a time."""
        since = self._clock()
        try:
            return await asked.next(max(0.0, min(self.partner.silent, until - since)))
        except TimeoutError:
            if asked.link.heard_at <= since:  # it says nothing at all
                asked.link.retire()
            message = f"{self.partner.name} does not answer in time"
            raise RequestFailed(message, Remedy.RETRY) from None

    async def _place(self, request: Request, until: float) -> Asked:
        """Wait for a session that is free, and ask."""
        if self._closed or len(self._waiting) >= self._size.waiting:
            why = "is not asked any more" if self._closed else "is asked too much at once"
            raise RequestFailed(f"{self.partner.name} {why}", Remedy.REFUSED)
        place: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(request, until, place)
        self._waiting.append(waiting)
        self._news.set()
        try:
            async with asyncio.timeout(max(0.0, until - self._clock())):
                return await place
        except BaseException as error:
            if place.done() and not place.cancelled() and place.exception() is None:
                place.result().leave()  # it came at the very moment
            if not isinstance(error, TimeoutError):
                raise
            raise RequestFailed(self._why_not(), Remedy.WAIT) from None
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _why_not(self) -> str:
        return self._breaker.trouble or f"{self.partner.name} has too much to do"

    async def _keep(self) -> None:
        """Give sessions to those who wait, and look after the sessions."""
        while True:
            self._news.clear()
            self._look_after_sessions()
            pause = self._serve()
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _serve(self) -> float:
        """Ask where a session is free, open others where not; seconds until it is worth more."""
        pause = self._held_until - self._clock()
        if pause <= 0:
            for waiting in list(self._waiting):
                link = self._free(waiting.request)
                if waiting.place.done():
                    self._waiting.remove(waiting)
                elif link is not None:
                    self._waiting.remove(waiting)
                    waiting.place.set_result(link.ask(waiting.request))
            pause = self._open_more() if self._waiting else 0.0
        if pause <= 0:
            return LOOK_S
        for waiting in list(self._waiting):
            if self._clock() + pause > waiting.until:
                self._waiting.remove(waiting)
                self._give_up(waiting, self._why_not())
        return min(pause, LOOK_S)

    def _free(self, request: Request) -> ConversationLink | None:
        """The session with the least to do that can take the request."""
        free = [link for link in self._links if link.free(request, self._at_once)]
        return min(free, key=lambda link: link.open, default=None)

    def _open_more(self) -> float:
        """Open sessions for those who wait; seconds for which that is not worth trying."""
        pause = max(self._breaker.wait(), self._rest_until - self._clock())
        if pause > 0:
            return pause
        opening = sum(not link.ready for link in self._links)
        wanted = -(-len(self._waiting) // self._at_once) if self._breaker.closed else 1
        there = sum(not link.retired for link in self._links)
        for _ in range(min(wanted - opening, self._size.sessions - there)):
            self._open()
        if not opening and there >= self._size.sessions:
            self._make_room(self._waiting[0].request)
        return 0.0

    def _make_room(self, request: Request) -> None:
        """Close a session that speaks with another voice and has nothing to do."""
        for link in self._links:
            if link.ready and not link.open and not link.free(request, self._at_once):
                link.retire()
                return

    def _look_after_sessions(self) -> None:
        now = self._clock()
        for link in [link for link in self._links if link.ready and not link.over]:
            if link.stuck():
                link.drop()
            elif not link.open and now - link.idle_since >= self._size.idle:
                link.retire()
            elif now >= link.renew_at:
                self._renew(link)

    def _renew(self, link: ConversationLink) -> None:
        """Let another session take over, once there is one, or the time is over."""
        if link.retired:
            return
        successor = link.successor
        if self._clock() >= link.force_at or (successor and successor.ready):
            link.retire()
        elif (successor is None or successor.over) and self._breaker.wait() <= 0:
            link.successor = self._open()

    def _open(self) -> ConversationLink:
        partner = self.partner

        def report(room: str, tokens: Tokens) -> None:
            self._meter.reported(room, self._kind, partner.name, partner.model, tokens)

        conversation = Conversation(partner, sound=self._sound, report=report)
        link = ConversationLink(
            partner,
            self._connect,
            self._breaker,
            conversation,
            changed=self._news.set,
            told=self._hear,
            clock=self._clock,
            wall=self._wall,
        )
        self._links.append(link)
        self._start(self._live(link))
        return link

    async def _live(self, link: ConversationLink) -> None:
        """A session from its beginning to its end."""
        try:
            await link.run(self._size.renew)
        except SessionEnded as error:
            if link.ready and error.remedy in (Remedy.WAIT, Remedy.REFUSED):
                self._breaker.failed(error)
            self._held = self._held and link.ready
            if not link.answered:
                self._rest()
        finally:
            self._links.remove(link)
            self._news.set()

    def _rest(self) -> None:
        """A session was of no use: open the next a little later."""
        self._rest_s = min(max(2 * self._rest_s, FIRST_REST_S), LAST_REST_S)
        self._rest_until = self._clock() + self._rest_s * random.uniform(0.5, 1.0)

    def _hear(self, answer: Answer) -> None:
        """What an answer says about the server."""
        if isinstance(answer, Answered):
            self._rest_s = 0.0
            if self._held and self._clock() >= self._held_until:
                self._held = False
                self._breaker.worked()
        elif isinstance(answer, NotAnswered) and answer.one_at_a_time:
            self._at_once = 1
        elif isinstance(answer, NotAnswered) and answer.error.remedy is Remedy.WAIT:
            self._breaker.failed(SessionEnded(str(answer.error), Remedy.WAIT))
            self._held_until = self._clock() + self._breaker.wait()
            self._held = True

    def _give_up(self, waiting: _Waiting, why: str) -> None:
        if not waiting.place.done():
            waiting.place.set_exception(RequestFailed(why, Remedy.WAIT))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _told(error: SessionEnded | RequestFailed) -> RequestFailed:
    """What whoever asked is told of it."""
    return error if isinstance(error, RequestFailed) else RequestFailed(str(error), error.remedy)
