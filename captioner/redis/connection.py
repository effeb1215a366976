"""What the rest of Captioner knows of Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, NoReturn

from redis.exceptions import (
    AskError,
    ClusterError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from captioner.errors import RedisUnavailable
from captioner.redis.address import Address, Place, parse
from captioner.redis.line import Command, Line
from captioner.redis.node import Node, Server, Watcher
from captioner.redis.nodes import Cluster, Nodes, OneNode, Sentinels, at
from captioner.redis.script import Script
from captioner.redis.subscriptions import Hear, Resumed, Subscriptions

logger = logging.getLogger(__name__)

_Make = Callable[[Server], Command]
"""A command, made for the server that is to execute it."""

_MOST_REFERRALS = 5

_NOT_NOW = (AskError, ClusterError, NoPermissionError, ReadOnlyError, TryAgainError)
_PASSING = ("MISCONF", "NOREPLICAS", "BUSY", "UNBLOCKED", "NOGOODSLAVE", "LOADING")
"""How errors without a class of their own begin that say: not now."""


@asynccontextmanager
async def connected(url: str, *, patience: float = 2.0) -> AsyncIterator[Redis]:
    """Redis, kept connected; raises `BadInput` where the URL is wrong.

    Whether the server is there now makes no difference: it is looked for until it is, and again
    whenever it was lost. `patience` is how many seconds it may take over an answer.
    """
    redis = Redis(parse(url), patience=patience)
    keeping = asyncio.create_task(redis.keep(), name="connection to Redis")
    keeping.add_done_callback(_report)
    try:
        yield redis
    finally:
        keeping.cancel()
        await asyncio.wait((keeping,))
        if not keeping.cancelled():
            keeping.result()


def _report(keeping: asyncio.Task[NoReturn]) -> None:
    """Only a mistake of ours ends it early, after which Redis stays away."""
    if not keeping.cancelled() and (error := keeping.exception()):
        logger.critical("The connection to Redis is given up.", exc_info=error)


def _nothing() -> None:
    pass


class Redis:
    """A server, a master behind sentinels or a cluster; use it while `keep` runs.

    While the server that is asked is away, everything raises `RedisUnavailable` at once. What was
    asked may have been done although it did.
    """

    def __init__(self, place: Place, *, patience: float) -> None:
        self._patience = patience
        self._subscriptions = Subscriptions(self._line_of, self._doubt)
        self._nodes = self._nodes_at(place)
        self._up = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether all servers that are needed answer."""
        return self._up.is_set()

    @property
    def durable(self) -> bool:
        """Whether nothing acknowledged can be lost by a restart, as the servers last said."""
        nodes = self._nodes.all
        try:
            return bool(nodes) and all(node.server.durable for node in nodes)
        except RedisUnavailable:
            return False

    def run_id_of(self, key: str) -> str:
        """Another one when the memory of the key's server may be; raises `RedisUnavailable`."""
        return self._nodes.serving(key.encode()).server.run_id

    async def wait_until_up(self) -> None:
        await self._up.wait()

    async def run(
        self, script: Script, keys: Sequence[str], *args: str | bytes | int | float
    ) -> Any:
        """What the script returns; all keys lie in one slot. See `Script` for what it is given."""
        tail = (len(keys), *keys, *args)
        answer = await self._ask(keys[0], partial(_given, ("EVALSHA", script.sha, *tail)))
        if isinstance(answer, NoScriptError):
            answer = await self._ask(keys[0], partial(_given, ("EVAL", script.source, *tail)))
        return _checked(answer)

    async def read(self, *commands: Command) -> list[Any]:
        """The answers to plain commands, in order; the first argument of each is its key.

        None may be one that waits: others share the connection.
        """
        nodes = [self._nodes.serving(_bytes(command[1])) for command in commands]
        answers: list[Any] = [None] * len(commands)
        for node in dict.fromkeys(nodes):
            places = [place for place, other in enumerate(nodes) if other is node]
            told = await node.ask(*(commands[place] for place in places))
            for place, answer in zip(places, told, strict=True):
                followed = await self._follow(node, _plain(commands[place]), answer)
                answers[place] = _checked(followed)
        return answers

    async def tell(self, channel: str, message: bytes) -> None:
        """Publish to whoever listens now."""
        await self.read(("SPUBLISH", channel, message))

    def listening(
        self, channel: str, hear: Hear, resumed: Resumed = _nothing
    ) -> AbstractAsyncContextManager[None]:
        """Hear every message of the channel, in order, from entering on.

        Where the server is away, the subscription is made once it is back. `resumed` is called
        when it was made late or anew: messages may have been missed.
        """
        return self._subscriptions.listening(channel.encode(), hear, resumed)

    async def keep(self) -> NoReturn:
        """Keep the servers connected until cancelled."""
        await self._nodes.keep()

    async def _ask(self, key: str | bytes | int | float, command: _Make) -> Any:
        node = self._nodes.serving(_bytes(key))
        (answer,) = await node.ask(command(node.server))
        return await self._follow(node, command, answer)

    async def _follow(self, node: Node, command: _Make, answer: Any) -> Any:
        """The answer of the server to which a node's answer may refer."""
        for _ in range(_MOST_REFERRALS):
            if not isinstance(answer, AskError):
                break
            node = self._nodes.at(Address(answer.host, answer.port))
            await node.connected()
            if isinstance(answer, MovedError):
                self._nodes.doubt()
                (answer,) = await node.ask(command(node.server))
            else:
                _, answer = await node.ask(("ASKING",), command(node.server))
        if isinstance(answer, ReadOnlyError):
            node.renounce()
        if isinstance(answer, ClusterError):
            self._nodes.doubt()
        return answer

    def _nodes_at(self, place: Place) -> Nodes:
        subscriptions = self._subscriptions
        watcher = Watcher(
            told=subscriptions.told,
            left=subscriptions.left,
            connected=self._changed,
            lost=self._lost,
        )
        if place.kind == "cluster":
            return Cluster(place, patience=self._patience, watcher=watcher, refreshed=self._changed)
        find = at(place.addresses[0])
        if place.kind == "sentinel":
            find = Sentinels(place, patience=self._patience).find
        return OneNode(Node(find, place.login, patience=self._patience, watcher=watcher))

    def _line_of(self, channel: bytes) -> Line | None:
        try:
            return self._nodes.serving(channel).line
        except RedisUnavailable:
            return None

    def _doubt(self) -> None:
        self._nodes.doubt()

    def _changed(self) -> None:
        self._subscriptions.renew()
        self._look()

    def _lost(self, line: Line) -> None:
        self._subscriptions.lost(line)
        self._look()
        self._nodes.doubt()

    def _look(self) -> None:
        if self._nodes.up:
            self._up.set()
        else:
            self._up.clear()


def _given(command: Command, server: Server) -> Command:
    """A script's arguments end with what it must know of the server that runs it."""
    return (*command, server.run_id, "1" if server.durable else "0")


def _plain(command: Command) -> _Make:
    return lambda server: command


def _bytes(key: str | bytes | int | float) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()


def _checked(answer: Any) -> Any:
    """Raise what an error among the answers means."""
    if not isinstance(answer, ResponseError):
        return answer
    if isinstance(answer, OutOfMemoryError):
        raise RedisUnavailable("Redis is out of memory (see its setting maxmemory)")
    if isinstance(answer, _NOT_NOW) or str(answer).startswith(_PASSING):
        raise RedisUnavailable(f"Redis refuses: {answer}")
    raise RuntimeError(f"Redis did not understand: {answer}")
