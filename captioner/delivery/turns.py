"""Whose turn it is to be written to: a chunk of readers a turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque

from captioner.delivery.group import CHUNK, Group


class Turns:
    """Writes the rounds of groups that are due, and lets everything else run in between.

    What happens within one turn goes out together in the next.
    """

    def __init__(self) -> None:
        self._due: deque[Group] = deque()
        self._queued: set[Group] = set()
        self._scheduled = False

    def ask(self, group: Group) -> None:
        """The group has something to write."""
        if group not in self._queued:
            self._queued.add(group)
            self._due.append(group)
            self._schedule()

    def _turn(self) -> None:
        self._scheduled = False
        left = CHUNK
        while self._due and left > 0:
            group = self._due.popleft()
            self._queued.discard(group)
            left -= max(1, group.write(left))
            if group.is_due:
                self.ask(group)  # A small room does not wait for the whole of a large one.
        if self._due:
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)
