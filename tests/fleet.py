"""A server of many processes that share a Redis, any of which may be killed at any moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.balancer import balanced
from tests.processes import Server, free_port, running_server

GATEWAY = "gateway"
WORKER = "ingest,translate,archive"


@dataclass(slots=True)
class Process:
    """One of them, under the port that it always has."""

    role: str
    port: int
    data: Path
    options: Sequence[str]
    _life: ExitStack = field(default_factory=ExitStack)
    server: Server | None = None

    def start(self) -> None:
        options = ("--role", self.role, *self.options)
        self.server = self._life.enter_context(
            running_server(self.data, *options, port=self.port, ready=True)
        )

    def kill(self) -> None:
        """`kill -9`."""
        assert self.server is not None
        self.server.kill()
        self._life.close()

    def stop(self) -> None:
        """Ctrl-C, and wait."""
        self._life.close()


@dataclass(slots=True)
class Fleet:
    """`gateways` and `workers` are addresses (host:port) of which each reaches some process."""

    processes: dict[str, Process]
    gateways: str
    workers: str
    killed: list[tuple[float, str]] = field(default_factory=list)
    """When (on the monotonic clock) and who."""

    async def kill(self, name: str) -> None:
        """Kill a process; a moment later it is started again, as a supervisor does."""
        self.killed.append((time.monotonic(), name))
        process = self.processes[name]
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)

    @asynccontextmanager
    async def killing(self, names: Iterator[str], *, every_s: float) -> AsyncIterator[None]:
        """Kill one after another while the block runs; then all of them live again."""
        over = asyncio.Event()

        async def kill() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await over.wait()
                        return
                await self.kill(next(names))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill())
            try:
                yield
            finally:
                over.set()

    def log(self) -> str:
        """What all processes said."""
        return "\n".join(
            f"--- {name}\n{(process.data / 'server.log').read_text()}"
            for name, process in self.processes.items()
        )


@asynccontextmanager
async def running_fleet(
    folder: Path, redis: str, engine: str, *, gateways: int = 2, workers: int = 2
) -> AsyncIterator[Fleet]:
    """Gateways, and workers that take audio, translate and archive; each with its own folder."""
    options = ("--redis", redis, "--engine", engine)
    names = [(f"gateway-{n}", GATEWAY) for n in range(gateways)]
    names += [(f"worker-{n}", WORKER) for n in range(workers)]
    processes = {name: Process(role, free_port(), folder / name, options) for name, role in names}

    def ports(role: str) -> list[int]:
        return [process.port for process in processes.values() if process.role == role]

    async with balanced(ports(GATEWAY)) as reading, balanced(ports(WORKER)) as publishing:
        try:
            await asyncio.gather(*(asyncio.to_thread(p.start) for p in processes.values()))
            yield Fleet(processes, f"127.0.0.1:{reading}", f"127.0.0.1:{publishing}")
        finally:
            stopping = (asyncio.to_thread(process.stop) for process in processes.values())
            await asyncio.gather(*stopping)
