"""What it costs to send captions to many: `python -m tests.bench.fanout`.

One room, readers over WebSockets on loopback, events of about 300 bytes; the server alone on one
core, its readers (`client.c`, which checks every `seq`) on another. Beside ours, in the same run
and in turns with it: `send()` in a loop in C (the limit), nchan in nginx, `websockets.broadcast`,
and the plain FastAPI loop. Measured from outside:

- CPU time of the server a delivery, each event sent as soon as all have the last, so that nothing
  is joined; and with it deliveries a second and core;
- delay from before the publishing until it is read, at 5 events a second;
- resident memory a connection.

`--stalled`: the delays of the others while a tenth of the readers, or one, never read.
`--storm`: all come back within 5 s, where they were, while events go on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.fanout.processes import NCHAN, NGINX, Readers, Server, build, readers, server

KINDS = ("limit", "captioner", "nchan", "broadcast", "loop")
INTERVAL = 0.2
"""Seconds between events when delays are measured."""
SETTLE_S = 0.5
DELIVERIES = 50_000
"""Of a saturated round, about: short, so that what else the machine does is fair to all."""
MOST_OF_LIMIT, MOST_OF_NCHAN, MOST_KIB, MOST_DELAYED = 1.3, 1.0, 8.0, 1.1
STORM_SPREAD_S, STORM_LIVE_S = 5.0, 10.0


@dataclass
class Measured:
    """One server, over all rounds."""

    kind: str
    readers: int
    kib: float
    """Resident memory of a connection."""
    micros: list[float] = field(default_factory=list)
    """CPU time of the server a delivery, of each round."""
    rates: list[float] = field(default_factory=list)
    """Deliveries a second, of the time that passed."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """What was lost or came twice; nothing, where all is well."""


@contextmanager
def meeting(
    kind: str, folder: Path, count: int, stalled: int = 0
) -> Iterator[tuple[Server, Readers, float]]:
    """A server with readers, and the KiB that each takes."""
    taken, given = os.pipe()
    try:
        with server(kind, folder, taken) as serving:
            empty = serving.process.memory_info().rss
            with readers(folder, serving.port, count, stalled, given) as reading:
                reading.open()
                time.sleep(SETTLE_S)
                kib = (serving.process.memory_info().rss - empty) / count / 1024
                yield serving, reading, kib
    finally:
        os.close(taken)
        os.close(given)


@dataclass(frozen=True, slots=True)
class Place:
    """A server that is being measured, with its readers."""

    serving: Server
    reading: Readers
    measured: Measured

    def saturate(self, events: int) -> None:
        """One round of events, each as soon as all have the last."""
        count = self.measured.readers
        begun, cpu = time.monotonic(), _cpu_s(self.serving)
        self.serving.lockstep(events)
        wall, cpu = time.monotonic() - begun, _cpu_s(self.serving) - cpu
        self.measured.micros.append(1e6 * cpu / events / count)
        self.measured.rates.append(events * count / wall)
        self._note(self.reading.report(), events * count)

    def delay(self, seconds: float) -> None:
        """Events at their usual pace."""
        events = round(seconds / INTERVAL)
        self.serving.pace(events, INTERVAL)
        time.sleep(SETTLE_S)
        report = self.reading.report()
        self.measured.p50_ms, self.measured.p99_ms = report["p50"], report["p99"]
        self._note(report, events * self.measured.readers)

    def _note(self, report: dict[str, Any], expected: int) -> None:
        if wrong := _wrong(report, expected):
            self.measured.wrong.append(wrong)


def measure(
    kinds: Sequence[str], folder: Path, count: int, options: argparse.Namespace
) -> dict[str, Measured]:
    """All servers side by side; one at a time has something to do."""
    with ExitStack() as stack:
        places = []
        for kind in kinds:
            serving, reading, kib = stack.enter_context(meeting(kind, folder, count))
            serving.lockstep(3)
            reading.report()
            places.append(Place(serving, reading, Measured(kind, count, kib)))
        for _ in range(options.rounds):
            for place in places:
                place.saturate(min(2000, max(3, DELIVERIES // count)))
        for place in places:
            place.delay(options.seconds)
    return {place.measured.kind: place.measured for place in places}


def stalling(folder: Path, count: int, stalled: int, seconds: float) -> tuple[float, float, str]:
    """The delays of our readers, p50 and p99 in ms, while some of them never read."""
    with meeting("captioner", folder, count, stalled) as (serving, reading, _):
        serving.lockstep(3)
        # Until the kernel holds all that it takes for the stalled ones.
        serving.pace(100, 0.02 + count * 12e-6)
        reading.report()
        serving.pace(round(seconds / INTERVAL), INTERVAL)
        time.sleep(SETTLE_S)
        report = reading.report()
    sent = round(seconds / INTERVAL) * (count - stalled)
    return report["p50"], report["p99"], _wrong(report, sent)


def storm(folder: Path, count: int) -> bool:
    """All come back at once, where they were; whether they do in time, and miss nothing."""
    with meeting("captioner", folder, count) as (serving, reading, _):
        serving.lockstep(3)
        reading.report()
        cpu = _cpu_s(serving)
        events = round(2 * STORM_LIVE_S / INTERVAL)
        publishing = threading.Thread(target=serving.pace, args=(events, INTERVAL))
        publishing.start()
        reading.talk.tell(f"reconnect {STORM_SPREAD_S}")
        opened = reading.talk.hear()
        cpu = _cpu_s(serving) - cpu
        publishing.join()
        time.sleep(2 * SETTLE_S)
        report = reading.report()
    wrong = _wrong(report, events * count)
    _print(f"storm of {count}: {opened.strip()}, server {cpu:.1f} s of CPU, {report}")
    return not wrong and float(opened.split()[1].rstrip("}")) <= STORM_LIVE_S


def _cpu_s(serving: Server) -> float:
    """With more digits than the ticks of the clock have."""
    running_ns, *_ = Path(f"/proc/{serving.process.pid}/schedstat").read_text().split()
    return int(running_ns) / 1e9


def _wrong(report: dict[str, Any], expected: int) -> str:
    trouble = {
        name: report[name]
        for name in ("lost", "doubled", "dropped", "closed", "unrecovered")
        if report[name]
    }
    if report["deliveries"] != expected:
        trouble["deliveries"] = f"{report['deliveries']} of {expected}"
    return ", ".join(f"{name} {value}" for name, value in trouble.items())


def show(row: Measured) -> None:
    micros = statistics.median(row.micros)
    _print(
        f"{row.kind:<10} {row.readers:>6}  {micros:8.2f}  {1e6 / micros:10,.0f}"
        f"  {statistics.median(row.rates):10,.0f}  {row.p50_ms:7.1f}/{row.p99_ms:7.1f}"
        f"  {row.kib:7.2f}  {'; '.join(row.wrong)}"
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def compare(folder: Path, options: argparse.Namespace) -> bool:
    """Every server in turns; the medians, and our bars."""
    kinds = [kind for kind in KINDS if kind in options.kinds]
    if "nchan" in kinds and not (NGINX.exists() and NCHAN.exists()):
        _print("nchan is not installed (nginx, libnginx-mod-nchan): not measured.")
        kinds.remove("nchan")
    _print(
        "server    readers  µs CPU a   a second    a second   delay ms         KiB a\n"
        "                   delivery   and core    measured   p50/p99           conn."
    )
    met = True
    for count in options.readers:
        rows = measure(kinds, folder, count, options)
        for row in rows.values():
            show(row)
        met &= _verdict(count, rows)
    return met


def _verdict(count: int, rows: dict[str, Measured]) -> bool:
    ours = rows.pop("captioner", None)
    if ours is None:
        return True
    _print(f"\nat {count} readers (CPU: medians of the ratios within a round)")
    met = _bar("memory of a connection, KiB", ours.kib, MOST_KIB if count >= 1000 else None)
    met &= not ours.wrong
    for kind, other in rows.items():
        pairs = zip(ours.micros, other.micros, strict=True)
        ratio = statistics.median(ours_us / other_us for ours_us, other_us in pairs)
        most = {"limit": MOST_OF_LIMIT, "nchan": MOST_OF_NCHAN}.get(kind)
        held = count in (1000, 5000)
        met &= _bar(f"CPU a delivery, as a multiple of {kind}'s", ratio, most if held else None)
    _print("")
    return met


def _bar(name: str, value: float, most: float | None) -> bool:
    verdict = "" if most is None else f"bar {most:g}: {'met' if value <= most else 'MISSED'}"
    _print(f"{name:<58} {value:8.2f}  {verdict}")
    return most is None or value <= most


def measure_stalled(folder: Path, options: argparse.Namespace) -> bool:
    """Rounds with none, one and a tenth of the readers stalled, in turns."""
    met = True
    for count in options.readers:
        rows: dict[int, list[float]] = {0: [], 1: [], count // 10: []}
        for _ in range(options.repeat):
            for stalled, all_p99 in rows.items():
                p50, p99, wrong = stalling(folder, count, stalled, options.seconds)
                all_p99.append(p99)
                _print(f"{count} readers, {stalled} stalled: {p50:.1f}/{p99:.1f} ms  {wrong}")
                met &= not wrong
        for stalled, all_p99 in rows.items():
            ratio = statistics.median(all_p99) / statistics.median(rows[0])
            met &= _bar(f"p99 of the others, {stalled} of {count} stalled", ratio, MOST_DELAYED)
    return met


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="*", default=[100, 1000, 5000, 10000])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measured delay")
    parser.add_argument("--rounds", type=int, default=15, help="of saturation")
    parser.add_argument("--repeat", type=int, default=3, help="of `--stalled`")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--stalled", action="store_true")
    parser.add_argument("--storm", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        if options.storm:
            return 0 if all(storm(folder, count) for count in options.readers) else 1
        if options.stalled:
            return 0 if measure_stalled(folder, options) else 1
        return 0 if compare(folder, options) else 1


if __name__ == "__main__":
    sys.exit(main())
