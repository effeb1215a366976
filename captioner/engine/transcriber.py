"""What a session wants decoded, and what becomes of the answers: the scheduler's `Source`.

What is told depends on the audio alone. Partial decodes are asked for at places in it (`turns`),
and their answers are taken in its order, however long each took. Only where the machine cannot
keep up, or audio is in a hurry, partials are left out.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel

from captioner.engine.hurry import Hurry
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job
from captioner.engine.items import Item, Piece
from captioner.engine.language import RELIABLE_S, SessionLanguage
from captioner.engine.listener import Listener
from captioner.engine.scheduler import Final
from captioner.engine.session_config import Transcription

LATE_S = 0.25
"""A partial that waits so long for a worker has been overtaken by what was said since."""
LATE_FINAL_S = 0.75
"""A final that waits so long is decoded with the fast search, for those behind it."""

Kind = Literal["partial", "final", "accurate"]

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Decode:
    """A decode of a piece up to `end` (samples on the session's clock) of what is heard."""

    job: Job
    item: Item
    piece: Piece
    listener: Listener
    end: int
    guessed: bool = False
    """Whether it was asked for in a pause, when more might still be said."""
    last: bool = False
    """Whether it decides what the piece says."""
    hypothesis: Hypothesis | None = None

    @property
    def audio_s(self) -> float:
        return self.job.audio.size / SAMPLE_RATE


class Transcriber:
    """One session's."""

    def __init__(self, transcription: Transcription, tell: Callable[[Iterable[BaseModel]], None]):
        """`tell` takes events for the client, perhaps none; it is called after every decode."""
        self._transcription = transcription
        self._language = SessionLanguage(transcription)
        self._tell = tell
        self._hurry = Hurry()
        self._committed: deque[Item] = deque()
        self._order: deque[_Decode] = deque()
        """What has not been answered, in the order of the audio."""
        self._decodes: dict[Job, _Decode] = {}
        """The same, by job."""
        self._finals: deque[Final] = deque()
        self._waiting: deque[_Decode] = deque()
        """Partials and guesses of the open piece that no worker has begun."""
        self._running: set[Job] = set()
        self._idle_since = 0.0
        """Since when nothing of this session is decoded, though there is something to decode."""
        self._guess: _Decode | None = None
        """The decode of the open piece up to the pause that may be its end."""

    @property
    def undecided_s(self) -> float:
        """Seconds of speech that wait for their final decode."""
        return sum(job.audio.size for job in self._decodes if job.kind != "partial") / SAMPLE_RATE

    @property
    def settled(self) -> bool:
        """Whether every committed item has had its last event."""
        return not self._committed

    def configure(self, transcription: Transcription) -> None:
        """What is decoded from now on is decoded so."""
        if transcription != self._transcription:
            self._transcription = transcription
            self._language = SessionLanguage(transcription)

    def received(self, position: int, now: float) -> None:
        """Audio has come up to `position`."""
        self._hurry.received(position, now)

    def grow(self, item: Item, end: int, listener: Listener, now: float) -> None:
        """The open piece has more speech, up to `end`."""
        self._give_up_guess(now)
        piece = item.open_piece
        if piece is None or not item.live or self._hurry:
            return
        if self._language.settled or end - piece.start >= RELIABLE_S * SAMPLE_RATE:
            self._leave_out_late(now)
            self._waiting.append(self._decode("partial", item, piece, end, listener, now))

    def pause(self, item: Item, end: int, listener: Listener, now: float) -> None:
        """Nobody speaks just now; if that lasts, the open piece ends at `end`.

        Whoever has nothing else to do may decode it at once.
        """
        piece = item.open_piece
        if piece is not None and item.live and not self._hurry:
            self._leave_out_late(now)
            self._guess = self._decode("final", item, piece, end, listener, now)
            self._guess.guessed = True
            self._waiting.append(self._guess)

    def close(self, item: Item, piece: Piece, end: int, listener: Listener, now: float) -> None:
        """The piece ends: decode it for good, unless that was done in the pause before."""
        piece.end = end
        self._leave_out_late(now)
        final, self._guess = self._guess, None
        if final is None or final.end != end:
            kind: Kind = "final" if item.live else "accurate"
            final = self._decode(kind, item, piece, end, listener, now)
            self._waiting.append(final)
        final.last = True
        self._insist(now)
        if final.hypothesis is not None and final.job not in self._decodes:
            self._conclude(final, final.hypothesis)

    def commit(self, item: Item) -> None:
        """The item has all its audio."""
        self._committed.append(item)
        self._tell(item.news())
        self._settle()

    def drop(self, item: Item) -> None:
        """The client threw the item away."""
        for decode in [decode for decode in self._order if decode.item is item]:
            self._forget(decode)
        self._finals = deque(final for final in self._finals if final.job in self._decodes)
        self._waiting.clear()
        self._guess = None

    @property
    def live(self) -> bool:
        return self._transcription.model == "captioner-live"

    @property
    def finals(self) -> deque[Final]:
        return self._finals

    def take_final(self, now: float) -> Final:
        final = self._finals.popleft()
        if self._late(now):
            while self._finals and not self._decodes[final.job].last:
                self._forget(self._decodes[final.job])
                final = self._finals.popleft()
        # Its session may have waited since before there was this final; and a burst that waits for
        # its own session's decodes is not late, or the words would depend on the network.
        if self.live and min(self._waited(now), now - final.since) > LATE_FINAL_S:
            final = replace(final, job=self._exchange(final.job, replace(final.job, late=True)))
        self._running.add(final.job)
        return final

    @property
    def partial_due(self) -> float | None:
        """Partials of one session do not run beside each other."""
        ready = bool(self._waiting) and not self._waiting[0].guessed
        running = any(job.kind == "partial" for job in self._running)
        return self._idle_since if ready and not running else None

    def take_partial(self, now: float) -> Job:
        assert self.partial_due is not None, "no partial is due"
        decode = self._waiting.popleft()
        if self._late(now):
            self._renew(decode)
        self._running.add(decode.job)
        return decode.job

    @property
    def offers_guess(self) -> bool:
        return bool(self._waiting) and self._waiting[0].guessed

    def take_guess(self) -> Job:
        assert self.offers_guess, "no guess is offered"
        job = self._waiting.popleft().job
        self._running.add(job)
        return job

    def decoded(self, job: Job, hypothesis: Hypothesis, now: float) -> None:
        self._done(job, now)
        if decode := self._decodes.get(job):  # else it was dropped meanwhile
            decode.hypothesis = hypothesis
            self._take_answers(now)

    def failed(self, job: Job, error: Exception, now: float) -> None:
        logger.error("A %s decode failed.", job.kind, exc_info=error)
        self._done(job, now)
        if decode := self._decodes.get(job):
            self._forget(decode)
            if decode is self._guess:
                self._guess = None
            elif decode.last:
                decode.item.error = "The recogniser failed on this item."
            self._take_answers(now)
        self._settle()

    def _decode(
        self, kind: Kind, item: Item, piece: Piece, end: int, listener: Listener, now: float
    ) -> _Decode:
        """A decode of the piece up to `end`, which is behind all that there are."""
        if not (self._running or self._waiting or self._finals):
            self._idle_since = now
        decode = _Decode(self._job(kind, piece, end, listener), item, piece, listener, end)
        self._order.append(decode)
        self._decodes[decode.job] = decode
        return decode

    def _job(self, kind: Kind, piece: Piece, end: int, listener: Listener) -> Job:
        return Job(
            kind=kind,
            audio=listener.between(piece.start, end),
            language=self._language.of(end - piece.start),
            prompt=self._transcription.prompt or "",
            keywords=tuple(self._transcription.keywords or ()),
        )

    def _late(self, now: float) -> bool:
        """Whether the machine cannot keep up, with this session having its share of it."""
        return self._waited(now) > LATE_S

    def _waited(self, now: float) -> float:
        """Seconds for which all workers were busy with other sessions."""
        return 0.0 if self._running else now - self._idle_since

    def _give_up_guess(self, now: float) -> None:
        """The pause did not last. What was asked for in it is still decoded, if it is in time."""
        guess, self._guess = self._guess, None
        self._leave_out_late(now)
        if guess in self._waiting:
            self._insist(now)

    def _insist(self, now: float) -> None:
        """What waits is decoded before anything that is merely due."""
        self._finals.extend(Final(decode.job, now) for decode in self._waiting)
        self._waiting.clear()

    def _leave_out_late(self, now: float) -> None:
        """Newer decodes overtake those that wait."""
        if self._late(now):
            self._leave_out()

    def _leave_out(self) -> None:
        """Nobody needs what waits but the guess, and what decides."""
        for decode in [decode for decode in self._waiting if decode is not self._guess]:
            self._waiting.remove(decode)
            self._forget(decode)
        for final in [final for final in self._finals if not self._decodes[final.job].last]:
            self._finals.remove(final)
            self._forget(self._decodes[final.job])

    def _renew(self, decode: _Decode) -> None:
        """Take all the audio there is for a late partial, instead of those behind it."""
        self._leave_out()
        decode.end = min([decode.listener.end, *(guess.end for guess in self._waiting)])
        self._exchange(decode.job, self._job("partial", decode.piece, decode.end, decode.listener))

    def _exchange(self, job: Job, better: Job) -> Job:
        """Decode something else in a job's place."""
        decode = self._decodes.pop(job)
        decode.job = better
        self._decodes[better] = decode
        return better

    def _done(self, job: Job, now: float) -> None:
        """A worker is done with a job."""
        self._running.discard(job)
        self._idle_since = now

    def _forget(self, decode: _Decode) -> None:
        self._order.remove(decode)
        del self._decodes[decode.job]

    def _take_answers(self, now: float) -> None:
        """Take what was decoded, as far as nothing before it in the audio is missing.

        Finals are waited for by their own items alone: others may go on being told meanwhile.
        """
        waiting: set[Item] = set()
        for decode in [*self._order]:
            if decode.hypothesis is None and not decode.last:
                return
            if decode.hypothesis is None or decode.item in waiting:
                waiting.add(decode.item)
            else:
                self._forget(decode)
                self._take(decode, decode.hypothesis, now)

    def _take(self, decode: _Decode, hypothesis: Hypothesis, now: float) -> None:
        if not self._language.take(decode.job, hypothesis):
            if decode.last:
                self._decode_again(decode, now)
            elif decode is self._guess:
                self._guess = None
        elif decode.last:
            self._conclude(decode, hypothesis)
        else:
            self._tell(decode.item.heard(decode.piece, hypothesis, decode.audio_s))

    def _decode_again(self, decode: _Decode, now: float) -> None:
        """It was decoded in a language that cannot be the right one."""
        decode.job = replace(decode.job, language=self._language.of(decode.job.audio.size))
        decode.hypothesis = None
        self._order.appendleft(decode)
        self._decodes[decode.job] = decode
        self._finals.appendleft(Final(decode.job, now))

    def _conclude(self, decode: _Decode, hypothesis: Hypothesis) -> None:
        """Take the final decode of a piece."""
        decode.piece.conclude(hypothesis)
        self._tell(decode.item.news())
        self._settle()

    def _settle(self) -> None:
        """Items end in their order."""
        while self._committed and self._committed[0].settled:
            self._tell([self._committed.popleft().settlement()])
