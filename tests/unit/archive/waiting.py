"""Waiting for what another task or thread does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], bool]) -> None:
    """Return once it happened; a file has no event to wait for."""
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
