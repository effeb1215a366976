"""One transcription session without I/O: the server's events in, recognition events out.

The session's clock is its samples: what was sent, counted here, says where the server's
milliseconds lie. Only the fields that are needed are read; unknown events and fields are passed
over, for every server adds its own.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from captioner.audio.pcm import Samples
from captioner.captions.recognition import (
    Committed,
    Completed,
    Delta,
    Expired,
    Failed,
    Hypothesis,
    Recognition,
    Segment,
    SpeechStarted,
    SpeechStopped,
)
from captioner.captions.words import clean
from captioner.realtime.configuration import Configuration
from captioner.realtime.credibility import Credibility, Guarded
from captioner.realtime.dialects import Message, dialect
from captioner.realtime.outgoing import Outgoing
from captioner.realtime.providers import Provider, recognised
from captioner.realtime.trouble import (
    Remedy,
    SessionEnded,
    Unanswered,
    ended_by,
    remedy_for,
    told,
)
from captioner.realtime.utterances import Item, Utterances

logger = logging.getLogger(__name__)

Report = Callable[[Mapping[str, object]], None]
"""Is given what the server says to have billed for an item."""

_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_COMMIT_EMPTY = "input_audio_buffer_commit_empty"
_PROBE = "probe"
_ONSET_S = 1.0
"""So far before the last sample that was heard an item may still begin."""
LEAST_COMMIT_S = 0.1
"""Less than this no server commits."""
_MOST_REMEMBERED = 512
"""Events whose repetition is noticed."""


class Session:
    """The state of one session; times are on the caller's clock, in seconds.

    `base`: the time of the session's first sample. `rate`: of the samples that it is given, in Hz.
    `name` parts its items from those of other sessions, for a server may call the first item of
    each the same. `retried_until`: audio before this was sent once already and never answered.
    `retries_left`: so often may a server that says nothing at all be left for another session.
    """

    def __init__(
        self,
        configuration: Configuration,
        base: float = 0.0,
        name: str = "",
        *,
        rate: int | None = None,
        retried_until: float = float("-inf"),
        retries_left: int = 0,
        report: Report = lambda _usage: None,
        guarded: Guarded = lambda _verdict, _outcome: None,
    ) -> None:
        self._configuration = configuration
        self._dialect = dialect(configuration.provider.dialect)
        self._prefix = f"{name}/" if name else ""
        provider = configuration.provider
        self._audio = Outgoing(self._dialect, rate or provider.sample_rate, provider.sample_rate)
        self._retried_until = retried_until
        self._retries_left = retries_left
        self._report = report
        self.credibility = Credibility(
            configuration.provider.name, configuration.wishes, retried_until, guarded
        )
        self._ids = count(1)
        self._probes: deque[float] = deque()
        """Up to where audio was sent when we asked for each `session.updated` to come."""
        self._heard_events: dict[str, None] = {}
        self._finishing = self._retired = False
        self.ready = False
        """Whether the server has confirmed the configuration; no audio before that."""
        self.start(base)
        self.expires_at: float | None = None
        """When the server will end the session (Unix time), if it says so."""
        self.received = 0
        """Events that came."""
        self.left_out: list[str] = []
        """Options that the server refused; the session does without them."""
        self._replies: list[str] = []

    def start(self, base: float) -> None:
        """The first sample that will be sent lies at `base`."""
        self._audio.start(base)
        self.base = base
        self.utterances = Utterances(base)
        self.heard = base
        """The server has told what it has to tell of all audio before this."""
        self.quiet = base
        """Nobody spoke before this but in utterances that are known."""

    @property
    def provider(self) -> Provider:
        """What the server can do, as far as it has shown."""
        return self._configuration.provider

    @property
    def position(self) -> float:
        """Up to where audio was sent."""
        return self._audio.clock.now

    @property
    def sent(self) -> float:
        """Seconds of audio that were sent, silence that was added included."""
        return self._audio.clock.sent

    @property
    def unprobed(self) -> float:
        """Seconds that were sent after the last probe."""
        return self.position - (self._probes[-1] if self._probes else self.heard)

    @property
    def retired(self) -> bool:
        """Whether another session has taken its place."""
        return self._retired

    @property
    def finished(self) -> bool:
        """Whether the server has said all that it will say, after `finish` or `retire`."""
        return (self._finishing or self._retired) and not (self._probes or len(self.utterances))

    @property
    def front(self) -> float:
        """Where another session has to begin, to hear what was not committed to this one."""
        speaking = self.utterances.speaking
        return max(self.utterances.committed_until, self.quiet) if speaking is None else speaking

    @property
    def settled(self) -> float:
        """Nothing before this need be heard again: it was said for good, or it was silence."""
        unsettled = self.utterances.unsettled
        return max(self.utterances.settled_until, self.quiet) if unsettled is None else unsettled

    def configure(self) -> list[str]:
        """The messages to begin with."""
        return self._dialect.configure(self._configuration.session(), self._id("configure"))

    @property
    def owed(self) -> object:
        """What the server has to answer next; None while it owes nothing."""
        return self.utterances.owed or (self._probes[0] if self._probes else None)

    def probe(self) -> list[str]:
        """An update that changes nothing: its answer follows those to all audio before it.

        Only for servers that leave buffered audio alone when they are updated.
        """
        self._probes.append(self.position)
        return self._dialect.configure(self._configuration.session(), _PROBE)

    def append(self, samples: Samples) -> list[str]:
        """The next samples, as the messages that append them."""
        return self._audio.append(samples)

    def skip(self, until: float) -> None:
        """What lies before `until` is not sent: nobody speaks in it."""
        self._audio.clock.jump(until)

    def stay_awake(self) -> list[str]:
        """Something to keep an idle connection, when nothing is said for long."""
        if self.provider.turns == "manual":
            holds_audio = self.provider.serial or self.utterances.speaking is not None
            return [] if holds_audio else self._dialect.clear()
        return self._audio.silence(LEAST_COMMIT_S)

    def begin(self, start: float) -> None:
        """The caller heard somebody begin to speak: what is sent from now on belongs to that."""
        self.utterances.begin(start)

    def commit(self, end: float | None = None, voiced_s: float | None = None) -> list[str]:
        """End the utterance, which lasts until `end` (left out: until here).

        `voiced_s`: for how long a voice was heard in it.
        """
        commit = self._id("commit")
        found = self.provider.turns == "manual"
        end = self.position if end is None else end
        self.utterances.commit(end, commit, found=found, voiced_s=voiced_s)
        too_short = found and self._audio.uncommitted_s < LEAST_COMMIT_S
        messages = self._audio.end()
        if too_short:
            messages += self._audio.silence(LEAST_COMMIT_S)
        return [*messages, *self._dialect.commit(commit)]

    def finish(self, *, spoken: bool = True) -> list[str]:
        """There is no more audio: the messages that have the rest of it settled.

        `spoken`: somebody may have spoken since the last utterance that the server knows.
        """
        self._finishing = True
        commits = self.provider.turns == "server" and spoken and self._audio.uncommitted_s
        messages = self.commit() if commits else []
        return messages + (self.probe() if self.provider.probes else [])

    def retire(self) -> tuple[str, ...]:
        """Another session goes on at `front`: the open items, which that one will hear again.

        Of this one only what is committed counts from now on.
        """
        self._retired = True
        self._probes.clear()
        return self.utterances.retire()

    def take_replies(self) -> list[str]:
        """Messages that what was received calls for, once."""
        replies, self._replies = self._replies, []
        return replies

    def expire(self, name: str) -> Recognition:
        """The item's completion did not come in time."""
        self.utterances.settle(name)
        return Expired(name)

    def give_up(self, *, alive: bool) -> list[Recognition]:
        """What is owed does not come. `alive`: the server has said something else meanwhile.

        Raises `Unanswered` where it is worth hearing the audio again.
        """
        waiting = self.utterances.waiting
        item = self.utterances.find(waiting[0]) if waiting else None
        said = alive and item is not None and item.said
        if not said and (self._retries_left if not alive else self.settled >= self._retried_until):
            raise Unanswered(self.provider.name)
        if waiting:
            return [self.expire(waiting[0])]
        if self.utterances.owed is not None:
            self.utterances.forget_commit()
        else:
            self._probed()
        return []

    def receive(self, message: Message) -> list[Recognition]:
        """Take one event of the server; one that lacks what it must have says nothing.

        Raises `SessionEnded` where the server says that nothing more is to come.
        """
        self.received += 1
        events: list[Recognition] = []
        try:
            for said in self._dialect.read(message):
                events += self._receive(said)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            logger.warning("The recogniser's %s cannot be read: %r", message.get("type"), error)
        return events

    def _id(self, kind: str) -> str:
        return f"{kind}-{next(self._ids)}"

    def _receive(self, message: Message) -> Iterator[Recognition]:
        kind = message.get("type")
        if not isinstance(kind, str) or self._repeats(message):
            return
        if kind.startswith(_TRANSCRIPTION):
            yield from self._transcription(kind.removeprefix(_TRANSCRIPTION), message)
        elif kind.startswith("input_audio_buffer."):
            yield from self._turn(kind.removeprefix("input_audio_buffer."), message)
        elif kind.startswith("session."):
            self._session(kind, message.get("session") or {})
        elif kind == "error":
            yield from self._error(told(message.get("error")))

    def _repeats(self, message: Message) -> bool:
        """Whether the event came before; two equal deltas are two words, but have two ids."""
        event_id = message.get("event_id")
        if not isinstance(event_id, str):
            return False
        if event_id in self._heard_events:
            return True
        self._heard_events[event_id] = None
        if len(self._heard_events) > _MOST_REMEMBERED:
            del self._heard_events[next(iter(self._heard_events))]
        return False

    def _session(self, kind: str, session: Mapping[str, Any]) -> None:
        if kind == "session.created":
            expires_at = session.get("expires_at")
            self.expires_at = expires_at if isinstance(expires_at, int | float) else None
            self._configuration.provider = recognised(self.provider, session)
        elif kind == "session.updated":
            if _without_transcription(session):
                raise SessionEnded(f"{self.provider.name} would not transcribe", Remedy.RETRY)
            self.ready = True
            self._probed()

    def _probed(self) -> None:
        if self._probes:
            self.heard = self._probes.popleft()
            self.quiet = max(self.quiet, self.heard - _ONSET_S)

    def _turn(self, kind: str, message: Message) -> Iterator[Recognition]:
        if "item_id" not in message or self.utterances.is_over(name := self._name(message)):
            return
        match kind:
            case "speech_started":
                item = self.utterances.start(
                    name, self._audio.clock.start(message["audio_start_ms"] / 1000)
                )
                yield SpeechStarted(name, item.start)
            case "speech_stopped":
                item, _ = self.utterances.mention(name)
                item.end = max(self._audio.clock.end(message["audio_end_ms"] / 1000), item.start)
                yield SpeechStopped(name, item.end)
            case "committed":
                yield from self._committed(name, message.get("previous_item_id"))

    def _committed(self, name: str, previous: object) -> Iterator[Recognition]:
        before = f"{self._prefix}{previous}" if previous else None
        item = self.utterances.acknowledge(name, before, self.position)
        if item is None or item.end is None:
            return
        if self.provider.turns == "server":
            yield from self._pass_over(item.start)
        yield Committed(name, item.previous, item.start, item.end)

    def _pass_over(self, until: float) -> Iterator[Recognition]:
        """A server commits in the order of speech: of what it has passed over it owes the words."""
        for name, item in self.utterances.pass_over(until).items():
            yield Committed(name, item.previous, item.start, item.end or until)

    def _transcription(self, kind: str, message: Message) -> Iterator[Recognition]:
        name = self._name(message)
        if self.utterances.is_over(name):
            if kind == "completed" and not self._retired:
                yield Completed(name, message["transcript"], _language(message))
            return
        if kind not in ("delta", "hypothesis", "segment", "completed", "failed"):
            return
        item, first = self.utterances.mention(name)
        if first and self.provider.turns == "manual":
            yield SpeechStarted(name, item.start)
        match kind:
            case "delta":
                yield self._delta(name, item, message["delta"])
            case "hypothesis":
                item.heard = self._audio.clock.end(message["audio_end_ms"] / 1000)
                yield Hypothesis(name, message["text"], item.heard, message.get("language"))
            case "segment":
                text, begin, end = message["text"], message["start"], message["end"]
                yield Segment(name, text, item.start + begin, item.start + max(begin, end))
            case "completed":
                completed = self._completed(name, item, message)
                self.utterances.settle(name)
                yield completed
            case "failed":
                if not (item.said or self.provider.trusted):
                    self.credibility.failed(item)
                self.utterances.settle(name)
                yield Failed(name, str(told(message.get("error")).get("code") or "failed"))

    def _delta(self, name: str, item: Item, text: str) -> Delta:
        item.said += text
        until = self.position if item.heard is None else item.heard
        return Delta(name, text, until, provisional=not self.provider.promised)

    def _completed(self, name: str, item: Item, message: Message) -> Completed:
        usage = message.get("usage")
        if isinstance(usage, Mapping):
            self._report(usage)
        text = clean(message["transcript"])
        if not self.provider.trusted:
            end = self.position if item.end is None else item.end
            text = self.credibility.completed(item, end, text)
        return Completed(name, text, _language(message))

    def _name(self, message: Message) -> str:
        return self._prefix + str(message["item_id"])

    def _error(self, error: Mapping[str, Any]) -> Iterator[Recognition]:
        remedy = remedy_for(error)
        if remedy is not Remedy.IGNORE:
            raise ended_by(self.provider.name, error, remedy)
        if error.get("event_id") == _PROBE:
            self._probed()
        elif not self.ready:
            self._refused(error)
        elif error.get("code") == _COMMIT_EMPTY or str(error.get("event_id")).startswith("commit"):
            yield from self._not_committed(error.get("event_id"))
        else:
            logger.warning("The recogniser answered %s", error.get("code"))

    def _refused(self, error: Mapping[str, Any]) -> None:
        """Ask again without the option that was refused: the session would stay silent."""
        option = self._configuration.leave_out(error)
        if option is None:
            raise ended_by(self.provider.name, error, Remedy.REFUSED)
        self.left_out.append(option)
        self._replies += self.configure()

    def _not_committed(self, event_id: object) -> Iterator[Recognition]:
        """With turns of its own the server had nothing; else it has lost what it was sent."""
        commit = self.utterances.refuse(event_id)
        if commit is None or commit.end is None:
            return
        if commit.start is None:
            # What has only just begun may be too little to be committed yet.
            yield from self._pass_over(commit.end - (0.0 if self._finishing else _ONSET_S))
        elif commit.start >= self._retried_until:
            raise Unanswered(self.provider.name)


def _without_transcription(session: Mapping[str, Any]) -> bool:
    """Whether the configuration says in so many words that nothing will be transcribed."""
    given = (session.get("audio") or {}).get("input") or {}
    return "transcription" in given and given["transcription"] is None


def _language(message: Message) -> str | None:
    languages = message.get("languages") or []
    return languages[0].get("code") if languages else None
