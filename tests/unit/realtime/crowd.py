"""Many tracks of one engine, for hours of virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE
from captioner.realtime.breaker import Breaker
from captioner.realtime.configuration import Wishes
from captioner.realtime.engines import Engine
from captioner.realtime.patience import Patience
from captioner.realtime.providers import Provider
from tests.faults.script import Fault, Handshake
from tests.faults.session import FaultySession
from tests.realtime_faults import FaultServer, Script, in_memory, spoken
from tests.unit.realtime.track import Track
from tests.virtual_time import run_virtual

HOUR_S = 3600.0


class Clocked(FaultServer):
    """Notes when somebody connects."""

    def __init__(self, script: Script, wall: Callable[[], float]) -> None:
        super().__init__(script, wall=wall)
        self.times: list[float] = []

    def attempt(self, now: float) -> FaultySession | Handshake:
        self.times.append(now)
        return super().attempt(now)


def at_every_attempt(*faults: Fault) -> Script:
    return Script((faults,) * 20_000)


def heard_for(
    seconds: float,
    script: Script,
    provider: Provider,
    *,
    tracks: int = 1,
    skew: float = 0.0,
    patience: Patience | None = None,
    wishes: Wishes | None = None,
) -> tuple[Clocked, list[Track]]:
    """What a server sees, and tracks become, that are spoken into for so long.

    `skew`: by so much the server's clock is ahead of ours.
    """

    async def run() -> tuple[Clocked, list[Track]]:
        loop = asyncio.get_running_loop()
        server = Clocked(script, lambda: loop.time() + skew)
        engine = Engine(provider, in_memory(server), Breaker(loop.time))
        heard = [
            Track([engine], wishes=wishes, patience=patience, clock=loop.time, wall=loop.time)
            for _ in range(tracks)
        ]
        speech = spoken("w1 w2", "w3", pause_s=1.0)
        speech = np.tile(speech, round(seconds * SAMPLE_RATE) // speech.size + 1)
        async with asyncio.TaskGroup() as tasks:
            hearing = [tasks.create_task(track.hear(speech, pace=1.0)) for track in heard]
            await asyncio.sleep(seconds)
            for task in hearing:
                task.cancel()
        return server, heard

    return run_virtual(run())
