"""Ten minutes of a meeting beside the same with its sessions killed twenty times:
`python -m tests.bench.kills [--seconds 600] [--kills 20]`.

Both at once, at true pace, through whole servers to one real engine; the kills come from between
one server and the engine. Prints what it measured; the exit code is 1 where the words with kills
are more than half a point worse. Runs of words that the recogniser left out or made up by itself
are in both: what the kills do is the difference.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from tests.bench.speech import Clip, error_rate, meeting
from tests.contract.engine import running_engine
from tests.e2e.http import transcript
from tests.e2e.publisher import Publisher
from tests.e2e.speech import RATE, load, lost_or_doubled, words
from tests.faults.script import AtSecond, Disconnect
from tests.processes import Server, running_server
from tests.realtime_faults import Script, in_front_of

WORSE = 0.5
"""Points of word error rate."""
CODES = (1000, 1001, 1006, 1011, 1012, 1013)


def kills(seconds: float, count: int, seed: int) -> Script:
    """Sessions that end, each after some audio, with one code or another."""
    rng = random.Random(seed)
    ages = [rng.uniform(0.05, 1.95) * seconds / (count + 1) for _ in range(count)]
    codes = [rng.choice(CODES) for _ in range(count)]
    return Script(
        tuple(
            (Disconnect(AtSecond(round(age, 2)), code),)
            for age, code in zip(ages, codes, strict=True)
        )
    )


async def publish(server: Server, clip: Clip, seconds: float) -> str:
    """The transcript of a recording, spoken at its true pace."""
    samples = load(clip.path)[: round((clip.until or seconds) * RATE)]
    await Publisher(server.ws_url, "meeting", samples).publish()
    return transcript(server.url, "meeting")


async def measure(options: argparse.Namespace) -> bool:
    """Publish to both servers at once; whether the kills did no harm."""
    clip = meeting(options.seconds)
    script = kills(options.seconds, options.kills, options.seed)
    with running_engine() as engine, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        async with in_front_of(engine.sessions, script) as (killing, faults):
            data = Path(folder)
            steady = await asyncio.to_thread(_server, stack, data / "steady", engine.sessions)
            killed = await asyncio.to_thread(_server, stack, data / "killed", killing)
            without, with_kills = await asyncio.gather(
                publish(steady, clip, options.seconds), publish(killed, clip, options.seconds)
            )
    return _compare(clip, without, with_kills, len(faults.sessions) - 1)


def _server(stack: ExitStack, data: Path, engine: str) -> Server:
    return stack.enter_context(running_server(data, "--engine", f"captioner+{engine}"))


def _compare(clip: Clip, without: str, with_kills: str, killed: int) -> bool:
    rates = [error_rate([clip.reference], [text], "en") for text in (without, with_kills)]
    runs = [list(lost_or_doubled(clip.reference, text)) for text in (without, with_kills)]
    console = Console()
    console.print(f"{killed} sessions killed:")
    console.print(f"  words: {len(words(without))} without kills, {len(words(with_kills))} with")
    console.print(f"  wrong words: {rates[0]:.2f} % without, {rates[1]:.2f} % with (bar +{WORSE})")
    console.print(f"  differing words: {error_rate([without], [with_kills], 'en'):.2f} %")
    for name, found in zip(("without", "with"), runs, strict=True):
        console.print(
            f"  runs of words missing or added, {name}: {len(found)}", *found, sep="\n    "
        )
    return rates[1] <= rates[0] + WORSE


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="of the meeting")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    return 0 if asyncio.run(measure(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
