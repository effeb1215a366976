from __future__ import annotations

import asyncio

import pytest

from captioner.race import race

pytestmark = pytest.mark.anyio


async def done() -> None:
    return


async def fails() -> None:
    raise ValueError("lost")


async def test_the_first_to_end_stops_the_others() -> None:
    stopped = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    await race(forever(), done())
    assert stopped.is_set()


async def test_the_first_error_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="lost"):
        await race(asyncio.sleep(60), fails())


async def test_of_two_that_end_at_once_the_one_named_first_counts() -> None:
    with pytest.raises(ValueError, match="lost"):
        await race(fails(), done())
