"""How a command's asynchronous work runs, and how Ctrl-C ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end. Ctrl-C cancels it and is raised as KeyboardInterrupt."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(main)
        except asyncio.CancelledError:  # by the second Ctrl-C while it was `finishing`
            raise KeyboardInterrupt from None


@contextmanager
def finishing(finish: Callable[[], None]) -> Iterator[None]:
    """Have the first Ctrl-C (or TERM) call `finish` instead; the next one stops at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    interrupts = iter([finish])

    def interrupted() -> None:
        next(interrupts, task.cancel)()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
