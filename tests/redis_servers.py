"""Real Redis servers for tests: on free ports, gone with the test, stopped and killed at will."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
import redis

from tests.processes import free_port, wait_for

Started = TypeVar("Started", bound="RedisServer")

IN_MEMORY = ("--save", "", "--appendonly", "no")
"""A restart loses everything."""

DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
"""Nothing acknowledged is ever lost."""


class RedisServer:
    """A `redis-server` that a test may treat as it likes; it keeps port and files throughout."""

    def __init__(self, folder: Path, options: Sequence[str], port: int | None = None) -> None:
        self.port = port or free_port()
        self.folder = folder
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_binary(), *self._arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(self._answers, f"redis-server answers on port {self.port}")

    def stop(self) -> None:
        """Shut down in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """It answers nothing, and keeps every connection."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def ask(self, *command: str | int) -> Any:
        """The answer to a command, over a connection of its own; text is decoded."""
        with redis.Redis(port=self.port, decode_responses=True, socket_timeout=10) as client:
            return client.execute_command(*command)

    def _arguments(self) -> tuple[str, ...]:
        return (
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.folder), "--repl-diskless-sync-delay", "0"),
            *self._options,
        )

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            log = (self.folder / "redis.log").read_text(encoding="utf-8")
            raise AssertionError(f"redis-server stopped at once:\n{log}")
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.send_signal(how)
            self._process.wait(30)

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, which)


class Sentinel(RedisServer):
    """Watches a server under the name `main`, and makes a replica of it the master."""

    def __init__(self, folder: Path, master: RedisServer) -> None:
        super().__init__(folder, ())
        self._master = master

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.port}/main"

    def _arguments(self) -> tuple[str, ...]:
        configuration = self.folder / "sentinel.conf"
        configuration.write_text(
            f"port {self.port}\n"
            "bind 127.0.0.1\n"
            f"sentinel monitor main 127.0.0.1 {self._master.port} 1\n"
            "sentinel down-after-milliseconds main 500\n"
            "sentinel failover-timeout main 5000\n"
        )
        return str(configuration), "--sentinel"


class RedisCluster:
    """Three servers that share the slots."""

    def __init__(self, servers: Sequence[RedisServer]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.servers[0].port}"

    def serving(self, key: str) -> RedisServer:
        """Which of them keeps a key."""
        slot: int = self.servers[0].ask("CLUSTER", "KEYSLOT", key)
        return self.servers[slot // -(-16384 // len(self.servers))]


@contextmanager
def running_redis(*options: str) -> Iterator[RedisServer]:
    """A server for a test; it keeps nothing on disk unless `options` say so."""
    with TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder), options or IN_MEMORY)
        with _running(server):
            yield server


@contextmanager
def running_cluster(*, replica: bool = False) -> Iterator[RedisCluster]:
    """A cluster of three servers, the first of them with a replica if wanted."""
    with ExitStack() as stack:
        servers: dict[RedisServer, int] = {}
        for _ in range(4 if replica else 3):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="redis-")))
            bus = free_port()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(bus), *IN_MEMORY)
            timeout = ("--cluster-node-timeout", "1000") if replica else ()
            servers[stack.enter_context(_running(RedisServer(folder, (*options, *timeout))))] = bus
        first, second, third, *others = servers
        _join((first, second, third), servers)
        for other in others:
            _replicate(first, other)
        yield RedisCluster((first, second, third))


def _join(masters: Sequence[RedisServer], buses: Mapping[RedisServer, int]) -> None:
    """Give each master its part of the slots, and make all servers known to each other."""
    share = -(-16384 // len(masters))
    for number, master in enumerate(masters):
        last = min((number + 1) * share, 16384) - 1
        master.ask("CLUSTER", "ADDSLOTSRANGE", number * share, last)
        master.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for server, bus in buses.items():
        masters[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port, bus)

    def agreed() -> bool:
        return all(_agrees(server, len(buses)) for server in buses)

    wait_for(agreed, "the cluster has formed")


def _agrees(server: RedisServer, size: int) -> bool:
    info = server.ask("CLUSTER", "INFO")
    return "cluster_state:ok" in info and f"cluster_known_nodes:{size}" in info


def _replicate(master: RedisServer, replica: RedisServer) -> None:
    replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
    _wait_for_replica(replica)


def _wait_for_replica(replica: RedisServer) -> None:
    wait_for(
        lambda: replica.ask("INFO", "replication").get("master_link_status") == "up",
        "the replica follows its master",
    )


@contextmanager
def running_sentinel() -> Iterator[tuple[Sentinel, RedisServer, RedisServer]]:
    """A sentinel, the master that it watches, and that one's replica."""
    with ExitStack() as stack:
        master = stack.enter_context(running_redis())
        follow = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = stack.enter_context(running_redis(*IN_MEMORY, *follow))
        _wait_for_replica(replica)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="redis-")))
        sentinel = stack.enter_context(_running(Sentinel(folder, master)))
        wait_for(
            lambda: sentinel.ask("SENTINEL", "REPLICAS", "main"), "the sentinel knows the replica"
        )
        yield sentinel, master, replica


@contextmanager
def _running(server: Started) -> Iterator[Started]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _binary() -> str:
    found = shutil.which("redis-server")
    if found is None:
        pytest.fail("redis-server is missing: sudo apt install redis-server")
    return found
