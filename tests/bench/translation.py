"""Live translation of a meeting, beside the same translator offline:
`python -m tests.bench.translation [--seconds 300] [--to pt es]`.

The recording is published at its true pace to a server that translates. Prints, for each language,
how long after the final of what was said its translation comes, how many words readers see change,
and how far the live translation agrees (chrF) with the translator's own translation of what was
really said; beside it, how far the translation of the live captions does, had they been one text,
and that of the offline recogniser's text. The exit code is 1 where captions are missing in a
language, or a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from sacrebleu.metrics.chrf import CHRF
from websockets.asyncio.client import ClientConnection, connect

from captioner.engine.models import find_models
from captioner.engine.translation.translator import Translator
from captioner.engine.translation.translator import translator as local_translator
from tests.bench import offline, speech
from tests.bench.delays import percentile
from tests.e2e.http import create_room
from tests.e2e.publisher import Publisher
from tests.e2e.speech import words
from tests.processes import running_server

ROOM = "meeting"
DELAY_BAR_S = 0.5
AGREEMENT_BAR = 1.0
"""chrF points by which the live translation may be worse than that of the same words as one text.

What the live recogniser hears worse than the offline one is its own; `recognition` measures it.
"""
SETTLE_S = 5.0

Event = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """What a reader of every language saw, and when (seconds on the monotonic clock)."""

    arrivals: list[tuple[float, Event]] = field(default_factory=list)

    def finals(self, language: str) -> dict[str, tuple[float, Event]]:
        """The last final of each caption, by id."""
        return {
            event["id"]: (at, event)
            for at, event in self.arrivals
            if event["language"] == language and event["final"]
        }

    def text(self, language: str) -> str:
        finals = sorted((event for _, event in self.finals(language).values()), key=_start)
        return " ".join(event["text"] for event in finals if event["text"])

    def delays(self, language: str) -> list[float]:
        """From each final of what was said to that of its translation."""
        said = self.finals("en")
        return [at - said[id_][0] for id_, (at, _) in self.finals(language).items()]

    def missing(self, language: str) -> list[str]:
        """Captions without a translation."""
        said = {id_ for id_, (_, event) in self.finals("en").items() if event["text"]}
        return sorted(said - self.finals(language).keys())

    def untranslated(self, language: str) -> int:
        finals = self.finals(language).values()
        return sum(bool(event.get("untranslated")) for _, event in finals)

    def erased(self, language: str) -> float:
        """Words shown and taken back, for each word in the end (normalised erasure)."""
        shown: dict[str, list[str]] = {}
        erased = 0
        for _, event in self.arrivals:
            if event["language"] == language:
                now, before = words(event["text"]), shown.get(event["id"], [])
                pairs = zip(before, now, strict=False)
                same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
                erased += len(before) - same
                shown[event["id"]] = now
        return erased / max(1, sum(map(len, shown.values())))

    def broken(self, language: str) -> int:
        """Revisions that changed text which was stable."""
        stable: dict[str, str] = {}
        broken = 0
        for _, event in self.arrivals:
            if event["language"] == language and not event.get("correction"):
                broken += not event["text"].startswith(stable.get(event["id"], ""))
                stable[event["id"]] = event["text"][: event["stable"]]
        return broken


def _start(event: Event) -> float:
    return float(event["start"])


async def played(clip: speech.Clip, languages: Sequence[str]) -> Seen:
    """The meeting through a server at its true pace."""
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        create_room(server.url, ROOM, language="en", translations=list(languages))
        address = f"{server.ws_url}/v1/rooms/{ROOM}/captions?language=*"
        async with connect(address, compression=None) as socket, asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(socket, seen))
            samples = speech.load(clip.path, clip.until)
            await Publisher(server.ws_url, ROOM, samples).publish()
            await asyncio.sleep(SETTLE_S)
            reading.cancel()
    return seen


async def _read(socket: ClientConnection, seen: Seen) -> None:
    async for message in socket:
        event = json.loads(message)
        if event["type"] == "caption":
            seen.arrivals.append((time.monotonic(), event))


def agreement(text: str, reference: str) -> float:
    """chrF (Popović 2015), 0 to 100."""
    return float(CHRF().sentence_score(text, [reference]).score)


def report(seen: Seen, language: str, reference: str, peer: str, translator: Translator) -> bool:
    """Print what was measured of a language; whether it is as it should be."""
    wanted = translator.translate(reference, "en", language)
    ours = agreement(seen.text(language), wanted)
    theirs = agreement(translator.translate(peer, "en", language), wanted)
    at_once = agreement(translator.translate(seen.text("en"), "en", language), wanted)
    delays = seen.delays(language)
    missing = seen.missing(language)
    rows = (
        ("captions", len(delays)),
        ("... missing", len(missing)),
        ("... untranslated", seen.untranslated(language)),
        ("later than the final, s, p50", percentile(delays, 50)),
        ("later than the final, s, p95", percentile(delays, 95)),
        ("words erased for each word", seen.erased(language)),
        ("revisions that changed stable text", seen.broken(language)),
        ("chrF, live", ours),
        ("chrF, live captions, but all at once", at_once),
        ("chrF, offline recogniser's text", theirs),
    )
    for name, value in rows:
        sys.stdout.write(f"{language:<6} {name:<40} {value:10.3f}\n")
    met = percentile(delays, 50) <= DELAY_BAR_S and ours >= at_once - AGREEMENT_BAR
    return met and not missing and not seen.broken(language)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="of the meeting")
    parser.add_argument("--to", nargs="*", help="languages; left out, all that this machine knows")
    options = parser.parse_args()
    translator = local_translator()
    languages = options.to or sorted({p.target for p in translator.pairs() if p.source == "en"})
    clip = speech.meeting(options.seconds)
    model = offline.peer(find_models(None).final)
    peer = offline.transcribe(model, speech.load(clip.path, clip.until), language="en").text
    seen = asyncio.run(played(clip, languages))
    met = [report(seen, tag, clip.reference, peer, translator) for tag in languages]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
