"""What of a track's audio goes to a session, and when: no I/O, samples in, messages out.

Where the server finds the utterances and tells how far it has heard, all of it goes. Where it does
not tell, a voice detector on this side knows where nobody spoke. Where minutes are paid for,
silence is not sent. Where the server finds no utterances, they are found here, and committed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from captioner.audio.endpointing import Began, Ended, Endpointer, Voice
from captioner.audio.pcm import Samples
from captioner.realtime.session import Session
from captioner.realtime.tape import Tape

PROBE_S = 2.0
"""Of audio between two questions whether it was heard."""
HANGOVER_S = 1.5
"""Of silence that is sent after speech, so that the server hears where it ends."""
PREFIX_S = 0.3
"""Of audio before what is taken for the beginning of speech, for a server that pads by itself."""
LONGEST_OPEN_S = 30.0
"""An utterance that a server has not ended by then is ended by a commit: noise may never end."""
LEAST_VOICED_S = 0.16
"""Less voice than this is no word: it is not sent."""
TOLD_S = 10.0
"""So long after speech a server has told of it, if it ever will."""
MARGIN_S = 0.35
"""By so much two may differ on where an utterance ends."""


class Sending(ABC):
    """One session's."""

    @abstractmethod
    def take(self, samples: Samples) -> list[str]:
        """The next samples of the tape: the messages that are to be sent now."""

    @abstractmethod
    def finish(self) -> list[str]:
        """There is no more audio."""

    @property
    def held(self) -> bool:
        """Whether something waits until the server has answered what was sent."""
        return False

    def go_on(self) -> list[str]:
        """The server has answered: what waited for that."""
        return []

    def words_ended(self) -> None:
        """Words have ceased to come although somebody seems to speak."""
        return None


def sending(session: Session, tape: Tape, first: int, voice: Callable[[], Voice]) -> Sending:
    """How audio from the position `first` on goes to a session that is configured.

    `voice`: makes what finds voices on this side, where that is needed.
    """
    provider = session.provider
    if provider.probes:
        return SendAll(session)
    endpointer = Endpointer(tape.rate, first, voice=voice())
    if provider.turns == "manual":
        return SendUtterances(session, tape, endpointer)
    return SendSpeech(session, tape, endpointer)


class SendAll(Sending):
    """To a server that finds the utterances, and answers how far it has heard."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._probe_s = min(PROBE_S, session.provider.ahead / 2)

    def take(self, samples: Samples) -> list[str]:
        messages = self._session.append(samples)
        if self._session.unprobed >= self._probe_s:
            messages += self._session.probe()
        return messages

    def finish(self) -> list[str]:
        return self._session.finish()


class SendUtterances(Sending):
    """To a server that leaves the utterances to us: each is sent, and committed, by itself."""

    def __init__(self, session: Session, tape: Tape, endpointer: Endpointer) -> None:
        self._session = session
        self._tape = tape
        self._endpointer = endpointer
        self._found: deque[Began | Ended] = deque()
        """What is not yet done about."""
        self._sent = endpointer.position
        self._start: int | None = None
        """Where an utterance began that is not sent before it has voice enough to be a word."""
        self._open = False
        self._finishing = False

    @property
    def held(self) -> bool:
        return bool(self._found)

    def take(self, samples: Samples) -> list[str]:
        self._found.extend(self._endpointer.hear(samples))
        return self.go_on()

    def finish(self) -> list[str]:
        self._finishing = True
        self._found.extend(self._endpointer.finish())
        return self.go_on()

    def words_ended(self) -> None:
        self._endpointer.cut_soon()

    def go_on(self) -> list[str]:
        messages: list[str] = []
        while self._found and not self._must_wait():
            messages += self._do(self._found.popleft())
        if self._found:
            return messages
        if self._start is not None and self._endpointer.voiced_s >= LEAST_VOICED_S:
            self._begin(self._start)
        if self._open:
            messages += self._send(self._endpointer.fixed)
        quiet = self._tape.time(self._endpointer.quiet)
        self._session.quiet = max(self._session.quiet, quiet)
        return messages + (self._session.finish() if self._finishing else [])

    def _do(self, found: Began | Ended) -> list[str]:
        if isinstance(found, Began):
            self._start = found.start
            return []
        if self._start is not None:
            if found.voiced_s < LEAST_VOICED_S:
                self._start = None
                return []
            self._begin(self._start)
        messages = self._send(found.end)
        self._open = False
        end = self._tape.time(found.end)
        return [*messages, *self._session.commit(end, voiced_s=found.voiced_s)]

    def _begin(self, start: int) -> None:
        self._start, self._sent, self._open = None, start, True
        self._session.skip(self._tape.time(start))
        self._session.begin(self._tape.time(start))

    def _send(self, until: int) -> list[str]:
        if until <= self._sent:
            return []
        samples = self._tape.read(self._sent, until)
        self._sent = until
        return self._session.append(samples)

    def _must_wait(self) -> bool:
        """Whether the server takes one utterance at a time, and has one."""
        waiting = len(self._session.utterances) > 0 and not self._open
        return self._session.provider.serial and waiting


class SendSpeech(Sending):
    """To a server that finds the utterances, but does not tell how far it has heard."""

    def __init__(self, session: Session, tape: Tape, endpointer: Endpointer) -> None:
        self._session = session
        self._tape = tape
        self._endpointer = endpointer
        self._sent = endpointer.position
        self._spoken: deque[Ended] = deque()
        """What was heard here and the server has not told of."""
        self._received: deque[int] = deque()
        """How many events the server had sent at the end of each."""
        self._send_until = endpointer.position

    def take(self, samples: Samples) -> list[str]:
        self._hear(samples)
        messages = self._send()
        if self._never_ends() or self._says_nothing():
            messages += self._session.commit()
        quiet = self._spoken[0].start if self._spoken else self._endpointer.quiet
        self._session.quiet = max(self._session.quiet, self._tape.time(quiet))
        return messages

    def finish(self) -> list[str]:
        messages = self._send()
        spoken = self._endpointer.start is not None or bool(self._spoken)
        known = self._session.utterances.speaking is not None
        return [*messages, *self._session.finish(spoken=spoken or known)]

    def _hear(self, samples: Samples) -> None:
        hangover = round(HANGOVER_S * self._tape.rate)
        for found in self._endpointer.hear(samples):
            if isinstance(found, Ended):
                self._spoken.append(found)
                self._received.append(self._session.received)
                start, end = self._tape.time(found.start), self._tape.time(found.end)
                self._session.credibility.overheard(start, end, found.voiced_s)
            elif found.start > self._send_until:  # after silence that was not sent
                prefix = round(PREFIX_S * self._tape.rate)
                self._sent = max(self._sent, found.start - prefix, self._tape.begin)
                self._session.skip(self._tape.time(self._sent))
            self._send_until = self._endpointer.position + hangover
        if self._endpointer.start is not None or not self._session.provider.metered:
            self._send_until = self._endpointer.position + hangover

    def _send(self) -> list[str]:
        until = min(self._endpointer.position, self._send_until)
        if until <= self._sent:
            return []
        samples = self._tape.read(self._sent, until)
        self._sent = until
        return self._session.append(samples)

    def _never_ends(self) -> bool:
        speaking = self._session.utterances.speaking
        if speaking is None or self._session.utterances.owed_commits:
            return False
        return self._session.position - speaking > LONGEST_OPEN_S

    def _says_nothing(self) -> bool:
        """Whether the server has to be asked if it is still there.

        It may have taken for noise what was heard here; but if it has said nothing at all since,
        nobody may be listening. A commit is answered by whoever does.
        """
        told = self._session.utterances.committed_until + MARGIN_S
        late = self._endpointer.position - round(TOLD_S * self._tape.rate)
        while self._spoken:
            spoken = self._spoken[0]
            heard_since = self._session.received > self._received[0]
            if self._tape.time(spoken.end) > told and not (spoken.end < late and heard_since):
                return spoken.end < late and not self._session.utterances.owed_commits
            self._spoken.popleft()
            self._received.popleft()
        return False
