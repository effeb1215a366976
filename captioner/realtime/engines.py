"""The servers that recognise, in the order in which they are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import Connect
from captioner.realtime.providers import Provider


@dataclass(frozen=True, slots=True)
class Engine:
    """One server, as all tracks of this process share it."""

    provider: Provider
    connect: Connect
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def name(self) -> str:
        """For people, metrics and prices."""
        return self.provider.name


@dataclass(frozen=True, slots=True)
class Upstream:
    """Who recognises a track just now.

    `standby`: it is not the one that is wanted first. `trouble`: why that one does not, or why
    nobody does, in plain words.
    """

    engine: str | None
    standby: bool = False
    trouble: str | None = None
