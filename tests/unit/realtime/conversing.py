"""A server of conversation sessions that fails as a script says, in memory or on sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import count
from typing import Any, TypeVar

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response

from captioner.realtime.answers import Request
from captioner.realtime.breaker import Breaker
from captioner.realtime.conversations import Conversations
from captioner.realtime.partners import ANY
from captioner.realtime.trouble import closed, not_let_in
from tests.unit.realtime.peers.conversing import ConversingPeer, Plan
from tests.unit.realtime.peers.peer import Close, Event, Refusal
from tests.virtual_time import run_virtual

T = TypeVar("T")
Script = Callable[[int, int, Event], Plan]
"""What becomes of a response: by its session, its number in it, and what was asked."""


@dataclass
class ConversationServer:
    """`script`: of responses. `attempts`: what becomes of attempts to connect; later ones are let
    in. `peer`: what every session is like."""

    script: Script = lambda _session, _number, _asked: Plan()
    attempts: tuple[Refusal | float, ...] = ()
    """A number: of seconds that it takes to be let in."""
    peer: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    name: str = "realtime"
    sessions: list[Session] = field(default_factory=list, init=False)
    times: list[float] = field(default_factory=list, init=False)
    asked: list[str] = field(default_factory=list, init=False)
    """The texts, in the order in which they were asked."""

    @property
    def open(self) -> list[Session]:
        return [session for session in self.sessions if not session.over]

    def attempt(self) -> Refusal | float:
        self.times.append(asyncio.get_running_loop().time())
        number = len(self.times) - 1
        return self.attempts[number] if number < len(self.attempts) else 0.0

    def begin(self, address: str = "") -> Session:
        number, responses = len(self.sessions), count()

        def plan(asked: Event) -> Plan:
            self.asked.append(asked["input"][0]["content"][0]["text"])
            return self.script(number, next(responses), asked)

        session = Session(ConversingPeer(plan, **self.peer), address)
        self.sessions.append(session)
        return session

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Session]:
        """A connection in memory; also in virtual time."""
        answer = self.attempt()
        if isinstance(answer, Refusal):
            raise not_let_in(self.name, answer.status, self.retry_after)
        await asyncio.sleep(answer)
        session = self.begin()
        try:
            yield session
        finally:
            session.end(Close(1000))

    @asynccontextmanager
    async def on_sockets(self) -> AsyncIterator[str]:
        """Serve at a free port of 127.0.0.1; gives `ws://host:port/v1/realtime?model=m`."""

        def shake_hands(socket: ServerConnection, request: Handshake) -> Response | None:
            answer = self.attempt()
            if not isinstance(answer, Refusal):
                return None
            after = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
            headers = Headers({"Content-Length": "0", "Connection": "close", **after})
            return Response(answer.status, HTTPStatus(answer.status).phrase, headers)

        async def converse(socket: ServerConnection) -> None:
            assert socket.request is not None
            session = self.begin(socket.request.path)
            try:
                async with asyncio.TaskGroup() as tasks:
                    reading = tasks.create_task(_read(socket, session))
                    end = await _write(socket, session)
                    if end.code == 1006:
                        socket.transport.abort()
                    await socket.close(end.code if end.code != 1006 else 1000, end.reason)
                    reading.cancel()
            except* ConnectionClosed:
                session.end(Close(1000))

        async with serve(converse, "127.0.0.1", 0, process_request=shake_hands) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            yield f"ws://127.0.0.1:{port}/v1/realtime?model=m"


class Session:
    """One connection: the client's end, in memory, and the peer behind it."""

    def __init__(self, peer: ConversingPeer, address: str) -> None:
        self.peer = peer
        self.address = address
        self.over: Close | None = None
        self._news = asyncio.Event()
        self._time = asyncio.get_running_loop().time
        peer.begin(self._time(), self._time())

    async def send(self, message: str) -> None:
        if self.over is not None:
            raise closed("realtime", self.over.code, self.over.reason)
        self.peer.hear(message, self._time())
        self._news.set()

    async def receive(self) -> Event:
        while True:
            answer = await self.next()
            if isinstance(answer, Close):
                raise closed("realtime", answer.code, answer.reason)
            return answer

    async def next(self) -> Event | Close:
        """What the peer says next, when it does."""
        while self.over is None:
            for answer in self.peer.take(self._time()):
                if isinstance(answer, Close):
                    self.end(answer)
                return answer
            self._news.clear()
            due = min((entry[0] for entry in self.peer.due), default=None)
            try:
                async with asyncio.timeout_at(due):
                    await self._news.wait()
            except TimeoutError:
                continue
        return self.over

    def end(self, close: Close) -> None:
        """The connection is gone; 1006: without a word."""
        self.over = self.over or close
        self._news.set()


async def _read(socket: ServerConnection, session: Session) -> None:
    async for message in socket:
        await session.send(str(message))
    session.end(Close(1000))


async def _write(socket: ServerConnection, session: Session) -> Close:
    while not isinstance(answer := await session.next(), Close):
        await socket.send(orjson.dumps(answer).decode())
    return answer


FOUR = replace(ANY, at_once=4)
HOUR_S = 3600.0


def pool(server: ConversationServer, **options: Any) -> Conversations:
    clock = asyncio.get_running_loop().time
    partner = options.pop("partner", ANY)
    breaker = Breaker(clock, jitter=lambda: 1.0, work="translation")
    return Conversations(
        partner, server.connect, breaker=breaker, clock=clock, wall=clock, **options
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    return run_virtual(work, longest_s=24 * HOUR_S)


def asking(text: str, **options: Any) -> Request:
    return Request(text, instructions="Say it back.", **options)


def always(plan: Plan) -> Script:
    return lambda _session, _number, _asked: plan
