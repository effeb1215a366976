"""What the rules of streaming cost and gain: `python -m tests.bench.streaming_policy`.

One stream on a virtual clock. Every decode is really made; the time it takes is a fixed cost
(`COSTS`, so that the figures do not depend on what else the machine does) or, with `--measured`,
its CPU time. Word times are those of the finals, so that delays do not depend on another run.
`--peer` transcribes the same recording with faster-whisper's offline base and compares.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from captioner.audio.turns import (
    FRAME,
    TurnEvent,
    TurnGrown,
    TurnPaused,
    TurnPolicy,
    TurnStarted,
    TurnStopped,
)
from captioner.captions.words import words
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job, Samples
from captioner.engine.listener import Listener
from captioner.engine.models import find_models
from captioner.engine.recognizer import Recognizer
from captioner.engine.utterance import StreamingPolicy, Utterance
from captioner.engine.whisper import context_s
from tests.bench import offline, speech
from tests.bench.delays import Arrival, Report, SpokenWord, percentile, report

COSTS = {
    "partial": ({10.0: 0.086, 12.5: 0.115, 15.0: 0.152}, 0.026, 0.0055),
    "final": ({10.0: 0.196, 12.5: 0.257, 15.0: 0.343}, 0.08, 0.011),
}
"""Seconds of the encoder by context, of every decode, and of a token (AVX2 without VNNI)."""
TOKENS_PER_WORD = 1.35

Cost = Callable[[Job, Hypothesis, float], float]
"""Seconds that a decode takes, given its CPU time."""


def fixed(job: Job, heard: Hypothesis, _cpu_s: float) -> float:
    """What it takes on the machine of COSTS."""
    encoder, constant, token = COSTS[job.kind]
    tokens = len(words(heard.text)) * TOKENS_PER_WORD + 2 * len(heard.segments)
    return encoder[min(context_s(job.audio.size / SAMPLE_RATE), 15.0)] + constant + token * tokens


def measured(_job: Job, _heard: Hypothesis, cpu_s: float) -> float:
    """What it takes here."""
    return cpu_s


@dataclass(slots=True)
class Turn:
    """An open utterance."""

    id: str
    start: int
    utterance: Utterance
    told: str = ""
    guess: tuple[int, Hypothesis] | None = None


@dataclass(slots=True)
class Stream:
    """One stream and one worker for it; `free_at` and arrivals are seconds of the recording."""

    recognizer: Recognizer
    audio: Samples
    policy: StreamingPolicy
    cost: Cost
    cpu_s: float = 0.0
    free_at: float = 0.0
    arrivals: list[Arrival] = field(default_factory=list)
    spoken: list[SpokenWord] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)
    """What the finals would say if nothing had been told before."""
    _before: str = ""
    """What was told of audio behind the place where a long turn was cut."""
    _cut_at: int = -1

    def play(self) -> None:
        """Hear the whole recording, frame by frame."""
        listener, turn = Listener(SAMPLE_RATE, TurnPolicy(), first=0), None
        for at in range(0, self.audio.size, FRAME):
            cpu = time.process_time()
            events = listener.append(self.audio[at : at + FRAME])
            self.cpu_s += time.process_time() - cpu
            for event in events:
                turn = self._take(event, turn, listener.end)
            listener.forget(turn.start if turn else None)
        if turn is not None:
            self._take(TurnStopped(self.audio.size), turn, self.audio.size)

    def _take(self, event: TurnEvent, turn: Turn | None, now: int) -> Turn | None:
        if isinstance(event, TurnStarted):
            id_ = f"u{len(self.finals) + 1}"
            goes_on = event.sample == self._cut_at
            before = self._before if goes_on else ""
            return Turn(id_, event.sample, Utterance(self.policy, before=before))
        assert turn is not None
        if isinstance(event, TurnGrown):
            if now / SAMPLE_RATE >= self.free_at:
                self._hear(turn, self._decode("partial", turn, now, now), now)
            return turn
        if isinstance(event, TurnPaused):
            heard = self._decode("final", turn, event.sample, now)
            turn.guess = event.sample, heard
            self._hear(turn, heard, event.sample)
            return turn
        end_s = (event.sample - turn.start) / SAMPLE_RATE
        self._cut_at = event.sample if event.cut else -1
        self._before = turn.utterance.cut(end_s) if event.cut else ""
        self._complete(turn, event.sample, now)
        return None

    def _decode(self, kind: str, turn: Turn, end: int, now: int) -> Hypothesis:
        audio = self.audio[turn.start : end]
        job = Job("final" if kind == "final" else "partial", audio, "en")
        cpu = time.process_time()
        (heard,) = self.recognizer.decode([job])
        seconds = self.cost(job, heard, time.process_time() - cpu)
        self.cpu_s += seconds
        self.free_at = max(self.free_at, now / SAMPLE_RATE) + seconds
        return heard

    def _hear(self, turn: Turn, heard: Hypothesis, end: int) -> None:
        update = turn.utterance.partial(heard, (end - turn.start) / SAMPLE_RATE)
        turn.told += update.delta
        self._arrive(turn, turn.told + update.tail, end)

    def _complete(self, turn: Turn, end: int, now: int) -> None:
        if turn.guess is not None and turn.guess[0] == end:
            heard = turn.guess[1]
        else:
            heard = self._decode("final", turn, end, now)
        self.free_at = max(self.free_at, now / SAMPLE_RATE)
        completion = turn.utterance.complete(heard)
        assert completion.transcript.startswith(turn.told)
        turn.told = completion.transcript
        self.finals.append(heard.text)
        start = turn.start / SAMPLE_RATE
        self.spoken += [SpokenWord(word.text, start + word.end) for word in heard.words]
        self._arrive(turn, turn.told, end, final=True)

    def _arrive(self, turn: Turn, text: str, end: int, *, final: bool = False) -> None:
        start_s, end_s = turn.start / SAMPLE_RATE, end / SAMPLE_RATE
        self.arrivals.append(
            Arrival(self.free_at, turn.id, text, len(turn.told), final, start_s, end_s)
        )


def rows(stream: Stream, clip: speech.Clip, figures: Report) -> Iterator[tuple[str, float, float]]:
    """What was measured, and its bar."""
    told = " ".join(arrival.text for arrival in stream.arrivals if arrival.final)
    yield "word error rate, %", speech.error_rate([clip.reference], [told], "en"), 9.6
    replaced = " ".join(stream.finals)
    yield "... if finals replaced it", speech.error_rate([clip.reference], [replaced], "en"), np.nan
    yield "word shown, s, p50", percentile(figures.shown, 50), 0.6
    yield "word shown, s, p95", percentile(figures.shown, 95), np.nan
    yield "word stable, s, p50", percentile(figures.stable, 50), 1.3
    yield "word stable, s, p95", percentile(figures.stable, 95), 3.5
    yield "final after the last word, s, p50", percentile(figures.final, 50), 0.9
    yield "final after the last word, s, p95", percentile(figures.final, 95), np.nan
    yield "words changed, per word", figures.changed / max(figures.words, 1), 0.4
    yield "revisions that changed stable text", figures.stable_changed, 0
    yield "CPU, s per second of audio", stream.cpu_s / (stream.audio.size / SAMPLE_RATE), np.nan


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measured", action="store_true", help="decodes take their CPU time")
    parser.add_argument("--peer", action="store_true", help="run faster-whisper offline too")
    parser.add_argument("--seconds", type=int, default=None, help="only so much of the recording")
    usual = StreamingPolicy()
    for name in ("likely", "sure", "margin_s", "patience_s"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=getattr(usual, name), dest=name)
    given = parser.parse_args()
    clip = speech.meeting(given.seconds)
    samples = speech.load(clip.path, clip.until)
    policy = StreamingPolicy(given.likely, given.sure, given.margin_s, given.patience_s)
    stream = Stream(
        Recognizer.load(device="cpu"),
        (samples / 32768).astype(np.float32),
        policy,
        measured if given.measured else fixed,
    )
    stream.play()
    for name, value, bar in rows(stream, clip, report(stream.arrivals, stream.spoken)):
        sys.stdout.write(f"{name:<40} {value:8.3f}" + (f"   bar {bar:g}\n" if bar >= 0 else "\n"))
    if given.peer:
        peer = offline.transcribe(offline.peer(find_models(None).final), samples, language="en")
        wer = speech.error_rate([clip.reference], [peer.text], "en")
        sys.stdout.write(f"{'peer: word error rate, %':<40} {wer:8.3f}\n")
        sys.stdout.write(f"{'CPU, of the peer':<40} {stream.cpu_s / peer.cpu_s:8.3f}\n")


if __name__ == "__main__":
    main()
