"""What the rooms use is counted, kept, and held within budgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pytest

from captioner.accounts.accounts import Accounts
from captioner.accounts.budget import Budgets
from captioner.accounts.records import Used
from captioner.realtime.cost import PRICES, Usage
from tests.unit.accounts.house import NOON, House, talk
from tests.unit.archive.waiting import until

pytestmark = pytest.mark.anyio

PAID = ("openai", "cent")


def total(accounts: Accounts, room: str = "demo") -> Usage:
    return sum(accounts.usage(room).sessions.values(), Usage())


async def test_a_room_is_told_session_by_session(house: House) -> None:
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        meter.opened("s1", *PAID)
        house.now += timedelta(minutes=2)
        meter.opened("s2", "openai", "something-new")
        meter.sent("s1", 60.0)
        meter.reported("s1", {"type": "duration", "seconds": 90})
        usage = accounts.usage("demo")
    first, second = usage.sessions.items()
    assert (first[0].track, first[0].name, first[0].started_at) == ("mic", "s1", NOON)
    assert (first[0].engine, first[0].model) == PAID
    assert (first[1].sent_s, first[1].billed_s, first[1].items) == (60.0, 90.0, 1)
    assert (second[0].price, second[1]) == (None, Usage())
    assert usage.room.spent_usd == pytest.approx(0.015)


async def test_a_room_that_used_nothing_has_an_empty_account(house: House) -> None:
    async with house.accounts() as accounts:
        usage = accounts.usage("demo")
    assert (usage.sessions, usage.room.spent_usd, usage.room.state) == ({}, 0.0, "none")


async def test_usage_of_an_item_may_come_after_its_session_was_closed(house: House) -> None:
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 1)
        meter.reported("s1", {"type": "duration", "seconds": 120})
        assert total(accounts).billed_s == 120.0


async def test_what_was_flushed_is_there_after_a_kill(house: House) -> None:
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 1)
        await accounts.flush()
        meter.sent("s1", 60.0)
        await accounts.flush()
        kept = accounts.usage("demo")
        meter.sent("s1", 60.0)
    async with house.accounts() as accounts:
        assert accounts.usage("demo") == kept
        assert accounts.usage("other").day.spent_usd == pytest.approx(0.02)


async def test_sessions_of_one_name_before_and_after_a_restart_are_two(house: House) -> None:
    for _ in range(2):
        house.now += timedelta(hours=1)
        async with house.accounts() as accounts:
            talk(accounts.meter("demo", "mic"), 1)
            await accounts.flush()
            usage = accounts.usage("demo")
    assert [(s.name, s.started_at.hour) for s in usage.sessions] == [("s1", 13), ("s1", 14)]


async def test_a_new_price_does_not_change_what_was_paid(house: House) -> None:
    async with house.accounts() as accounts:
        talk(accounts.meter("demo", "mic"), 1)
        await accounts.flush()
    house.cent = 1.0
    async with house.accounts() as accounts:
        assert accounts.usage("demo").room.spent_usd == pytest.approx(0.01)
        talk(accounts.meter("demo", "mic"), 1, session="s2")
        assert accounts.usage("demo").room.spent_usd == pytest.approx(1.01)


async def test_what_a_closed_session_used_is_written_at_once(house: House) -> None:
    async with house.accounts(pause=3600.0) as accounts, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(accounts.run())
        talk(accounts.meter("demo", "mic"), 1)
        await until(house.usage_file("demo").exists)
        run.cancel()


async def test_what_is_sent_in_an_open_session_is_written_soon(house: House) -> None:
    async with house.accounts() as accounts, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(accounts.run())
        meter = accounts.meter("demo", "mic")
        meter.opened("s1", *PAID)
        meter.sent("s1", 1.0)
        await until(house.usage_file("demo").exists)
        run.cancel()


async def test_what_is_counted_when_it_stops_is_still_written(house: House) -> None:
    async with house.accounts(pause=3600.0) as accounts:
        run = asyncio.create_task(accounts.run())
        await asyncio.sleep(0)
        meter = accounts.meter("demo", "mic")
        meter.opened("s1", *PAID)
        meter.sent("s1", 60.0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    async with house.accounts() as accounts:
        assert total(accounts).sent_s == 60.0


async def test_nothing_is_written_where_nothing_was_used(house: House) -> None:
    async with house.accounts() as accounts:
        accounts.meter("demo", "mic").opened("s1", *PAID)
        await accounts.flush()
    assert not house.usage_file("demo").exists()


async def test_what_the_disk_does_not_take_is_written_later(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    folder = house.usage_file("demo").parent
    folder.rmdir()
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 1)
        await accounts.flush()
        assert "usage of room demo is not kept" in caplog.text
        folder.mkdir()
        meter.sent("s1", 60.0)
        await accounts.flush()
    async with house.accounts() as accounts:
        assert total(accounts).sent_s == 120.0


async def test_a_rooms_budget_warns_and_then_refuses_with_its_limit(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.limit(room=0.1)
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        states = []
        with caplog.at_level(logging.WARNING):
            meter.opened("s1", *PAID)
            for _ in range(12):
                meter.sent("s1", 60.0)
                states.append(accounts.usage("demo").room.state)
        assert states == ["ok"] * 7 + ["warning"] * 2 + ["spent"] * 3
        assert [record.getMessage() for record in caplog.records] == [
            "the budget of room demo, 0.10 USD, is nearly spent",
            "the budget of room demo, 0.10 USD, is spent: nothing that costs is sent",
        ]
        assert meter.refusal(*PAID) == "the room's budget of 0.10 USD is spent"
        assert accounts.meter("other", "mic").refusal(*PAID) is None


async def test_what_is_free_is_never_refused_and_what_nobody_can_price_is(house: House) -> None:
    house.limit(room=0.1)
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        assert meter.refusal("openai", "something-new") is None
        talk(meter, 10)
        assert meter.refusal("embedded", "whatever") is None
        assert meter.refusal("ours", "captioner-live") is None
        assert meter.refusal("openai", "something-new") is not None


async def test_usage_without_a_price_spends_no_budget(house: House) -> None:
    house.limit(room=0.1, day=0.1)
    async with house.accounts() as accounts:
        talk(accounts.meter("demo", "mic"), 100, model="something-new")
        usage = accounts.usage("demo")
    assert (usage.room.state, usage.day.state) == ("ok", "ok")


async def test_a_spent_budget_is_spent_after_a_restart(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.limit(room=0.1, day=0.1)
    async with house.accounts() as accounts:
        talk(accounts.meter("demo", "mic"), 10)
        await accounts.flush()
    caplog.clear()
    async with house.accounts() as accounts:
        assert accounts.meter("demo", "mic").refusal(*PAID) is not None
        assert accounts.meter("other", "mic").refusal(*PAID) is not None
    assert caplog.records == []


async def test_the_days_budget_holds_for_all_rooms_until_midnight_utc(house: House) -> None:
    house.limit(day=0.1)
    async with house.accounts() as accounts:
        demo, other = accounts.meter("demo", "mic"), accounts.meter("other", "mic")
        talk(demo, 5)
        talk(other, 5)
        refusal = "the day's budget of 0.10 USD is spent, until midnight UTC"
        assert demo.refusal(*PAID) == other.refusal(*PAID) == refusal
        house.now = NOON.replace(hour=23, minute=59)
        assert demo.refusal(*PAID) == refusal
        house.now += timedelta(minutes=1)
        assert demo.refusal(*PAID) is None
        assert accounts.usage("demo").day.spent_usd == 0.0
        await accounts.flush()
    async with house.accounts() as accounts:
        assert accounts.usage("demo").day.spent_usd == 0.0
        assert accounts.usage("demo").room.spent_usd == pytest.approx(0.05)


async def test_a_clock_that_was_set_back_over_midnight_gives_no_money_back(house: House) -> None:
    house.limit(day=0.1)
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 10)
        house.now += timedelta(days=1)
        talk(meter, 1, session="s2")
        house.now -= timedelta(days=1)
        assert meter.refusal(*PAID) is not None


async def test_a_session_over_midnight_counts_on_both_days(house: House) -> None:
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 3)
        house.now += timedelta(days=1)
        meter.sent("s1", 60.0)
        await accounts.flush()
    async with house.accounts() as accounts:
        assert accounts.usage("demo").day.spent_usd == pytest.approx(0.01)
        assert accounts.usage("demo").room.spent_usd == pytest.approx(0.04)
        assert len(accounts.usage("demo").sessions) == 1


async def test_an_erased_room_gives_the_day_no_money_back(house: House) -> None:
    house.limit(room=0.1, day=0.1)
    async with house.accounts() as accounts:
        meter = accounts.meter("demo", "mic")
        talk(meter, 10)
        accounts.forget("demo")
        assert accounts.usage("demo").sessions == {}
        assert accounts.usage("demo").room.state == "ok"
        assert accounts.usage("demo").day.state == "spent"
        meter.sent("s1", 60.0)
        await accounts.flush()
    assert not house.usage_file("demo").exists()


class Busy:
    """Keeps in memory; while it writes, something else happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.kept: list[str] = []
        self._meanwhile = meanwhile

    async def used(self) -> Mapping[str, Sequence[Used]]:
        return {}

    async def append(self, room: str, entries: Sequence[Used]) -> float:
        self.kept.append(room)
        self._meanwhile()
        return 0.0

    async def exchange(self, day: date, spent_usd: float) -> float:
        return 0.0

    def lacks(self, room: str) -> bool:
        return False


async def test_a_room_that_is_erased_during_a_flush_leaves_nothing_to_the_next_of_its_name() -> (
    None
):
    def erase_and_make_again() -> None:
        accounts.forget("other")
        accounts.meter("other", "mic").opened("s1", *PAID)

    records = Busy(erase_and_make_again)
    accounts = Accounts(PRICES, Budgets(), records, lambda: NOON)
    talk(accounts.meter("demo", "mic"), 1)
    talk(accounts.meter("other", "mic"), 1)
    await accounts.flush()
    assert records.kept == ["demo"]
