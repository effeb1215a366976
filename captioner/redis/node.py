"""One server that is kept connected: looked for while it is away, watched while it is there."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from redis.exceptions import RedisError, ResponseError

from captioner.errors import RedisUnavailable
from captioner.race import race
from captioner.redis.address import Address, Login
from captioner.redis.line import Command, Line, LineLost, connect

logger = logging.getLogger(__name__)

_OLDEST = 7
"""The version that brought sharded channels."""

_PAUSE = (0.1, 0.25)
"""Seconds between attempts to reach a server that is away, by chance."""

_WATCH = 1.0
"""Seconds between looks at a server that is there."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself.

    `run_id` changes when its memory may have: with a restart, and when a replica takes over.
    `durable`: whether nothing that it acknowledged can have been lost by the time of another
    `run_id`. It cannot where everything is on the disk before it is acknowledged, and there is no
    replica that takes over and may lack the newest.
    """

    run_id: str
    durable: bool


@dataclass(frozen=True, slots=True)
class Watcher:
    """What is called when something happens on a node's connection, at once and in order."""

    told: Callable[[bytes, bytes], None]
    left: Callable[[Line, bytes], None]
    connected: Callable[[], None]
    lost: Callable[[Line], None]


class Node:
    """Use it while `keep` runs. `find` says where the server is, anew for every connection.

    `clustered`: whether it is to be one of a cluster.
    """

    def __init__(
        self,
        find: Callable[[], Awaitable[Address]],
        login: Login,
        *,
        patience: float,
        watcher: Watcher,
        clustered: bool = False,
    ) -> None:
        self.line: Line | None = None
        self._find = find
        self._login = login
        self._patience = patience
        self._watcher = watcher
        self._clustered = clustered
        self._name = "Redis"
        self._trouble = "Redis is not connected yet"
        self._warned = False
        self._server: Server | None = None
        self._connected = asyncio.Event()

    @property
    def server(self) -> Server:
        """What the server last said, also while it is away; raises `RedisUnavailable`."""
        if self._server is None:
            raise RedisUnavailable(self._trouble)
        return self._server

    async def connected(self) -> None:
        """Wait until the server answers; raises `RedisUnavailable` when it takes too long."""
        try:
            async with asyncio.timeout(self._patience):
                await self._connected.wait()
        except TimeoutError:
            raise RedisUnavailable(self._trouble) from None

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers in order, errors of the server's among them; raises `RedisUnavailable`."""
        line = self.line
        if line is None:
            raise RedisUnavailable(self._trouble)
        try:
            async with asyncio.timeout(self._patience):
                return await line.ask(*commands)
        except TimeoutError:
            self._down(line, f"it did not answer within {self._patience:g} s")
        except LineLost as error:
            self._down(line, str(error))
        raise RedisUnavailable(self._trouble)

    async def keep(self) -> NoReturn:
        """Keep the server connected until cancelled."""
        try:
            while True:
                try:
                    await self._stay_connected()
                except LineLost:
                    if self.line is not None:  # otherwise who gave it up has said why
                        self._down(self.line, "the connection was lost")
                except (RedisError, OSError, TimeoutError, _Unusable) as error:
                    self._down(self.line, said(error))
                await asyncio.sleep(random.uniform(*_PAUSE))
        finally:
            self._give_up()

    def renounce(self) -> None:
        """Give the connection up and look for the server again: it is no longer who it was."""
        if self.line is not None:
            self._down(self.line, "it is no longer the master")

    async def _stay_connected(self) -> None:
        address = await self._find()
        self._name = f"Redis at {address}"
        connection = await connect(address, self._login, self._patience)
        watcher = self._watcher
        line = Line(connection, told=watcher.told, left=watcher.left)
        await race(line.talk(), self._watch(line))

    async def _watch(self, line: Line) -> NoReturn:
        while True:
            async with asyncio.timeout(self._patience):
                self._server = await _examined(line, self._clustered)
            if self.line is None:
                self._up(line)
            await asyncio.sleep(_WATCH)

    def _up(self, line: Line) -> None:
        self.line = line
        self._connected.set()
        if self._warned:
            self._warned = False
            logger.warning("%s is back.", self._name)
        self._watcher.connected()

    def _down(self, line: Line | None, why: str) -> None:
        if line is not self.line:
            return
        self._trouble = f"{self._name} is away: {why}"
        if not self._warned:
            self._warned = True
            logger.warning("%s.", self._trouble)
        self._give_up()

    def _give_up(self) -> None:
        if self.line is not None:
            line, self.line = self.line, None
            self._connected.clear()
            line.lose()
            self._watcher.lost(line)


class _Unusable(Exception):
    """There is a server, but none to work with now."""


async def _examined(line: Line, clustered: bool) -> Server:
    info, appendonly, appendfsync, cluster = await line.ask(
        ("INFO",),
        ("CONFIG", "GET", "appendonly"),
        ("CONFIG", "GET", "appendfsync"),
        ("CLUSTER", "INFO"),
    )
    if isinstance(info, ResponseError):
        raise info
    facts = dict(
        entry.split(":", 1) for entry in info.decode(errors="replace").splitlines() if ":" in entry
    )
    version = facts.get("redis_version", "")
    if int(version.partition(".")[0] or 0) < _OLDEST:
        raise _Unusable(f"it is of version {version}, and {_OLDEST}.0 is needed")
    if facts.get("role") != "master":
        raise _Unusable("it is a replica")
    if facts.get("loading") == "1":
        raise _Unusable("it is loading its data")
    if facts.get("cluster_enabled") == "1":
        if not clustered:
            raise _Unusable("it is one of a cluster, whose URL begins with redis+cluster://")
        if b"cluster_state:ok" not in cluster:
            raise _Unusable("its cluster is down")
    return Server(
        # A replica that takes over gives its data a new id; one that steps back loses its own.
        run_id=f"{facts.get('run_id')}.{facts.get('master_replid')}",
        durable=_set_to(appendonly, b"yes")
        and _set_to(appendfsync, b"always")
        and facts.get("connected_slaves") == "0"
        and not facts.get("master_replid2", "").strip("0"),
    )


def _set_to(answer: object, value: bytes) -> bool:
    """Whether CONFIG GET said so; it may be refused."""
    return isinstance(answer, dict) and value in answer.values()


def said(error: BaseException) -> str:
    """The first reason in words, without its dot."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return str(error).rstrip(".") or type(error).__name__
