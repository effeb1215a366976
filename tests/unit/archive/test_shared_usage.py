"""What several processes use is one account, and their budgets are one, whatever Redis does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from captioner.accounts.accounts import Accounts, RoomUsage
from captioner.accounts.budget import Budget, Budgets
from captioner.archive.shared_usage import SharedUsage
from captioner.captions.model import Settled
from captioner.errors import RedisUnavailable
from captioner.realtime.cost import Usage, price_table
from captioner.realtime.tokens import Tokens
from captioner.redis.connection import Redis, connected
from captioner.rooms.records import RoomRecord
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.copies import register
from tests.redis_servers import RedisCluster, RedisServer, running_redis
from tests.unit.accounts.house import NOON, talk
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.rooms.shared.test_room import caption, settled, until

pytestmark = pytest.mark.anyio

PAID = ("openai", "cent")
DEMO = RoomSettings("demo", language="en")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@dataclass
class Time:
    now: datetime = field(default=NOON)


@dataclass
class Ingest:
    """What a process that captions counts."""

    redis: Redis
    records: SharedUsage
    accounts: Accounts

    async def usage(self, room: str = "demo") -> RoomUsage:
        return await self.records.usage(room, self.accounts)

    async def total(self, room: str = "demo") -> Usage:
        return sum((await self.usage(room)).sessions.values(), Usage())


@asynccontextmanager
async def ingest(
    server: RedisServer | RedisCluster,
    *,
    room: float = 0.0,
    day: float = 0.0,
    time: Time | None = None,
) -> AsyncIterator[Ingest]:
    """A process with budgets; it flushes when it is told to."""
    at = time or Time()
    async with connected(server.url, patience=0.5) as redis:
        await redis.wait_until_up()
        records = SharedUsage(redis)
        budgets = Budgets(Budget(room), Budget(day))
        yield Ingest(
            redis,
            records,
            Accounts(price_table({"cent": 0.01}), budgets, records, lambda: at.now),
        )


@asynccontextmanager
async def house(server: RedisServer, data: Path) -> AsyncIterator[Process]:
    """A process that keeps the rooms `demo` and `other`."""
    async with process(server.url, data) as running:
        await running.rooms.create(DEMO)
        await running.rooms.create(RoomSettings("other"))
        yield running


async def test_what_two_processes_use_is_one_account(server: RedisServer, tmp_path: Path) -> None:
    time = Time()
    async with house(server, tmp_path), ingest(server, time=time) as one:
        async with ingest(server, time=time) as other:
            talk(one.accounts.meter("demo", "ana"), 2)
            await one.accounts.flush()
            time.now += timedelta(minutes=1)
            talk(other.accounts.meter("demo", "ben"), 3)
            await other.accounts.flush()
            usage = await one.usage()
            assert [s.track for s in usage.sessions] == ["ana", "ben"], "in the order of begin"
            assert usage.room.spent_usd == usage.day.spent_usd == pytest.approx(0.05)
            assert (await other.usage()) == usage


async def test_a_session_is_one_entry_however_often_it_is_counted(
    server: RedisServer, tmp_path: Path
) -> None:
    time = Time()
    async with house(server, tmp_path), ingest(server, time=time) as one:
        meter = one.accounts.meter("demo", "mic")
        meter.opened("s1", *PAID)
        for _ in range(10):
            meter.sent("s1", 60.0)
            await one.accounts.flush()
        assert server.ask("HLEN", "captioner:{demo}:usage") == 1
        time.now += timedelta(days=1)
        meter.sent("s1", 60.0)
        await one.accounts.flush()
        assert server.ask("HLEN", "captioner:{demo}:usage") == 2
        usage = await one.usage()
        [total] = usage.sessions.values()
        assert total.sent_s == 660.0
        assert usage.room.spent_usd == pytest.approx(0.11)
        assert usage.day.spent_usd == pytest.approx(0.01)


async def test_a_rooms_budget_holds_over_all_processes_from_the_first_session_on(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(server, tmp_path), ingest(server, room=0.1) as one:
        async with ingest(server, room=0.1) as other:
            talk(one.accounts.meter("demo", "ana"), 10)
            await one.accounts.flush()
            meter = other.accounts.meter("demo", "ben")
            with caplog.at_level(logging.WARNING):
                caplog.clear()
                await meter.opening()
            assert meter.refusal(*PAID) == "the room's budget of 0.10 USD is spent"
            assert [record.getMessage() for record in caplog.records] == [
                "the budget of room demo, 0.10 USD, is spent: nothing that costs is sent"
            ]
            elsewhere = other.accounts.meter("other", "ben")
            await elsewhere.opening()
            assert elsewhere.refusal(*PAID) is None


async def test_translation_and_speech_are_of_the_same_account_and_budget(
    server: RedisServer, tmp_path: Path
) -> None:
    async with (
        house(server, tmp_path),
        ingest(server, room=0.05) as one,
        ingest(server, room=0.05) as other,
    ):
        talk(one.accounts.meter("demo", "ana"), 3)
        meter = other.accounts.token_meter
        assert await meter.refusal("demo", "openai", "gpt-realtime-2.1") is None
        meter.reported("demo", "speech", "openai", "gpt-realtime-2.1", Tokens(5_000, 0))
        for each in (one, other):
            await each.accounts.flush()
        usage = await one.usage()
        assert [(model.kind, used.input_tokens) for model, used in usage.interpreting.items()] == [
            ("speech", 5_000)
        ]
        assert len(usage.sessions) == 1
        assert usage.room.spent_usd == usage.day.spent_usd == pytest.approx(0.05)
        assert await meter.refusal("demo", "openai", "gpt-realtime-2.1") is not None


async def test_who_begins_to_translate_a_room_learns_first_what_others_spent(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path), ingest(server, room=0.05) as one:
        talk(one.accounts.meter("demo", "ana"), 6)
        await one.accounts.flush()
        async with ingest(server, room=0.05) as other:
            meter = other.accounts.token_meter
            assert await meter.refusal("demo", "openai", "gpt-realtime-2.1") is not None
            assert await meter.refusal("demo", "embedded", "captioner-translate") is None


async def test_budgets_hold_over_a_cluster_too(redis_cluster: RedisCluster) -> None:
    async with ingest(redis_cluster, day=0.1) as one, ingest(redis_cluster, day=0.1) as other:
        for number in range(10):
            room = f"usage-{number}"
            record = RoomRecord(RoomSettings(room), NOON, "idle")
            await register(one.redis, record)
            talk(one.accounts.meter(room, "ana"), 1)
            talk(other.accounts.meter(room, "ben"), 1)
        for each in (one, other):
            await each.accounts.flush()
        assert (await one.usage("usage-7")).room.spent_usd == pytest.approx(0.02)
        assert (await one.usage("usage-7")).day.spent_usd == pytest.approx(0.2)
        assert other.accounts.usage("usage-7").room.spent_usd == pytest.approx(0.02)
        assert other.accounts.usage("usage-7").day.spent_usd == pytest.approx(0.2)


async def test_an_open_session_learns_what_the_others_spend(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path), ingest(server, room=0.1) as one:
        async with ingest(server, room=0.1) as other:
            meters = [each.accounts.meter("demo", "mic") for each in (one, other)]
            for meter in meters:
                meter.opened("s1", *PAID)
            for _ in range(5):
                for each, meter in zip((one, other), meters, strict=True):
                    assert meter.refusal(*PAID) is None
                    meter.sent("s1", 60.0)
                    await each.accounts.flush()
            assert meters[1].refusal(*PAID) is not None
            meters[0].sent("s1", 1.0)
            await one.accounts.flush()
            assert meters[0].refusal(*PAID) is not None


async def test_the_days_budget_holds_over_all_processes_and_rooms(
    server: RedisServer, tmp_path: Path
) -> None:
    time = Time()
    async with house(server, tmp_path), ingest(server, day=0.1, time=time) as one:
        async with ingest(server, day=0.1, time=time) as other:
            talk(one.accounts.meter("demo", "mic"), 5)
            talk(other.accounts.meter("other", "mic"), 5)
            for each in (one, other, one):
                await each.accounts.flush()
            for each in (one, other):
                meter = each.accounts.meter("demo", "another")
                assert meter.refusal(*PAID) is not None
            time.now += timedelta(days=1)
            assert one.accounts.meter("demo", "mic").refusal(*PAID) is None
            assert (await one.usage()).day.spent_usd == 0.0


async def test_an_erased_room_has_no_usage_and_its_day_stays_spent(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path) as running, ingest(server, room=0.1) as one:
        meter = one.accounts.meter("demo", "mic")
        talk(meter, 10)
        await one.accounts.flush()
        await running.rooms.delete("demo")
        assert server.ask("KEYS", "captioner:{demo}:*") == []
        meter.sent("s1", 60.0)
        await one.accounts.flush()
        assert server.ask("KEYS", "captioner:{demo}:*") == []
        assert (await one.usage()).day.spent_usd == pytest.approx(0.11)


async def test_another_room_of_the_same_id_begins_anew_though_nobody_said_so(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path) as running, ingest(server, room=0.1) as one:
        talk(one.accounts.meter("demo", "mic"), 10)
        await one.accounts.flush()
        await running.rooms.delete("demo")
        await running.rooms.create(DEMO)
        meter = one.accounts.meter("demo", "mic")
        await meter.opening()
        assert meter.refusal(*PAID) is None
        talk(meter, 2, session="s2")
        await one.accounts.flush()
        usage = await one.usage()
        assert [session.name for session in usage.sessions] == ["s2"]
        assert usage.room.spent_usd == pytest.approx(0.02)
        assert one.accounts.usage("demo").room.spent_usd == pytest.approx(0.02)


async def away(one: Ingest, server: RedisServer) -> None:
    server.freeze()
    with pytest.raises(RedisUnavailable):
        await one.redis.read(("GET", "captioner:nothing"))


async def test_what_was_added_and_not_answered_counts_once(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path), ingest(server) as one:
        meter = one.accounts.meter("demo", "mic")
        talk(meter, 1)
        await one.accounts.flush()
        meter.sent("s1", 60.0)
        server.freeze()
        await one.accounts.flush()
        assert not one.redis.up
        server.thaw()
        await until(
            lambda: '"sent_s":120.0' in server.ask("HVALS", "captioner:{demo}:usage")[0],
            "Redis takes what was written to it before",
        )
        await one.redis.wait_until_up()
        await one.accounts.flush()
        assert (await one.total()).sent_s == 120.0
        assert (await one.usage()).day.spent_usd == pytest.approx(0.02)


async def test_while_redis_is_away_what_was_known_and_the_own_spending_count(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path), ingest(server, room=0.1) as one:
        async with ingest(server, room=0.1) as other:
            talk(one.accounts.meter("demo", "ana"), 5)
            await one.accounts.flush()
            meter = other.accounts.meter("demo", "ben")
            await meter.opening()
            await away(other, server)
            await meter.opening()
            meter.opened("s1", *PAID)
            meter.sent("s1", 240.0)
            await other.accounts.flush()
            assert meter.refusal(*PAID) is None
            meter.sent("s1", 60.0)
            assert meter.refusal(*PAID) is not None
            server.thaw()
            await other.redis.wait_until_up()
            await other.accounts.flush()
            assert (await other.usage()).room.spent_usd == pytest.approx(0.1)


async def test_a_redis_that_forgot_everything_is_told_again_by_those_that_run(
    server: RedisServer, tmp_path: Path
) -> None:
    async with house(server, tmp_path) as running, ingest(server) as one:
        room = await running.rooms.get("demo")
        await room.open_track("mic", Speaker())
        await room.publish(caption("u1", "One."), settled=Settled("mic", 1.0))
        await settled(room, 1.0)
        talk(one.accounts.meter("demo", "mic"), 2)
        talk(one.accounts.meter("demo", "mic"), 3, session="s2")
        await one.accounts.flush()
        before = await one.usage()
        async with ingest(server) as other:
            talk(other.accounts.meter("demo", "mic"), 5)
            await other.accounts.flush()
        server.kill()
        server.start()
        await until(lambda: not one.redis.up, "Redis is known to be away")
        await one.redis.wait_until_up()
        await until(lambda: server.ask("EXISTS", "captioner:{demo}:room"), "the room is known")
        async with asyncio.timeout(30):
            while one.accounts.usage("demo").room != (await one.usage()).room:
                await one.accounts.flush()
        assert await one.usage() == before
