"""What the server counts, for Prometheus: the one place where a metric gets its name.

No label names a room, a track or anything that was said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

Rotation = Literal["pause", "forced"]
Outcome = Literal["dropped", "retried", "replaced"]

_TRANSLATION_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one server, and their text. `engine` is who recognises, by its name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._opened = self._counter(
            "sessions_opened", "Sessions that a recogniser accepted.", "engine"
        )
        self._lost = self._counter(
            "sessions_lost", "Sessions that ended before their work was done.", "engine", "reason"
        )
        self._available = Gauge(
            "captioner_engine_available",
            "1 while a recogniser can be reached, else 0.",
            ("engine",),
            registry=self.registry,
        )
        self._failovers = self._counter(
            "failovers", "Changes from one recogniser to another.", "from_engine", "to_engine"
        )
        self._rotations = self._counter(
            "session_rotations",
            "Sessions replaced before the recogniser's limit: in a pause, or forced.",
            "engine",
            "kind",
        )
        self._sent = self._counter(
            "audio_sent_seconds", "Audio sent to a recogniser, in seconds.", "engine"
        )
        self._replayed = self._counter(
            "replayed_seconds",
            "Audio sent once more after a session was lost, in seconds.",
            "engine",
        )
        self._gaps = self._counter("gaps", "Stretches of audio without captions.", "reason")
        self._gap_seconds = self._counter(
            "gap_seconds", "Audio without captions, in seconds.", "reason"
        )
        self._guarded = self._counter(
            "guarded",
            "Completions that a content guard took for made up, and what became of them.",
            "verdict",
            "outcome",
        )
        self._takeovers = self._counter(
            "keeper_takeovers", "Rooms kept here since their keeper died, stopped or lost them."
        )
        self._leases_lost = self._counter(
            "leases_lost", "Duties that another process does, though this one did not let go."
        )
        self._unnumbered = self._counter(
            "events_unnumbered", "Events that readers here were shown while Redis was away."
        )
        self._unsaid = self._counter(
            "speech_skipped", "Captions that a voice here did not say, or not to their end."
        )
        self._watched: dict[str, Gauge] = {}
        self._count_translations()

    def _count_translations(self) -> None:
        self._translated = self._counter(
            "captions_translated", "Finals that were published in another language.", "language"
        )
        self._untranslated = self._counter(
            "captions_untranslated",
            "Those of them that say what was said, for want of a translation.",
            "language",
        )
        self._translation_s = Histogram(
            "captioner_translation_seconds",
            "From a final to its translation.",
            ("language",),
            buckets=_TRANSLATION_S,
            registry=self.registry,
        )

    def session_opened(self, engine: str) -> None:
        self._opened.labels(engine).inc()

    def session_lost(self, engine: str, reason: str) -> None:
        self._lost.labels(engine, reason).inc()

    def engine_available(self, engine: str, available: bool) -> None:
        self._available.labels(engine).set(available)

    def failed_over(self, source: str, target: str) -> None:
        self._failovers.labels(source, target).inc()

    def session_rotated(self, engine: str, kind: Rotation) -> None:
        self._rotations.labels(engine, kind).inc()

    def audio_sent(self, engine: str, seconds: float) -> None:
        self._sent.labels(engine).inc(seconds)

    def audio_replayed(self, engine: str, seconds: float) -> None:
        """Audio that `audio_sent` counts as well."""
        self._replayed.labels(engine).inc(seconds)

    def gap(self, reason: str, seconds: float) -> None:
        self._gaps.labels(reason).inc()
        self._gap_seconds.labels(reason).inc(seconds)

    def guarded(self, verdict: str, outcome: Outcome) -> None:
        self._guarded.labels(verdict, outcome).inc()

    def translated(self, language: str, seconds: float) -> None:
        """`seconds`: from the final of what was said to that of its translation."""
        self._translated.labels(language).inc()
        self._translation_s.labels(language).observe(seconds)

    def untranslated(self, language: str) -> None:
        """A caption that `translated` counts as well."""
        self._untranslated.labels(language).inc()

    def watch_translations(self, count: Callable[[], int]) -> None:
        self._watch("translation_sessions", "Rooms times languages translated here.", count)

    def keeper_taken_over(self) -> None:
        self._takeovers.inc()

    def lease_lost(self) -> None:
        self._leases_lost.inc()

    def shown_unnumbered(self) -> None:
        self._unnumbered.inc()

    def speech_skipped(self) -> None:
        self._unsaid.inc()

    def watch_redis(self, up: Callable[[], bool]) -> None:
        self._watch("redis_up", "1 while Redis answers, else 0.", up)

    def watch_rooms_kept(self, count: Callable[[], int]) -> None:
        self._watch("rooms_kept", "Rooms that this process keeps.", count)

    def watch_readers(self, count: Callable[[], int]) -> None:
        self._watch("readers", "Readers connected to this process.", count)

    def watch_listeners(self, count: Callable[[], int]) -> None:
        self._watch("listeners", "Listeners to a voice, connected to this process.", count)

    def watch_speech_lag(self, seconds: Callable[[], float]) -> None:
        self._watch(
            "speech_lag_seconds", "How far the latest voice here is behind the speaker.", seconds
        )

    def exposition(self) -> tuple[bytes, str]:
        """All metrics as Prometheus reads them, and the content type of that."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4

    def _watch(self, name: str, help: str, value: Callable[[], float]) -> None:
        """From now on the metric is what the function returns."""
        if name not in self._watched:
            self._watched[name] = Gauge(f"captioner_{name}", help, registry=self.registry)
        self._watched[name].set_function(value)

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(f"captioner_{name}", help, labels, registry=self.registry)
