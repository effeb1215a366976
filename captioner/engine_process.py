"""The embedded engine as a child process: started, watched, started again, stopped.

It is a process of its own, so that a crash in it is a lost connection here and no more. The child
holds our end of its stdin: when this process is gone, however that came, it goes too.
"""

from __future__ import annotations

import asyncio
import json
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from captioner.errors import EngineUnavailable

FIRST_DELAY = 0.25
LONGEST_DELAY = 10.0
"""Seconds between a death and the next start, doubled with every death in a row."""
HEALTHY_AFTER = 30.0
"""Seconds of life after which a death is not one in a row."""
STOP_SECONDS = 10.0
"""How long the engine may take to finish before it is killed."""

logger = logging.getLogger(__name__)


class EngineProcess:
    """The running engine. `port` stays the same over restarts, so that clients find it again."""

    def __init__(self, command: Sequence[str]) -> None:
        self.port = 0
        self.ready = False
        self._command = command
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where its Realtime sessions are."""
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    async def start(self) -> None:
        """Start it and wait until its models are loaded; raises `EngineUnavailable`."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            *("--host", "127.0.0.1", "--port", str(self.port), "--until-stdin-closes"),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for us alone: the engine goes last
        )
        try:
            self.port = await _port(self._process)
        except BaseException:  # it has nothing to finish yet
            with suppress(ProcessLookupError):
                self._process.kill()
            raise
        self.ready = True

    async def supervise(self) -> None:
        """Start it again whenever it dies, until cancelled."""
        clock = asyncio.get_running_loop().time
        delay = FIRST_DELAY
        while self._process is not None:
            since = clock()
            code = await self._process.wait()
            await self.stop()
            if clock() - since > HEALTHY_AFTER:
                delay = FIRST_DELAY
            logger.warning("The engine ended (%d); it is started again in %g s.", code, delay)
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)
            with suppress(EngineUnavailable, OSError):
                await self.start()

    async def stop(self) -> None:
        """Let it finish what it decodes, if that is soon; its pipes are closed."""
        self.ready = False
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.communicate()
        except TimeoutError:
            self._process.kill()
            await self._process.communicate()


@asynccontextmanager
async def engine_process(*command: str) -> AsyncIterator[EngineProcess]:
    """The engine, ready and supervised until the block ends.

    `command`: the arguments that start it, but for its address. Raises `EngineUnavailable` where
    it does not start at all; it has said why on stderr itself.
    """
    engine = EngineProcess(command)
    try:
        await engine.start()
        supervising = asyncio.create_task(engine.supervise())
        try:
            yield engine
        finally:
            supervising.cancel()
            await asyncio.wait([supervising])
    finally:
        await engine.stop()


async def _port(process: Process) -> int:
    """The port in the line that says that the engine is ready."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        code = await process.wait()
        raise EngineUnavailable(f"The engine did not start (exit code {code}).")
    return int(json.loads(line)["port"])
