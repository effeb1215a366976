"""Recognition end to end, beside faster-whisper offline: `python -m tests.bench.recognition`.

Sections (all by default): `offline` (the peer; always runs), `transcribe`, `live` (one stream at
true pace through the whole server), `quiet` (ten minutes of silence, noise and music), `many`
(12 and 24 streams at once), `languages`. Prints a table and writes JSON.

Use a machine that does nothing else. CPU is given in seconds per second of audio, and as a
multiple of the bar scaled to this machine: the bars were set where one encoder call takes 65 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from captioner.engine.models import find_models
from tests.bench import offline, speech
from tests.bench.closings import after_closing, closings
from tests.bench.delays import Report, SpokenWord, percentile, report, transcript
from tests.bench.offline import Offline
from tests.bench.speech import RATE, Pcm
from tests.bench.streams import Played, Server, measured_server, play

SECTIONS = ("transcribe", "live", "quiet", "many", "languages")
LANGUAGES = ("de", "es", "fr", "it", "ja", "ru")


@dataclass(slots=True)
class Results:
    """Rows of the table: what, measured, bar."""

    rows: list[tuple[str, float, float | None]] = field(default_factory=list)

    def add(self, name: str, value: float, bar: float | None = None) -> None:
        """Note a figure and print it at once; a bar is met from below."""
        self.rows.append((name, round(value, 3), bar))
        verdict = "" if bar is None else f"  bar {bar:<8g} {'met' if value <= bar else 'MISSED'}"
        sys.stdout.write(f"{name:<58} {value:10.3f}{verdict}\n")
        sys.stdout.flush()


def transcribe_section(
    results: Results, clip: speech.Clip, seconds: float, peers: Mapping[str, float]
) -> None:
    """`captioner transcribe`, as a user runs it."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        command = ["transcribe", str(clip.path), "--language", "en", "--format", "txt,json"]
        subprocess.run(
            [sys.executable, "-m", "captioner", *command, "--out", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        wall = time.monotonic() - begun
        (result,) = Path(folder).glob("*.json")
        captions = json.loads(result.read_text("utf-8"))["captions"]
    text = " ".join(caption["text"] for caption in captions)
    wer = speech.error_rate([clip.reference], [text], "en")
    for name, peer in peers.items():
        results.add(f"transcribe: word error rate above {name}, points", wer - peer, 1.0)
    results.add("transcribe: share of the audio's duration", wall / seconds, 0.25)


async def live_section(
    results: Results,
    clip: speech.Clip,
    samples: Pcm,
    timed: Offline,
    peers: Mapping[str, float],
    factor: float,
) -> None:
    """One stream at true pace through the whole server."""
    with tempfile.TemporaryDirectory() as data:
        with measured_server(Path(data)) as server:
            before = server.cpu_s()
            played = await play(server.url, "bench", samples)
            after = server.cpu_s()
    seconds = len(samples) / RATE
    figures = report(played.arrivals, timed.words)
    wer = speech.error_rate([clip.reference], [transcript(played.arrivals)], "en")
    for name, peer in peers.items():
        results.add(f"live: word error rate above {name}, points", wer - peer, 2.0)
    add_delays(results, "live", figures)
    closed = after_closing(played.arrivals, closings(samples))
    results.add("live: final after the turn closed, s, p50", percentile(closed, 50))
    results.add("live: final after the turn closed, s, p95", percentile(closed, 95))
    engine = (after[1] - before[1]) / seconds
    results.add("live: engine CPU per second of audio", engine, 0.15)
    results.add("live: the same, scaled to the bar's machine", engine / factor, 0.15)
    results.add("live: the same, as a share of the peer's", engine / (timed.cpu_s / seconds))
    results.add("live: server CPU per second of audio", (after[0] - before[0]) / seconds)
    results.add("live: gaps", played.gaps, 0)


def add_delays(results: Results, name: str, figures: Report) -> None:
    """The rows every live measurement shares."""
    results.add(f"{name}: word first shown, s, p50", percentile(figures.shown, 50), 0.6)
    results.add(f"{name}: word first shown, s, p95", percentile(figures.shown, 95))
    results.add(f"{name}: word stable, s, p50", percentile(figures.stable, 50), 1.3)
    results.add(f"{name}: word stable, s, p95", percentile(figures.stable, 95), 3.5)
    results.add(f"{name}: final after the last word, s, p50", percentile(figures.final, 50), 0.9)
    results.add(f"{name}: final after the last word, s, p95", percentile(figures.final, 95))
    results.add(f"{name}: words changed, per word", figures.changed / max(1, figures.words), 0.4)
    results.add(f"{name}: revisions that changed stable text", figures.stable_changed, 0)


async def quiet_section(results: Results) -> None:
    """Ten minutes in which nobody speaks: silence, noise at three levels, hum, music."""
    with tempfile.TemporaryDirectory() as data:
        with measured_server(Path(data)) as server:
            played = await play(server.url, "quiet", non_speech(600), pace=10)
    shown = {a.id for a in played.arrivals if a.text}
    results.add("quiet: captions published in ten minutes", len(shown), 0)


def non_speech(seconds: int) -> Pcm:
    """Silence, white and pink noise, mains hum and a chord progression, in equal parts."""
    count = seconds * RATE // 5
    random = np.random.default_rng(7)
    t = np.arange(count) / RATE
    white = random.standard_normal(count) * 10 ** (-30 / 20)
    pink = np.cumsum(random.standard_normal(count))
    pink = (pink - np.convolve(pink, np.ones(400) / 400, "same")) / 400
    hum = 0.1 * np.sin(2 * np.pi * 50 * t) + 0.03 * np.sin(2 * np.pi * 150 * t)
    chords = np.array([[220.0, 277.2, 329.6], [196.0, 246.9, 293.7], [174.6, 220.0, 261.6]])
    pitch = chords[(t // 2).astype(int) % 3]
    beat = np.exp(-3 * (t % 0.5))
    music = 0.2 * beat * sum(np.sin(2 * np.pi * pitch[:, i] * t) for i in range(3))
    parts = [np.zeros(count), white, np.clip(pink, -0.5, 0.5), hum, music]
    return (np.concatenate(parts) * 32767).astype(np.int16)


async def many_section(results: Results, samples: Pcm, peer: Offline, seconds: int) -> None:
    """Twelve streams, then twenty-four, each at its own place of the recording."""
    for count in (12, 24):
        with tempfile.TemporaryDirectory() as data:
            with measured_server(Path(data)) as server:
                streams = await _play_many(server, samples, count, seconds)
        _add_many(results, count, streams, samples, peer, seconds)


async def _play_many(
    server: Server, samples: Pcm, count: int, seconds: int
) -> list[tuple[int, Played]]:
    offsets = [index * len(samples) // count for index in range(count)]
    pieces = [np.roll(samples, -offset)[: seconds * RATE] for offset in offsets]
    async with asyncio.TaskGroup() as tasks:
        plays = [
            tasks.create_task(play(server.url, f"bench-{index}", piece))
            for index, piece in enumerate(pieces)
        ]
    return list(zip(offsets, (task.result() for task in plays), strict=True))


def _add_many(
    results: Results,
    count: int,
    streams: list[tuple[int, Played]],
    samples: Pcm,
    peer: Offline,
    seconds: int,
) -> None:
    name = f"{count} streams"
    whole = len(samples) / RATE
    total, halves = Report(), [Report(), Report()]
    gaps = errors = disordered = 0
    said, heard = [], []
    closed: list[float] = []
    for offset, played in streams:
        piece = np.roll(samples, -offset)[: seconds * RATE]
        closed += after_closing(played.arrivals, closings(piece))
        spoken = [SpokenWord(word.text, (word.end - offset / RATE) % whole) for word in peer.words]
        spoken.sort(key=lambda word: word.end)
        total.add(report(played.arrivals, spoken))
        said.append(" ".join(word.text for word in spoken if word.end < seconds))
        heard.append(transcript(played.arrivals))
        for half, part in zip(halves, (0, 1), strict=True):
            window = (part * seconds / 2, (part + 1) * seconds / 2)
            inside = [a for a in played.arrivals if window[0] <= a.start < window[1]]
            half.add(report(inside, spoken))
        finals = [a.start for a in played.arrivals if a.final and a.text]
        disordered += sum(b < a for a, b in zip(finals, finals[1:], strict=False))
        gaps += played.gaps
        errors += len(played.errors)
    lags = [lag / 1000 for _, played in streams for lag in played.lag_ms]
    bar = 0.5 if count == 12 else None
    results.add(f"{name}: partial delay, s, p95", percentile(lags, 95), bar)
    final_bar = 0.8 if bar else None
    results.add(f"{name}: final after the turn closed, s, p50", percentile(closed, 50))
    results.add(f"{name}: final after the turn closed, s, p95", percentile(closed, 95), final_bar)
    results.add(f"{name}: word first shown, s, p50", percentile(total.shown, 50))
    results.add(f"{name}: word first shown, s, p95", percentile(total.shown, 95))
    growth = percentile(halves[1].final, 50) - percentile(halves[0].final, 50)
    results.add(f"{name}: growth of the final's p50 over the run, s", growth, 0.3)
    results.add(f"{name}: words unlike the peer's, percent", speech.error_rate(said, heard, "en"))
    results.add(f"{name}: finals out of order", disordered, 0)
    results.add(f"{name}: gaps and errors", gaps + errors, 0)


async def languages_section(results: Results, weights: Path) -> None:
    """Other languages, `language: auto`, beside the peer's own."""
    model = offline.peer(weights)
    with tempfile.TemporaryDirectory() as data:
        with measured_server(Path(data)) as server:
            for language in LANGUAGES:
                clips = speech.clips(language)[:20]
                pause = np.zeros(int(0.8 * RATE), np.int16)
                recordings = [speech.load(clip.path) for clip in clips]
                joined = np.concatenate([part for pcm in recordings for part in (pcm, pause)])
                played = await play(server.url, language, joined, language="auto", pace=2)
                reference = [" ".join(clip.reference for clip in clips)]
                ours = speech.error_rate(reference, [transcript(played.arrivals)], language)
                text = offline.transcribe(model, joined).text
                theirs = speech.error_rate(reference, [text], language)
                results.add(f"{language}: error rate, percent", ours)
                results.add(f"{language}: the peer's", theirs)


def main() -> None:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="|".join(SECTIONS))
    parser.add_argument("--seconds", type=int, help="use only the beginning of the recording")
    parser.add_argument("--many-seconds", type=int, default=600, help="length of each of many")
    parser.add_argument("--json", type=Path, default=Path("build/bench/recognition.json"))
    options = parser.parse_args()
    sections = options.sections or SECTIONS
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}")
    results = Results()
    weights = find_models(None).final
    clip = speech.meeting(options.seconds)
    samples = speech.load(clip.path, clip.until)
    seconds = len(samples) / RATE
    model = offline.peer(weights)
    factor = offline.machine_factor(weights)
    results.add("machine: CPU for the same work, times the bar's machine", factor)
    plain = offline.transcribe(model, samples, language="en")
    timed = offline.transcribe(model, samples, language="en", words=True)
    texts = {"the peer": plain.text, "the peer with word times": timed.text}
    peers = {
        name: speech.error_rate([clip.reference], [text], "en") for name, text in texts.items()
    }
    for name, rate in peers.items():
        results.add(f"{name} (offline base): word error rate, percent", rate)
    results.add("the peer: CPU per second of audio", plain.cpu_s / seconds)
    results.add("the peer: share of the audio's duration", plain.wall_s / seconds)
    del model
    if "transcribe" in sections:
        transcribe_section(results, clip, seconds, peers)
    if "live" in sections:
        asyncio.run(live_section(results, clip, samples, timed, peers, factor))
    if "quiet" in sections:
        asyncio.run(quiet_section(results))
    if "many" in sections:
        asyncio.run(many_section(results, samples, timed, options.many_seconds))
    if "languages" in sections:
        asyncio.run(languages_section(results, weights))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results.rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
