"""The journal in Redis: a line and its event, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from captioner.archive.store import open_store
from captioner.rooms.records import Published
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.journal import SharedJournal, journal_lines
from captioner.rooms.shared.letters import KEEPER
from tests.redis_servers import RedisServer
from tests.unit.rooms.conftest import final, recorded
from tests.unit.rooms.shared.house import process

pytestmark = pytest.mark.anyio


async def test_a_line_that_is_there_already_is_published_once_under_one_number(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.ask("FLUSHALL")
    entry = Published(final("u1"), 1.0)
    async with process(redis_server.url) as running:
        with open_store(tmp_path) as store:
            await store.save(recorded(RoomSettings("demo")))
            lease = await running.leases.acquire("demo", KEEPER)
            assert lease is not None
            numbers = [
                # The second does not know what the first has written, as after a lost answer.
                await SharedJournal(running.redis, store, lease).keep("demo", entry)
                for _ in range(2)
            ]
        [told] = (await running.bus.history("demo")).events
        assert numbers == [told.seq, told.seq]
        assert len(await journal_lines(running.redis, "demo")) == 1
