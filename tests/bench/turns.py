"""Who finds the utterances, and what that costs in words: `python -m tests.bench.turns`.

The same part of a meeting goes through one real engine four times: its own turn detection, ours
with a commit after each utterance (as models without turn detection need it), the same with the
model that hears only after the commit, and its own with silence left out. Prints the error rates
as differences from the first, how much audio was sent, and the lengths of the utterances.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, replace
from itertools import count

from rich.console import Console
from rich.table import Table

from captioner.audio.pcm import Samples
from captioner.captions.assembly import Assembly
from captioner.captions.recognition import Committed
from captioner.metrics import Metrics
from captioner.realtime.configuration import Wishes
from captioner.realtime.connection import connector
from captioner.realtime.engines import Engine, Upstream
from captioner.realtime.heard import AudioLost, Silence
from captioner.realtime.providers import EMBEDDED, Provider
from captioner.realtime.transcription import Transcription
from tests.bench.speech import RATE, error_rate, load, meeting
from tests.contract.engine import running_engine

PACE = 2.0
"""Times real time: below what servers drop, and what this engine keeps up with."""
FRAME = RATE // 10

_OURS = Provider(
    "clone", "captioner-live", sample_rate=RATE, metered=True, vad={"type": "server_vad"}
)
_MANUAL = replace(_OURS, turns="manual", vad=None)
MODES = {
    "its own turns": EMBEDDED,
    "our commits, words while spoken": replace(_MANUAL, live=True),
    "our commits, words afterwards": replace(_MANUAL, model="captioner-accurate"),
    "its own turns, without silence": replace(_OURS, live=True),
}


@dataclass
class Heard:
    """What came of the recording."""

    text: str
    sent_s: float
    lengths_s: list[float]


async def hear(provider: Provider, url: str, samples: Samples) -> Heard:
    """Send the recording to the engine as such a provider."""
    metrics, ids = Metrics(), count(1)
    assembly = Assembly("mic", "en", None, lambda: f"u{next(ids)}")
    engine = Engine(replace(provider, completes=60.0), connector(url))
    transcription = Transcription([engine], Wishes("en"), sample_rate=RATE, metrics=metrics)
    texts: dict[str, str] = {}
    lengths = []

    async def take() -> None:
        async for events in transcription.events():
            for event in events:
                if isinstance(event, Silence | AudioLost | Upstream):
                    continue
                if isinstance(event, Committed):
                    lengths.append(event.end - event.start)
                for released in assembly.feed(event):
                    if released.caption.final:
                        texts[released.caption.id] = released.caption.text

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(transcription.run())
        tasks.create_task(take())
        began = time.monotonic()
        for first in range(0, samples.size, FRAME):
            await transcription.send(samples[first : first + FRAME])
            await asyncio.sleep(began + first / RATE / PACE - time.monotonic())
        await transcription.end()
    sent = metrics.registry.get_sample_value(
        "captioner_audio_sent_seconds_total", {"engine": provider.name}
    )
    return Heard(" ".join(texts.values()), sent or 0.0, lengths)


async def measure(seconds: int) -> None:
    """Every mode, one after the other, and the table."""
    clip = meeting(seconds)
    samples = load(clip.path, clip.until)
    table = Table("utterances found by", "wrong words", "more", "sent", "longest")
    with running_engine() as engine:
        baseline = None
        for name, provider in MODES.items():
            heard = await hear(provider, engine.sessions, samples)
            wrong = error_rate([clip.reference], [heard.text], "en")
            baseline = wrong if baseline is None else baseline
            table.add_row(
                name,
                f"{wrong:.2f} %",
                f"{wrong - baseline:+.2f}",
                f"{heard.sent_s / (samples.size / RATE):.2f}",
                f"{max(heard.lengths_s):.1f} s",
            )
    Console().print(table)


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="of the meeting")
    asyncio.run(measure(parser.parse_args().seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
