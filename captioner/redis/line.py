"""One connection to one server: commands out in their order, answers and messages in."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import hiredis
from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import RedisError, ResponseError

from captioner.race import race
from captioner.redis.address import Address, Login

Command = Sequence[str | bytes | int | float]


class LineLost(Exception):
    """The connection is gone, and with it the answer."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Who takes the answer to a command, and which message is the answer where it is one."""

    take: Callable[[Any], None]
    lost: Callable[[], None]
    message: tuple[bytes, bytes] | None = None


class Line:
    """Takes commands at any time, without waiting for the answers to earlier ones.

    `told`: called with a channel and a message, in order; `left`: with a channel of which the
    server ended the subscription.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        told: Callable[[bytes, bytes], None],
        left: Callable[[Line, bytes], None],
    ) -> None:
        self._connection = connection
        self._told = told
        self._left = left
        self._unsent: list[Command] = []
        self._news = asyncio.Event()
        self._unanswered: deque[_Question] = deque()
        self._lost = False

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers in order, errors of the server's among them; raises `LineLost`."""
        answers: list[asyncio.Future[Any]] = []
        for command in commands:
            answer = asyncio.get_running_loop().create_future()
            answers.append(answer)
            self._send(command, _Question(partial(_answer, answer), partial(_fail, answer)))
        return [await answer for answer in answers]

    def subscribe(self, channel: bytes, take: Callable[[RedisError | None], None]) -> None:
        """`take` is called at once when the server confirms, or with why it refuses."""
        question = _Question(take, _nothing, (b"ssubscribe", channel))
        self._send(("SSUBSCRIBE", channel), question)

    def unsubscribe(self, channel: bytes) -> None:
        question = _Question(lambda _: None, _nothing, (b"sunsubscribe", channel))
        self._send(("SUNSUBSCRIBE", channel), question)

    def lose(self) -> None:
        """Give the connection up; whoever waits for an answer is told."""
        self._lost = True
        while self._unanswered:
            self._unanswered.popleft().lost()
        self._news.set()

    async def talk(self) -> None:
        """Carry commands and answers until the line is lost; whoever made the line awaits this."""
        try:
            await race(self._write(), self._read())
        finally:
            self.lose()
            await self._connection.disconnect(nowait=True)

    async def _write(self) -> NoReturn:
        while True:
            if self._lost:
                raise LineLost("given up")
            commands, self._unsent = self._unsent, []
            if commands:
                packed = self._connection.pack_commands(commands)
                await self._connection.send_packed_command(packed, check_health=False)
            else:
                self._news.clear()
                await self._news.wait()

    async def _read(self) -> NoReturn:
        while True:
            try:
                answer = await self._connection.read_response(
                    timeout=math.inf, disconnect_on_error=False, push_request=True
                )
            except ResponseError as error:
                answer = error
            if isinstance(answer, hiredis.PushNotification):
                self._take_message(answer)
            else:
                self._unanswered.popleft().take(answer)

    def _take_message(self, message: list[bytes]) -> None:
        kind, channel = message[0], message[1]
        if kind == b"smessage":
            self._told(channel, message[2])
        elif self._unanswered and self._unanswered[0].message == (kind, channel):
            self._unanswered.popleft().take(None)
        elif kind == b"sunsubscribe":
            self._left(self, channel)

    def _send(self, command: Command, question: _Question) -> None:
        if self._lost:
            raise LineLost("the connection is gone")
        self._unanswered.append(question)
        self._unsent.append(command)
        self._news.set()


def _answer(waiting: asyncio.Future[Any], answer: Any) -> None:
    if not waiting.done():
        waiting.set_result(answer)


def _fail(waiting: asyncio.Future[Any]) -> None:
    if not waiting.done():
        waiting.set_exception(LineLost("the connection was lost"))
        waiting.exception()  # nobody may wait for it any more, which is no mistake


def _nothing() -> None:
    pass


async def connect(address: Address, login: Login, patience: float) -> Connection:
    """Connect and log in; raises `RedisError`, `OSError`, `TimeoutError`."""
    kind = SSLConnection if login.tls else Connection
    connection = kind(
        host=address.host,
        port=address.port,
        db=login.database,
        username=login.username,
        password=login.password,
        socket_timeout=None,
        socket_connect_timeout=patience,
        client_name="captioner",
        driver_info=None,
        protocol=3,
    )
    try:
        async with asyncio.timeout(patience):
            await connection.connect()  # type: ignore[no-untyped-call]
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return connection


async def ask_once(
    addresses: Iterable[Address], login: Login, patience: float, *command: str
) -> tuple[Address, Any]:
    """The first answer that one of the servers gives; raises `RedisError` of the last."""
    trouble: Exception = RedisError("no address is known")
    for address in addresses:
        try:
            connection = await connect(address, login, patience)
            try:
                async with asyncio.timeout(patience):
                    await connection.send_command(*command, check_health=False)
                    answer = await connection.read_response()
            finally:
                await connection.disconnect(nowait=True)
        except (RedisError, OSError, TimeoutError) as error:
            trouble = error
        else:
            if answer:
                return address, answer
            trouble = RedisError(f"{address} does not know")
    raise trouble
