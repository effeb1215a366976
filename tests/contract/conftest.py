"""Fixtures of the contract's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.edge import Edge, running_edge
from tests.contract.engine import Engine, running_engine


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    """A server without an engine, for this test alone."""
    async with running_edge(tmp_path) as edge:
        yield edge


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A real engine process for all tests that leave it as they found it."""
    with running_engine() as engine:
        yield engine
