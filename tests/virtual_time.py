"""An event loop whose clock jumps to the next timer: hours pass in seconds, always the same way.

Nothing from outside comes into such a loop: no sockets, no threads.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from math import inf
from types import CoroutineType
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_S = 7 * 24 * 3600.0
"""Of virtual time: who retries for ever would otherwise never be found out."""
MOST_TURNS = 1_000_000
"""Of the loop without time passing, likewise."""


class Stuck(Exception):
    """The test would never end; says what every task waits for."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its clock (`time()`, in seconds from 0) stands still while anything is ready to run."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._passing = _Passing(self, longest_s)
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.now


class _Passing(selectors.SelectSelector):
    """Where a loop waits for something to happen, time passes instead."""

    def __init__(self, loop: asyncio.AbstractEventLoop, longest_s: float) -> None:
        super().__init__()
        self._loop = loop
        self._longest_s = longest_s
        self._turns = 0
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout:
            self.now += timeout
            self._turns = 0
            if self.now > self._longest_s:
                self._longest_s = inf  # what is cancelled now may take its time
                raise Stuck(f"no end after {self.now:.0f} s: {_everybody(self._loop)}")
        elif timeout is None:
            raise Stuck(f"deadlock at {self.now:.3f} s: {_everybody(self._loop)}")
        else:
            self._turns += 1
            if self._turns > MOST_TURNS:
                self._turns = 0
                raise Stuck(f"no time passes at {self.now:.3f} s: {_everybody(self._loop)}")
        return []


def run_virtual(coroutine: Coroutine[Any, Any, T], longest_s: float = LONGEST_S) -> T:
    """Run it to its end in virtual time, in a loop of its own. Raises `Stuck`."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(longest_s)) as runner:
        return runner.run(coroutine)


def _everybody(loop: asyncio.AbstractEventLoop) -> str:
    lines = [f"\n  {task.get_name()}: {_place(task)}" for task in asyncio.all_tasks(loop)]
    return "".join(sorted(lines))


def _place(task: asyncio.Task[Any]) -> str:
    """The chain of coroutines that a task is in, the innermost last."""
    names: list[str] = []
    waiting: object = task.get_coro()
    while isinstance(waiting, CoroutineType) and waiting.cr_frame is not None:
        names.append(f"{waiting.__qualname__}:{waiting.cr_frame.f_lineno}")
        waiting = waiting.cr_await
    return " > ".join(names) or repr(task)
