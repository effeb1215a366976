"""Fixtures of the contract's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.edge import Edge, running_edge
from tests.contract.engine import INTERPRETING, Engine, pcm, running_engine
from tests.contract.realtime import Realtime, real_engine, without_faults


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


@pytest.fixture(scope="session")
def interpreting_engine() -> Iterator[Engine]:
    """One that translates by a dictionary and speaks by espeak-ng."""
    with running_engine(command=INTERPRETING) as engine:
        yield engine


@pytest.fixture(scope="session")
def demo_audio(demo_recording: Path) -> bytes:
    """The recording that ships with the product, as clients send it."""
    return pcm(demo_recording)


@pytest.fixture(params=["engine", "faultless"])
async def realtime(
    request: pytest.FixtureRequest, demo_audio: bytes, demo_reference: str
) -> AsyncIterator[Realtime]:
    """Every server of the protocol, in turn."""
    if request.param == "engine":
        yield real_engine(request.getfixturevalue("engine"), demo_audio, demo_reference)
    else:
        async with without_faults() as server:
            yield server
