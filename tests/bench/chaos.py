"""A meeting through two gateways and two workers that are killed (-9) one after the other:
`python -m tests.bench.chaos [--seconds 600] [--every 20] [--readers 100]`.

The same recording is published twice at its true pace, first undisturbed, then with a random
process killed every so many seconds while readers come and go. Prints what it measured; the exit
code is 1 where a run of words was lost or doubled, where a reader missed an event or got one
twice, or where captions were away for longer than they may.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.speech import Clip, error_rate, meeting
from tests.contract.engine import running_engine
from tests.e2e.http import create_room, history, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.restless import RestlessReader, restless_readers
from tests.e2e.speech import RATE, load, lost_or_doubled, words
from tests.fleet import Fleet, running_fleet
from tests.redis_servers import running_redis

BACK_S = 3.0
"""Captions may be away for so long after a kill."""
STEADY = 4
"""Readers that leave no server by themselves: what they see is what a kill does."""
STAY_S = 30.0
SETTLE_S = 5.0
WINDOW_S = 15.0
"""What is seen for so long after a kill is counted to it."""


class Witness(RestlessReader):
    """Notes when it first saw what was said at a moment."""

    def __init__(self, url: str) -> None:
        super().__init__(url, random.Random(0), stay_s=1e6)
        self.seen: list[tuple[float, float]] = []
        """When, and from which second of the recording on: that of the first new word."""
        self._heard = 0.0

    def take(self, event: dict[str, Any]) -> None:
        super().take(event)
        if event["type"] == "caption" and event["end"] > self._heard:
            self.seen.append((time.monotonic(), max(self._heard, event["start"])))
            self._heard = event["end"]

    def delays(self, began: float, since: float = 0.0, until: float = inf) -> list[float]:
        """How long after they were spoken words were seen, in a span of time."""
        return [at - began - spoken for at, spoken in self.seen if since < at < until]


async def published(fleet: Fleet, room: str, clip: Clip, seconds: float) -> tuple[str, float]:
    """The transcript of the recording, spoken at its true pace, and when that began."""
    samples = load(clip.path)[: round((clip.until or seconds) * RATE)]
    await asyncio.to_thread(create_room, f"http://{fleet.gateways}", room)
    publisher = Publisher(f"ws://{fleet.workers}", room, samples)
    await publisher.publish()
    text = await asyncio.to_thread(transcript, f"http://{fleet.gateways}", room)
    return text, publisher.began or 0.0


def victims(fleet: Fleet, seed: int) -> Iterator[str]:
    """Processes at random, by name."""
    rng = random.Random(seed)
    while True:
        yield rng.choice(sorted(fleet.processes))


def away(kill: float, began: float, spoken_s: float, witnesses: list[Witness]) -> float:
    """By how many seconds words came later after a kill than they usually do, at most.

    So a pause of whoever speaks is not taken for one of the captions; nor is the end of the speech.
    """
    usual = statistics.median(delay for w in witnesses for delay in w.delays(began))
    after = [delay for w in witnesses for delay in w.delays(began, kill, kill + WINDOW_S)]
    over = kill - began > spoken_s
    return max(0.0, max(after, default=0.0 if over else inf) - usual)


async def measure(options: argparse.Namespace) -> bool:
    clip = meeting(options.seconds)
    console = Console()
    with running_engine() as engine, running_redis() as redis, tempfile.TemporaryDirectory() as at:
        async with running_fleet(Path(at), redis.url, f"captioner+{engine.sessions}") as fleet:
            without, _ = await published(fleet, "undisturbed", clip, options.seconds)
            address = f"ws://{fleet.gateways}/v1/rooms/disturbed/captions"
            witnesses = [Witness(address) for _ in range(STEADY)]
            async with (
                restless_readers(address, options.readers, stay_s=STAY_S) as readers,
                asyncio.TaskGroup() as tasks,
            ):
                watching = [tasks.create_task(witness.run()) for witness in witnesses]
                async with fleet.killing(victims(fleet, options.seed), every_s=options.every):
                    with_kills, began = await published(fleet, "disturbed", clip, options.seconds)
                kept = await asyncio.to_thread(history, f"http://{fleet.gateways}", "disturbed")
                await asyncio.sleep(SETTLE_S)
                for task in watching:
                    task.cancel()
    wanted = {caption["id"]: caption["text"] for caption in kept if caption["text"]}
    spoken_s = clip.until or options.seconds
    backs = [(name, away(moment, began, spoken_s, witnesses)) for moment, name in fleet.killed]
    return report(console, clip, without, with_kills, backs, [*readers, *witnesses], wanted)


def report(
    console: Console,
    clip: Clip,
    without: str,
    with_kills: str,
    backs: list[tuple[str, float]],
    everybody: list[RestlessReader],
    wanted: dict[str, str],
) -> bool:
    """Print what came of it; whether it is as it should be."""
    runs = list(lost_or_doubled(without, with_kills))
    longest = max(back for _, back in backs)
    behind = [r for r in everybody if {k: v for k, v in r.read.finals.items() if v} != wanted]
    doubled = sum(len(reader.doubled) for reader in everybody)
    refused = sum(not recovered for reader in everybody for recovered in reader.recovered)
    broken = [promise for reader in everybody for promise in reader.read.broken_promises]
    console.print(f"{len(backs)} kills, {len(everybody)} readers:")
    console.print(
        f"  words: {len(words(without))} undisturbed, {len(words(with_kills))} with kills"
    )
    for name, text in (("undisturbed", without), ("with kills", with_kills)):
        console.print(f"  wrong words {name}: {error_rate([clip.reference], [text], 'en'):.2f} %")
    console.print(f"  differing words: {error_rate([without], [with_kills], 'en'):.2f} %")
    console.print(f"  runs of words lost or doubled: {len(runs)}", *runs, sep="\n    ")
    usual = statistics.median(back for _, back in backs)
    console.print(
        f"  words later than usual after a kill: p50 {usual:.1f} s, longest {longest:.1f} s "
        f"(may be {BACK_S:g})"
    )
    for name, back in backs:
        console.print(f"    {name}: {back:.1f} s")
    console.print(f"  readers without every caption: {len(behind)}")
    console.print(f"  events doubled: {doubled}, promises broken: {len(broken)}", *broken[:5])
    console.print(f"  resumes that missed something: {refused}")
    return not (runs or behind or doubled or broken or refused) and longest <= BACK_S


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="of the meeting")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two kills")
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of what is killed")
    return 0 if asyncio.run(measure(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
