"""Which server keeps what: the only one, the one that the sentinels name, or one of a cluster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AuthenticationError, RedisError

from captioner.errors import RedisUnavailable
from captioner.redis.address import Address, Login, Place
from captioner.redis.line import ask_once
from captioner.redis.node import Node, Watcher, said

logger = logging.getLogger(__name__)

_SETTLED = 10.0
_UNSETTLED = 0.25
_LEAST = 0.05
"""Seconds between looks at who serves what: while all is well, while a server is away, and while
something was not where it was thought to be, until all servers have heard where it is."""


class Nodes(Protocol):
    """The servers that are kept connected while `keep` runs."""

    @property
    def all(self) -> Sequence[Node]:
        """Those that are needed now; none while nobody knows."""
        ...

    @property
    def up(self) -> bool:
        """Whether there is one for every key, and all answer."""
        ...

    def serving(self, key: bytes) -> Node:
        """Which of them serves a key; raises `RedisUnavailable` while nobody knows."""
        ...

    def at(self, address: Address) -> Node:
        """The one at this address, to which a server referred."""
        ...

    def doubt(self) -> None:
        """Something was not where it was thought to be."""
        ...

    async def keep(self) -> NoReturn:
        """Keep the servers connected until cancelled."""
        ...


class OneNode:
    """One server serves everything."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def all(self) -> Sequence[Node]:
        return (self._node,)

    @property
    def up(self) -> bool:
        return self._node.line is not None

    def serving(self, key: bytes) -> Node:
        return self._node

    def at(self, address: Address) -> Node:
        return self._node

    def doubt(self) -> None:
        pass

    async def keep(self) -> NoReturn:
        await self._node.keep()


class Cluster:
    """The servers of a cluster, and which of its slots each serves.

    `refreshed` is called whenever they have said anew who serves what.
    """

    def __init__(
        self,
        place: Place,
        *,
        patience: float,
        watcher: Watcher,
        refreshed: Callable[[], None],
    ) -> None:
        self._seeds = place.addresses
        self._login = place.login
        self._patience = patience
        self._watcher = watcher
        self._refreshed = refreshed
        self._nodes: dict[Address, tuple[Node, asyncio.Task[NoReturn]]] = {}
        self._slots: list[tuple[range, Node]] = []
        self._doubt = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._warned = False

    @property
    def all(self) -> Sequence[Node]:
        return [node for node, _ in self._nodes.values()]

    @property
    def up(self) -> bool:
        covered = sum(len(slots) for slots, _ in self._slots)
        answering = all(node.line is not None for node in self.all)
        return answering and covered == REDIS_CLUSTER_HASH_SLOTS

    def serving(self, key: bytes) -> Node:
        slot = key_slot(key)
        for slots, node in self._slots:
            if slot in slots:
                return node
        raise RedisUnavailable("no server of the Redis cluster is known to serve this room")

    def at(self, address: Address) -> Node:
        if address not in self._nodes:
            node = Node(
                at(address),
                self._login,
                patience=self._patience,
                watcher=self._watcher,
                clustered=True,
            )
            self._nodes[address] = node, self._tasks.create_task(node.keep())
        return self._nodes[address][0]

    def doubt(self) -> None:
        self._doubt.set()

    async def keep(self) -> NoReturn:
        async with self._tasks:
            while True:
                self._doubt.clear()
                try:
                    self._assign(await self._known_slots())
                except (RedisUnavailable, RedisError, OSError, TimeoutError) as error:
                    self._warn(error)
                await asyncio.sleep(_LEAST)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLED if self.up else _UNSETTLED):
                        await self._doubt.wait()

    def _warn(self, error: Exception) -> None:
        """Say it once. A server that is away later on says so itself."""
        if not self._warned:
            self._warned = True
            seeds = ", ".join(map(str, self._seeds))
            logger.warning("The Redis cluster at %s is away: %s.", seeds, said(error))

    async def _known_slots(self) -> list[tuple[range, Address]]:
        for address, (node, _) in tuple(self._nodes.items()):
            if node.line is not None:
                (answer,) = await node.ask(("CLUSTER", "SLOTS"))
                return list(_slots(address, answer))
        known = dict.fromkeys((*self._nodes, *self._seeds))
        address, answer = await ask_once(known, self._login, self._patience, "CLUSTER", "SLOTS")
        return list(_slots(address, answer))

    def _assign(self, slots: list[tuple[range, Address]]) -> None:
        if not slots:
            return
        if self._warned:
            self._warned = False
            logger.warning("The Redis cluster is back.")
        self._slots = [(part, self.at(address)) for part, address in slots]
        for address in self._nodes.keys() - {address for _, address in slots}:
            node, task = self._nodes.pop(address)
            task.cancel()
        self._refreshed()


def _slots(asked: Address, answer: Any) -> Iterable[tuple[range, Address]]:
    """Who serves which slots, as CLUSTER SLOTS says; a server may not know its own host."""
    if isinstance(answer, Exception):
        raise answer
    for first, last, (host, port, *_), *_replicas in answer:
        known = host not in (None, b"", b"?")
        yield range(first, last + 1), Address(host.decode() if known else asked.host, port)


def at(address: Address) -> Callable[[], Awaitable[Address]]:
    """A server is always there."""

    async def find() -> Address:
        return address

    return find


class Sentinels:
    """Those who know where the master is."""

    def __init__(self, place: Place, *, patience: float) -> None:
        self._place = place
        self._patience = patience

    async def find(self) -> Address:
        """Where the master is now; raises `RedisError`, `OSError`, `TimeoutError`."""
        try:
            return await self._ask(self._place.login)
        except AuthenticationError:  # they may know other passwords than the master, or none
            return await self._ask(Login(tls=self._place.login.tls))

    async def _ask(self, login: Login) -> Address:
        _, (host, port) = await ask_once(
            self._place.addresses,
            login,
            self._patience,
            *("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._place.master),
        )
        return Address(host.decode(), int(port))
