"""What is begun is brought to its end, then the cancellation counts."""

from __future__ import annotations

import asyncio

import pytest

from captioner.rooms.uninterrupted import uninterrupted


@pytest.mark.anyio
async def test_a_cancellation_takes_effect_after_the_work() -> None:
    may_end, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await may_end.wait()
        done.set()

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


@pytest.mark.anyio
async def test_what_the_work_returns_or_raises_is_passed_on() -> None:
    async def seven() -> int:
        return 7

    async def fails() -> None:
        raise ValueError("no")

    assert await uninterrupted(seven()) == 7
    with pytest.raises(ValueError, match="no"):
        await uninterrupted(fails())


@pytest.mark.anyio
async def test_a_failure_of_cancelled_work_is_not_left_over() -> None:
    may_end = asyncio.Event()

    async def fails() -> None:
        await may_end.wait()
        raise ValueError("no")

    task = asyncio.create_task(uninterrupted(fails()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
