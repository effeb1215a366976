"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from tests.processes import Server, running_server
from tests.redis_servers import RedisCluster, RedisServer, running_cluster, running_redis


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests (`@pytest.mark.anyio`) run on asyncio, like the product."""
    return "asyncio"


@pytest.fixture(scope="session")
def demo_recording() -> Path:
    """56 s of real speech in Ogg/Opus that ships with the product."""
    return Path(str(resources.files("captioner") / "demo" / "speech.opus"))


@pytest.fixture(scope="session")
def demo_reference() -> str:
    """What `demo_recording` says."""
    path = resources.files("captioner") / "demo" / "speech.txt"
    return " ".join(path.read_text(encoding="utf-8").split())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server for all tests that leave it as they found it: each in a room of its own."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis for all tests that do not mind what others leave there, and break nothing."""
    with running_redis() as running:
        yield running


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    """The same, of three servers."""
    with running_cluster() as running:
        yield running
