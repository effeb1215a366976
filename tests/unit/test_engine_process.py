from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import psutil
import pytest

from captioner.engine_process import engine_process
from captioner.errors import EngineUnavailable

pytestmark = pytest.mark.anyio

ENGINE = """
import json, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
print(json.dumps({"ready": True, "port": port or 4711}), flush=True)
sys.stdin.read()
"""


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if ENGINE in child.cmdline()]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  nobody tells of a process's death
            await asyncio.sleep(0.02)


async def test_an_engine_says_its_port_and_goes_with_the_block() -> None:
    async with engine_process(sys.executable, "-c", ENGINE) as engine:
        assert engine.ready
        assert engine.url == "ws://127.0.0.1:4711/v1/realtime"
        assert len(children()) == 1
    assert not engine.ready
    assert not children()


async def test_an_engine_that_dies_is_started_again_on_its_port() -> None:
    async with engine_process(sys.executable, "-c", ENGINE) as engine:
        for _ in range(2):
            first = children()[0]
            first.kill()
            await until(lambda: not engine.ready)
            await until(lambda: engine.ready)
            assert children()[0].pid != first.pid
            assert engine.port == 4711
    assert not children()


async def test_an_engine_that_does_not_start_is_an_error() -> None:
    with pytest.raises(EngineUnavailable, match="exit code 3"):
        async with engine_process(sys.executable, "-c", "exit(3)"):
            pass


async def test_an_engine_that_is_being_started_again_does_not_outlive_the_block() -> None:
    async with engine_process(sys.executable, "-c", ENGINE) as engine:
        children()[0].kill()
        await until(lambda: not engine.ready)
    assert not children()
