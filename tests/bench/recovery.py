"""Five minutes of a meeting without and with ten cut connections, and minutes in which
nobody speaks: `python -m tests.bench.recovery [--seconds 300] [--cuts 10] [--quiet 600]`.

Prints what it measured; the exit code is 1 where a word was lost, doubled or made up.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench.speech import error_rate, meeting
from tests.e2e.http import create_room, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.sounds import SOUNDS
from tests.e2e.speech import RATE, load, lost_or_doubled, words
from tests.processes import Server, running_server

QUIET_PACE = 5.0


async def cut_and_uncut(server: Server, seconds: int, cuts: int, seed: int) -> bool:
    """Publish the same audio without cuts and with them; compare what was kept.

    One after the other: beside each other, each would have less of the machine.
    """
    clip = meeting(seconds)
    samples = load(clip.path)[: round((clip.until or seconds) * RATE)]
    moments = sorted(random.Random(seed).uniform(1, clip.until or seconds) for _ in range(cuts))
    steady = Publisher(server.ws_url, "steady", samples)
    broken = Publisher(server.ws_url, "broken", samples, cuts=moments)
    await steady.publish()
    await broken.publish()
    without, with_cuts = (transcript(server.url, room) for room in ("steady", "broken"))
    runs = list(lost_or_doubled(without, with_cuts))
    console = Console()
    console.print(f"{samples.size / RATE:.0f} s at true pace, {len(broken.resumed_from) - 1} cuts:")
    console.print(f"  words: {len(words(without))} without cuts, {len(words(with_cuts))} with")
    for name, text in (("without cuts", without), ("with cuts", with_cuts)):
        console.print(f"  wrong words {name}: {error_rate([clip.reference], [text], 'en'):.1f} %")
    console.print(f"  differing words: {error_rate([without], [with_cuts], 'en'):.2f} %")
    console.print(f"  the same to the letter: {'yes' if with_cuts == without else 'no'}")
    console.print(f"  runs of words lost or doubled: {len(runs)}", *runs, sep="\n    ")
    return not runs


async def quiet(server: Server, sound: str, seconds: float) -> bool:
    """Publish a sound without speech; whether nothing was captioned."""
    publisher = Publisher(server.ws_url, sound, SOUNDS[sound](seconds), pace=QUIET_PACE)
    create_room(server.url, sound)
    async with reading(server.ws_url, sound) as reader:
        await publisher.publish()
    texts = [caption["text"] for caption in reader.captions.values()]
    Console().print(f"{seconds:.0f} s of {sound}: {len(texts)} captions", *texts, sep="\n    ")
    return not texts


async def measure(options: argparse.Namespace) -> bool:
    """Run all of it against one server."""
    with tempfile.TemporaryDirectory() as data, running_server(Path(data)) as server:
        held = [await cut_and_uncut(server, options.seconds, options.cuts, options.seed)]
        held += [await quiet(server, sound, options.quiet) for sound in SOUNDS]
    return all(held)


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="of the meeting")
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the cuts")
    parser.add_argument("--quiet", type=float, default=600.0, help="seconds of each other sound")
    return 0 if asyncio.run(measure(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
