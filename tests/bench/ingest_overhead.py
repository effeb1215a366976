"""What our path adds, and how much of it one core bears: `python -m tests.bench.ingest_overhead`.

The whole server (`captioner serve` as a process on one core: publishers' WebSockets, tracks, rooms
with journals on disk, the bus, a WebSocket a track to the recogniser) between publishers and a
recogniser that understands nothing; those two are this process, on another core. Every track has a
room of its own and sends 100 ms frames of 16 kHz at true pace. Measured from outside:

- frame: sent by the publisher → arrived at the recogniser, both networks and queues included;
- word: said by the recogniser → published on the bus;
- CPU time of the process a track, and with it how many tracks a core bears;
- resident memory a track.

Beside it, in the same run, the least program that could do it (`plain`): frames passed on, words
read, nothing else. Last, a recogniser without turns of its own, for which voices are detected here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE, SPEECH_RATE
from captioner.commands.running import run
from captioner.demo.__main__ import RECORDING
from tests.bench.ingest_server import UPSTREAM
from tests.bench.null_upstream import FRAME_S, Upstream, running_upstream
from tests.processes import environment

FRAME = round(FRAME_S * SPEECH_RATE)
SETTLE_S = 5.0
"""Between the last track's beginning and the measurement."""
OPEN_AT_ONCE = 8
LATENCY_MS, TRACKS, TRACK_MIB = 10.0, 400, 1.5
"""The bars: added at 100 tracks (p99), tracks on a core, memory of one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Delays are milliseconds: p50, p95, p99, and the longest."""

    mode: str
    tracks: int
    frame_ms: Sequence[float]
    late_ms: Sequence[float]
    """The frames of the second half alone: the same, where the core keeps up."""
    word_ms: Sequence[float]
    cpu: float
    """Of the core, 1 is all of it."""
    waited: float
    """For the core, while others had it; 1 is all the time. Delays are ours where it is small."""
    load: float
    """Of the other core, by this process."""
    memory_mib: float
    """A track."""

    @property
    def a_core(self) -> float:
        """Tracks that a whole core would bear at this cost."""
        return self.tracks / self.cpu

    @property
    def kept_up(self) -> bool:
        """Whether no backlog grew: half a minute at a few percent too many would show."""
        return self.cpu < 0.97 and not self.late_ms[0] >= 1000 * FRAME_S


class Load:
    """Publishers at true pace, their phases spread over a frame."""

    def __init__(self, url: str, upstream: Upstream) -> None:
        audio = np.concatenate(list(AudioFile(str(RECORDING), SPEECH_RATE)))
        self._audio = audio[: audio.size // FRAME * FRAME].astype("<i2")
        self._url = url
        self._upstream = upstream
        self._opening = asyncio.Semaphore(OPEN_AT_ONCE)
        self._left = 0
        self._all_open = asyncio.Event()

    async def run(self, tracks: int, seconds: float) -> None:
        """Open that many; return some seconds after the last has begun, as they go on."""
        self._left = tracks
        self._tasks = [asyncio.create_task(self._publish(i, tracks)) for i in range(1, tracks + 1)]
        await self._all_open.wait()
        await asyncio.sleep(seconds)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _publish(self, track: int, tracks: int) -> None:
        address = f"{self._url}/v1/rooms/bench-{track}/audio"
        async with self._opening:
            socket = await connect(address, compression=None, ping_interval=None)
            start = {"type": "start", "stream": "mic", "format": "pcm_s16le"}
            await socket.send(json.dumps({**start, "sample_rate": SPEECH_RATE, "language": "en"}))
            await socket.recv()
        reading = asyncio.create_task(_ignore(socket))
        self._left -= 1
        if not self._left:
            self._all_open.set()
        try:
            await self._speak(socket, track, tracks)
        finally:
            reading.cancel()
            await socket.close()

    async def _speak(self, socket: ClientConnection, track: int, tracks: int) -> None:
        phase = FRAME_S * track / tracks
        begun = (time.monotonic() // FRAME_S + 1) * FRAME_S + phase
        at = self._audio.size // FRAME * track // tracks * FRAME
        sent = self._upstream.sent[track]
        frame = 0
        while True:
            await asyncio.sleep(max(0.0, begun + frame * FRAME_S - time.monotonic()))
            first = (at + frame * FRAME) % self._audio.size
            samples = self._audio[first : first + FRAME]
            if frame == 0:  # tells the recogniser whose session this is
                samples = np.concatenate([np.array([track], "<i2"), samples[1:]])
            sent.append(time.monotonic())
            await socket.send(samples.tobytes())
            frame += 1


async def _ignore(socket: ClientConnection) -> None:
    try:
        async for message in socket:
            if '"fatal": true' in str(message):
                raise RuntimeError(f"the server says {message!r}")
    except ConnectionClosed:
        return


@asynccontextmanager
async def process_under_test(
    mode: str, upstream: Upstream, folder: Path, core: int
) -> AsyncIterator[tuple[psutil.Process, str]]:
    """The process, alone on its core, and its address; ended on leaving."""
    settings = {
        "CAPTIONER_ENGINE": f"captioner+{upstream.url}",
        "CAPTIONER_PORT": "0",
        "CAPTIONER_DATA": str(folder / "data"),
        UPSTREAM: upstream.url,
    }
    if mode == "manual":
        settings["CAPTIONER_ENGINE"] = "openai/gpt-live-transcribe"
        settings["OPENAI_API_KEY"] = "none"
        settings["OPENAI_BASE_URL"] = f"{upstream.url}/v1"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.ingest_server", mode, str(folder / "words.npy")),
        env=environment(**settings),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield psutil.Process(process.pid), f"ws://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def measure(mode: str, tracks: int, seconds: float, core: int) -> Measured:
    """`mode`: `captioner`, `plain` or `manual`."""
    rate = SAMPLE_RATE if mode == "manual" else SPEECH_RATE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_upstream(turns=mode != "manual", rate=rate) as upstream:
            async with process_under_test(mode, upstream, folder, core) as (process, url):
                empty = process.memory_info().rss
                load = Load(url, upstream)
                await load.run(tracks, SETTLE_S)
                begun, cpu, own = time.monotonic(), _cpu_s(process), time.process_time()
                queued = _queued_s(process)
                await asyncio.sleep(seconds)
                ended = time.monotonic()
                used, own = _cpu_s(process) - cpu, time.process_time() - own
                queued = _queued_s(process) - queued
                memory = (process.memory_info().rss - empty) / tracks / 2**20
                await load.stop()
        words = np.load(folder / "words.npy")
    frames = np.array(upstream.arrived).reshape(-1, 2)
    wall = ended - begun
    return Measured(
        mode,
        tracks,
        _percentiles(frames, begun, ended),
        _percentiles(frames, begun + wall / 2, ended),
        _percentiles(words, begun, ended),
        used / wall,
        queued / wall,
        own / wall,
        memory,
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _queued_s(process: psutil.Process) -> float:
    """For how long its event loop could have run, and another process did."""
    _, waited_ns, _ = Path(f"/proc/{process.pid}/schedstat").read_text().split()
    return int(waited_ns) / 1e9


def _percentiles(delays: np.ndarray, begun: float, ended: float) -> tuple[float, ...]:
    inside = delays[(delays[:, 0] >= begun) & (delays[:, 0] < ended), 1]
    return (
        tuple(np.percentile(1000 * inside, (50, 95, 99, 100)))
        if inside.size
        else (float("nan"),) * 4
    )


def show(measured: Measured) -> None:
    """One row."""
    delays = "  ".join(
        "/".join(f"{ms:.1f}" for ms in part).rjust(21)
        for part in (measured.frame_ms, measured.late_ms, measured.word_ms)
    )
    _print(
        f"{measured.mode:<10} {measured.tracks:>4}  {delays}  {100 * measured.cpu:5.1f}"
        f"  {measured.a_core:6.0f}  {100 * measured.waited:7.1f}  {100 * measured.load:5.1f}"
        f"  {measured.memory_mib:6.2f}"
        f"  {'yes' if measured.kept_up else 'NO'}"
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def measure_all(options: argparse.Namespace) -> bool:
    """Every row, and the bars; whether they are met."""
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0]
    os.sched_setaffinity(0, set(cores[1:]) or {core})
    _print(
        "mode     tracks  frame ms 50/95/99/max        second half       word ms 50/95/99/max"
        "  CPU %  a core  waited %  load %   MiB  kept up"
    )
    rows: list[Measured] = []
    for mode, tracks in _plan(options):
        for _ in range(options.repeat):
            rows.append(await measure(mode, tracks, options.seconds, core))
            show(rows[-1])
    return _verdict(rows)


def _plan(options: argparse.Namespace) -> list[tuple[str, int]]:
    counts = {"captioner": options.tracks, "plain": options.plain, "manual": options.manual}
    return [(mode, count) for mode, tracks in counts.items() for count in tracks]


def _verdict(rows: Sequence[Measured]) -> bool:
    ours = [row for row in rows if row.mode == "captioner"]
    plain = [row for row in rows if row.mode == "plain"]
    if not ours:
        return True
    fewest = min(row.tracks for row in ours)
    few = [row for row in ours if row.tracks == fewest]
    kept_up = max((row.tracks for row in ours if row.kept_up), default=fewest)
    bears = max(row.a_core for row in ours if row.tracks == kept_up)
    ratios = {
        f"frame added at {fewest} tracks, p99 / 10 ms": _best_p99(few, "frame_ms") / LATENCY_MS,
        f"word added at {fewest} tracks, p99 / 10 ms": _best_p99(few, "word_ms") / LATENCY_MS,
        f"400 / {bears:.0f} tracks a core, by CPU time at {kept_up}": TRACKS / bears,
        "memory of a track / 1.5 MiB": min(row.memory_mib for row in few) / TRACK_MIB,
    }
    _print("\nbar, as a ratio to its limit (best of the runs)")
    for name, ratio in ratios.items():
        _print(f"{name:<58} {ratio:8.2f}  {'met' if ratio <= 1 else 'MISSED'}")
    _print(f"{'the most tracks that a run kept up with':<58} {kept_up:8}")
    if plain:
        floor = max(row.a_core for row in plain)
        _print(f"{'CPU a track, as a multiple of the plain program':<58} {floor / bears:8.2f}")
        beyond = _best_p99(few, "frame_ms") - _best_p99(plain, "frame_ms")
        _print(f"{'frame, p99 beyond the plain program, ms':<58} {beyond:8.2f}")
    return all(ratio <= 1 for ratio in ratios.values())


def _best_p99(rows: Sequence[Measured], delay: str) -> float:
    return min(float(getattr(row, delay)[2]) for row in rows)


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--tracks", type=int, nargs="*", default=[100, 400])
    parser.add_argument("--plain", type=int, nargs="*", default=[100])
    parser.add_argument("--manual", type=int, nargs="*", default=[100])
    options = parser.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    return 0 if run(measure_all(options)) else 1


if __name__ == "__main__":
    sys.exit(main())
