"""How many readers are connected to this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from captioner.delivery.connection import Connection


class Readers:
    """Counts the readers that the application serves, and those whose transport it handed over."""

    def __init__(self) -> None:
        self._served = 0
        self._handed_over: WeakSet[Connection] = WeakSet()

    @property
    def count(self) -> int:
        # A connection that is lost takes itself off the server's.
        handed_over = sum(connection in connection.siblings for connection in self._handed_over)
        return self._served + handed_over

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Somebody reads, until the block ends."""
        self._served += 1
        try:
            yield
        finally:
            self._served -= 1

    def add(self, connection: Connection) -> None:
        """This one was handed over, and reads until it is lost."""
        self._handed_over.add(connection)
