"""What goes wrong in one session, between its client and its recogniser; without I/O.

Messages of the client go in by `hear`, events of the recogniser by `say`, time by `pass_time`;
what the client gets is in `outgoing`. Who the recogniser is makes no difference.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import inf
from typing import Any

import orjson

from captioner.engine.client_events import Append, Clear, ClientEvent, SessionUpdate, parse
from captioner.engine.protocol_error import ProtocolError
from tests.faults import script
from tests.faults.allowances import Allowances
from tests.faults.events import UNKNOWN, Event, error_event, failure_of, kind_of, place_of
from tests.faults.script import After, Aimed, AtByte, AtSecond, Before, Fault, Point, Sudden, Within

_SOON_S = 1e-6
_SHORT = 16 * 1024
_CLEAR = '{"type":"input_audio_buffer.clear"}'


@dataclass(frozen=True, slots=True)
class Half:
    """The connection breaks off in the middle of this event."""

    event: Event


@dataclass(frozen=True, slots=True)
class Close:
    """The end: a close frame, or none."""

    code: int
    reason: str = ""


Outgoing = Event | Half | Close


@dataclass(frozen=True, slots=True)
class Held:
    """The event comes after so many others that follow it."""

    behind: int
    event: Event


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that reaches the recogniser, and what it says."""

    message: str | bytes
    event: ClientEvent | ProtocolError


class FaultySession:
    """Times are seconds on the carrier's clock; `wall` is the one that `expires_at` is told by."""

    def __init__(
        self, faults: Iterable[Fault], now: float, wall: Callable[[], float] = time.time
    ) -> None:
        self.faults = tuple(faults)
        self.outgoing: deque[Outgoing] = deque()
        self.ended: Close | None = None
        self.reads_at = now
        """Before that nothing is to be read."""
        self.heard_s = 0.0
        """Of audio that came, whether or not it was dropped."""
        self.dropped_s = 0.0
        self.asked: list[Mapping[str, Any]] = []
        """The `session` of every update that came."""
        self.sent: Counter[str] = Counter()
        """Events by kind, what was sprinkled in left out."""
        self._wall = wall
        self._received = 0
        self._bytes_a_second = 48_000
        self._configured = False
        self._silent = False
        self._hushed = 0
        """Answers to what the client did not ask."""
        self._said: Counter[str] = Counter()
        self._sudden = [fault for fault in self.faults if isinstance(fault, Sudden)]
        self._aimed = [fault for fault in self.faults if isinstance(fault, Aimed)]
        self._timers: list[tuple[float, int, Event | Held | Close]] = []
        self._order = count()
        self._held: list[tuple[int, Event]] = []
        self._allowances = Allowances(self.faults, now)
        self._lag = sum(fault.seconds for fault in self.faults if isinstance(fault, script.Lag))
        self._sprinkled = next(
            (fault.every for fault in self.faults if isinstance(fault, script.Sprinkled)), 0
        )
        for fault in self.faults:
            if isinstance(fault, script.Expires):
                self._at(now + fault.after_s, Close(1001, script.EXPIRED))

    @property
    def due(self) -> float:
        """When `pass_time` has something to do."""
        return self._timers[0][0] if self._timers else inf

    @property
    def bytes_left(self) -> float:
        """So many bytes may come before the connection is to break off, in whatever message."""
        points = [fault.at for fault in self._sudden if isinstance(fault, script.Disconnect)]
        return min((p.byte for p in points if isinstance(p, AtByte)), default=inf)

    def hear(self, message: str | bytes, now: float) -> list[Taken]:
        """Take a message; return what of it reaches the recogniser."""
        if self.ended is not None:
            return []
        event = _parsed(message)
        seconds = len(event.audio) / self._bytes_a_second if isinstance(event, Append) else 0.0
        self.heard_s += seconds
        self._received += len(message)
        self.reads_at = max(self.reads_at, now) + self._allowances.reading_s(seconds)
        self._strike(self._has_come, now)
        if self._silent:
            return []
        match event:
            case Append() if self._unheard(seconds, now):
                self.dropped_s += seconds
                return []
            case SessionUpdate():
                return self._update(Taken(message, event), event, now)
        return [Taken(message, event)]

    def say(self, said: str | bytes, now: float) -> None:
        """Take an event of the recogniser, as it goes over the wire."""
        event: Event = orjson.loads(said)
        kind = kind_of(event)
        if kind == "cleared" and self._hushed:
            self._hushed -= 1
            return
        if kind in ("created", "updated"):
            self._know(event["session"], created=kind == "created")
        self._send(event, kind, now)

    def close(self, code: int, reason: str, now: float) -> None:
        """The recogniser itself ends the session."""
        self._at(now + self._lag, Close(code, reason))
        self.pass_time(now)

    def break_off(self) -> None:
        """The connection is gone, whoever did it."""
        self._end(Close(script.ABORTED))

    def pass_time(self, now: float) -> None:
        """Do what is due."""
        while self._timers and self._timers[0][0] <= now + _SOON_S:
            _, _, due = heapq.heappop(self._timers)
            if isinstance(due, Close):
                self._expire(due, now)
            elif isinstance(due, Held):
                self._held.append((due.behind, due.event))
            else:
                self._emit(due, now)

    def _has_come(self, point: Point) -> bool:
        match point:
            case AtSecond(seconds):
                return self.heard_s >= seconds
            case AtByte(byte):
                return self._received >= byte
        return False

    def _unheard(self, seconds: float, now: float) -> bool:
        deaf = any(isinstance(fault, script.Unconfigured) for fault in self.faults)
        return (deaf and not self._configured) or not self._allowances.takes(seconds, now)

    def _update(self, taken: Taken, event: SessionUpdate, now: float) -> list[Taken]:
        self.asked.append(event.session)
        for fault in self.faults:
            place = isinstance(fault, script.Rejects) and place_of(event.session, fault.option)
            if place:
                message = f"'{place}' is not supported with this model."
                refusal = ProtocolError(
                    "invalid_value", message, param=place, event_id=event.event_id
                )
                self._send(error_event(refusal), "error", now)
                return []
        if any(isinstance(fault, script.SwallowsOnUpdate) for fault in self.faults):
            self._hushed += 1
            return [Taken(_CLEAR, Clear(None)), taken]
        return [taken]

    def _know(self, session: Event, *, created: bool) -> None:
        """Learn what is configured; announce when the session will expire."""
        format_ = session["audio"]["input"]["format"]
        self._bytes_a_second = 2 * format_["rate"] if format_["type"] == "audio/pcm" else 8000
        self._configured = not created
        for fault in self.faults:
            if created and isinstance(fault, script.Expires) and fault.announced:
                session["expires_at"] = int(self._wall() + fault.after_s)

    def _send(self, event: Event, kind: str, now: float) -> None:
        """Send it as those faults will have it that are aimed at it."""
        self._said[kind] += 1
        later, behind, again = self._lag, 0, None
        for fault in self._aimed:
            if not _aims(fault, kind, self._said[kind]):
                continue
            match fault:
                case script.Missing():
                    return
                case script.Fails():
                    event = failure_of(event)
                case script.Late():
                    later += fault.seconds
                case script.HeldBack():
                    behind = fault.behind
                case script.Twice():
                    again = fault.seconds
        if behind:
            self._at(now + later, Held(behind, event))
            self.pass_time(now)
        elif later:
            self._at(now + later, event)
        else:
            self._emit(event, now)
        if again is not None:
            self._at(now + later + again, dict(event))
            self.pass_time(now)

    def _emit(self, event: Event, now: float) -> None:
        """Send it, and let happen what happens before, within and after."""
        if self._silent:
            return
        kind = kind_of(event)
        nth = self.sent[kind] + 1
        if self._sudden:
            self._strike(lambda point: point == Before(kind, nth), now)
            self._strike(lambda point: point == Within(kind, nth), now, event)
            if self._silent:
                return
        if self._sprinkled:
            event["obfuscation"] = "aY3"
        self.outgoing.append(event)
        self.sent[kind] = nth
        if self._sprinkled and self.sent.total() % self._sprinkled == 0:
            self.outgoing.append(dict(UNKNOWN[self.sent.total() % len(UNKNOWN)]))
        if self._sudden:
            self._strike(lambda point: point == After(kind, nth), now)
        self._release(now)

    def _release(self, now: float) -> None:
        """One more event has passed those that are held back."""
        if self._held:
            held = [(behind - 1, event) for behind, event in self._held]
            self._held = [one for one in held if one[0] > 0]
            for _, event in (one for one in held if one[0] == 0):
                self._emit(event, now)

    def _strike(
        self, reached: Callable[[Point], bool], now: float, event: Event | None = None
    ) -> None:
        """Let happen what has its time now; `event` is the one that this is in the middle of."""
        for fault in [fault for fault in self._sudden if reached(fault.at)]:
            if self._silent:
                return
            self._sudden.remove(fault)
            match fault:
                case script.Disconnect():
                    if fault.error is not None:
                        self._emit(_error(fault.error, fault.reason or fault.error), now)
                    if event is not None:
                        self.outgoing.append(Half(event))
                    self._end(Close(fault.code, fault.reason))
                case script.Death():
                    self._silent = True
                    self._timers.clear()
                case script.Stall():
                    self.reads_at = max(self.reads_at, now) + fault.seconds
                case script.Says():
                    self._emit(_error(fault.code, "Something is not as it should be."), now)

    def _expire(self, close: Close, now: float) -> None:
        warned = any(isinstance(fault, script.Expires) and fault.warned for fault in self.faults)
        if close.reason == script.EXPIRED and warned:
            self._emit(_error("session_expired", close.reason), now)
        self._end(close)

    def _end(self, close: Close) -> None:
        if self.ended is None:
            self.ended = close
            self.outgoing.append(close)
        self._silent = True
        self._timers.clear()

    def _at(self, when: float, due: Event | Held | Close) -> None:
        if not self._silent:
            heapq.heappush(self._timers, (when, next(self._order), due))


def _parsed(message: str | bytes) -> ClientEvent | ProtocolError:
    try:
        return (_parse_short if len(message) <= _SHORT else parse)(message)
    except ProtocolError as error:
        return error


@lru_cache(maxsize=1024)
def _parse_short(message: str | bytes) -> ClientEvent:
    """Coded speech repeats itself, and thousands of scripts are played the same."""
    return parse(message)


def _error(code: str, message: str) -> Event:
    return error_event(ProtocolError(code, message))


def _aims(fault: Aimed, kind: str, nth: int) -> bool:
    if isinstance(fault, script.Fails):
        return kind == "completed" and fault.nth in (nth, None)
    return kind == fault.kind and fault.nth in (nth, None)
