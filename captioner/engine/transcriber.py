"""What a session wants decoded, and what becomes of the answers: the scheduler's `Source`."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel

from captioner.engine.cadence import Cadence
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job
from captioner.engine.items import Item, Piece
from captioner.engine.language import RELIABLE_S, SessionLanguage
from captioner.engine.listener import Listener
from captioner.engine.scheduler import Final
from captioner.engine.session_config import Transcription

Kind = Literal["partial", "final", "accurate"]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Guess:
    """A final decode made while it is not sure yet that the piece ends at `end`."""

    job: Job
    end: int
    hypothesis: Hypothesis | None = None


class Transcriber:
    """Decodes come back in any order; what is told of them keeps the order of the audio."""

    def __init__(self, transcription: Transcription, tell: Callable[[Iterable[BaseModel]], None]):
        """`tell` takes events for the client, perhaps none; it is called after every decode."""
        self._transcription = transcription
        self._language = SessionLanguage(transcription)
        self._tell = tell
        self._cadence = Cadence()
        self._open: tuple[Item, Listener] | None = None
        self._committed: deque[Item] = deque()
        self._finals: deque[Final] = deque()
        self._offer: tuple[Item, int, Listener] | None = None
        self._guess: _Guess | None = None
        self._decoding: dict[Job, tuple[Item, Piece]] = {}

    @property
    def undecided_s(self) -> float:
        """Seconds of speech that wait for their final decode."""
        samples = sum(job.audio.size for job in self._decoding if job.kind != "partial")
        return samples / SAMPLE_RATE

    @property
    def settled(self) -> bool:
        """Whether every committed item has had its last event."""
        return not self._committed

    def configure(self, transcription: Transcription) -> None:
        """What is decoded from now on is decoded so."""
        if transcription != self._transcription:
            self._transcription = transcription
            self._language = SessionLanguage(transcription)

    def listen(self, item: Item | None, listener: Listener, now: float) -> None:
        """Audio has come; `item` is the one that is not committed."""
        self._open = (item, listener) if item and item.open_piece else None
        if not listener.paused:
            self._offer = None
        self._cadence.received(listener.end, now)
        self._consider_partial(now)

    def pause(self, item: Item, end: int, listener: Listener) -> None:
        """Nobody speaks just now; if that lasts, the open piece ends at `end`.

        Whoever has nothing else to do may decode it at once.
        """
        if item.streaming and not self._cadence.hurried:
            self._offer = item, end, listener

    def close(self, item: Item, piece: Piece, listener: Listener, now: float) -> None:
        """The piece has its end: decode it for good, unless that was done in the pause before."""
        guess, self._guess = self._guess, None
        self._open = self._offer = None
        self._cadence.stop()
        if guess is not None and guess.end == piece.end:
            if guess.hypothesis is not None:
                self._conclude(guess.job, guess.hypothesis, now)
            return
        if guess is not None:
            del self._decoding[guess.job]
        kind: Kind = "final" if item.live else "accurate"
        self._finals.append(Final(self._job(kind, item, piece, listener), now))

    def commit(self, item: Item) -> None:
        """The item has all its audio."""
        self._committed.append(item)
        self._tell(item.news())
        self._settle()

    def drop(self, item: Item) -> None:
        """The client threw the item away."""
        for job in [job for job, (owner, _) in self._decoding.items() if owner is item]:
            del self._decoding[job]
        self._finals = deque(final for final in self._finals if final.job in self._decoding)
        self._open = self._offer = self._guess = None
        self._cadence.stop()

    @property
    def live(self) -> bool:
        return self._transcription.model == "captioner-live"

    @property
    def finals(self) -> deque[Final]:
        return self._finals

    @property
    def partial_due(self) -> float | None:
        return self._cadence.due

    def take_partial(self, now: float) -> Job:
        assert self._open is not None, "no partial is due"
        item, listener = self._open
        assert item.streaming is not None
        self._cadence.take(listener.end, now)
        return self._job("partial", item, item.streaming, listener)

    @property
    def offers_guess(self) -> bool:
        return self._offer is not None

    def take_guess(self) -> Job:
        assert self._offer is not None, "no guess is offered"
        (item, end, listener), self._offer = self._offer, None
        assert item.streaming is not None
        if self._guess is not None:
            del self._decoding[self._guess.job]
        job = self._job("final", item, item.streaming, listener, end)
        self._guess = _Guess(job, end)
        return job

    def decoded(self, job: Job, hypothesis: Hypothesis, now: float) -> None:
        if job.kind == "partial":
            self._cadence.done()
        if job not in self._decoding:  # dropped meanwhile
            return
        if self._guess is not None and self._guess.job is job:
            self._guess.hypothesis = hypothesis
            self._hear(job, hypothesis)
        elif job.kind == "partial":
            self._hear(job, hypothesis)
            del self._decoding[job]
            self._consider_partial(now)
        else:
            self._conclude(job, hypothesis, now)

    def failed(self, job: Job, error: Exception) -> None:
        logger.error("A %s decode failed.", job.kind, exc_info=error)
        item, _ = self._decoding.pop(job, (None, None))
        if self._guess is not None and self._guess.job is job:
            self._guess = None
        elif job.kind == "partial":
            self._cadence.done()  # the final will tell
        elif item is not None:
            item.error = "The recogniser failed on this item."
        self._settle()

    def _hear(self, job: Job, hypothesis: Hypothesis) -> None:
        """Take a decode of what there is of a piece."""
        item, piece = self._decoding[job]
        if self._language.take(job, hypothesis):
            self._tell(item.heard(piece, hypothesis, job.audio.size / SAMPLE_RATE))

    def _conclude(self, job: Job, hypothesis: Hypothesis, now: float) -> None:
        """Take the final decode of a piece."""
        item, piece = self._decoding[job]
        if self._language.take(job, hypothesis):
            piece.language = hypothesis.language
            piece.completion = piece.utterance.complete(hypothesis)
            self._tell(item.news())
            self._settle()
        else:
            again = replace(job, language=self._language.of(job.audio.size))
            self._decoding[again] = item, piece
            self._finals.appendleft(Final(again, now))
        del self._decoding[job]

    def _consider_partial(self, now: float) -> None:
        if self._open is None:
            return
        item, listener = self._open
        if listener.paused:  # the guess says all there is
            self._cadence.stop()
            return
        piece = item.streaming
        reliable = self._language.settled or (
            piece is not None and listener.end - piece.start >= RELIABLE_S * SAMPLE_RATE
        )
        if piece is not None and reliable:
            self._cadence.speech(piece.start, listener.end, now)

    def _job(
        self, kind: Kind, item: Item, piece: Piece, listener: Listener, end: int | None = None
    ) -> Job:
        """A decode of the piece up to `end`; None: up to its own end, or all there is of it."""
        end = end or piece.end or listener.end
        job = Job(
            kind=kind,
            audio=listener.between(piece.start, end),
            language=self._language.of(end - piece.start),
            prompt=self._transcription.prompt or "",
            keywords=tuple(self._transcription.keywords or ()),
        )
        self._decoding[job] = item, piece
        return job

    def _settle(self) -> None:
        """Items end in their order."""
        while self._committed and self._committed[0].settled:
            self._tell([self._committed.popleft().settlement()])
