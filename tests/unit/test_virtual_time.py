"""Virtual time, on which other tests stand."""

from __future__ import annotations

import asyncio
from itertools import repeat

import pytest

from tests.virtual_time import Stuck, run_virtual


def test_hours_pass_at_once_and_to_the_millisecond() -> None:
    async def sleep() -> float:
        for _ in range(3 * 3600):
            await asyncio.sleep(1.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(sleep()) == pytest.approx(3 * 3600, abs=1e-6)


def test_timers_fire_in_their_order() -> None:
    async def sleep() -> list[float]:
        woken: list[float] = []

        async def until(when: float) -> None:
            await asyncio.sleep(when)
            woken.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(until(when) for when in (0.3, 0.1, 50.0, 0.2)))
        return woken

    assert run_virtual(sleep()) == pytest.approx([0.1, 0.2, 0.3, 50.0])


def test_time_stands_still_while_anything_is_ready() -> None:
    async def work() -> float:
        sleeping = asyncio.create_task(asyncio.sleep(1.0))
        for _ in range(1000):
            await asyncio.sleep(0)
        before = asyncio.get_running_loop().time()
        await sleeping
        return before

    assert run_virtual(work()) == 0.0


def test_timeouts_are_of_virtual_time() -> None:
    async def wait() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(wait()) == pytest.approx(3600.0)


def test_a_deadlock_is_told_with_the_place_of_every_task() -> None:
    async def for_what_never_comes() -> None:
        await asyncio.Event().wait()

    told = r"deadlock at 0\.000 s:(.|\n)*for_what_never_comes:\d+ > Event.wait"
    with pytest.raises(Stuck, match=told):
        run_virtual(for_what_never_comes())


def test_a_test_without_end_is_found_out() -> None:
    async def retry() -> None:
        for pause in repeat(1.0):
            await asyncio.sleep(pause)

    with pytest.raises(Stuck, match="no end after 6[01] s"):
        run_virtual(retry(), longest_s=60.0)


def test_a_test_that_spins_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.virtual_time.MOST_TURNS", 1000)

    async def spin() -> None:
        for pause in repeat(0):
            await asyncio.sleep(pause)

    with pytest.raises(Stuck, match="no time passes"):
        run_virtual(spin())
