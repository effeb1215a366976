"""An item of a session: the pieces that are decoded by themselves, and what was told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel

from captioner.captions.words import joined
from captioner.engine import server_events
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, TimedText
from captioner.engine.session_config import HYPOTHESIS, SEGMENTS
from captioner.engine.utterance import Completion, Update, Utterance


@dataclass(slots=True, eq=False)
class Piece:
    """A stretch of speech between pauses or cuts. It is open until it has an end.

    `start` and `end` are samples on the session's clock.
    """

    start: int
    end: int | None = None
    cut: bool = False
    """Whether it ends in the middle of speech."""
    utterance: Utterance = field(default_factory=Utterance)
    completion: Completion | None = None
    language: str = ""
    join: str | None = None
    """What parts it from the piece before, once some of its words are told."""
    cut_from: Piece | None = None
    """The piece that was cut where this one begins."""
    _past: str | None = None
    """What was told of the audio behind the end."""

    def hear(self, hypothesis: Hypothesis, audio_s: float) -> Update:
        """Take a decode of the first `audio_s` seconds."""
        self._go_on()
        return self.utterance.partial(hypothesis, audio_s)

    def conclude(self, hypothesis: Hypothesis) -> None:
        """Take the decode of the whole piece, which is closed."""
        self._go_on()
        self._told_past_end()
        self.language = hypothesis.language
        self.completion = self.utterance.complete(hypothesis)

    def _go_on(self) -> None:
        """Before the first decode is taken: begin with what is told already."""
        if self.cut_from is not None:
            self.utterance = Utterance(before=self.cut_from._told_past_end())
            self.cut_from = None

    def _told_past_end(self) -> str:
        if not self.cut or self.end is None:
            return ""
        if self._past is None:
            self._past = self.utterance.cut((self.end - self.start) / SAMPLE_RATE)
        return self._past


@dataclass(slots=True, eq=False)
class Item:
    """What one commit makes: one piece with turn detection, any number with manual commits.

    Its deltas are those of its pieces, in their order; together they are its transcript.
    """

    start: int
    """Its first sample, on the session's clock."""
    live: bool
    """Whether words are told before the commit."""
    include: frozenset[str]
    id: str = field(default_factory=lambda: server_events.new_id("item"))
    length: int | None = None
    """Samples; None until it is committed."""
    pieces: list[Piece] = field(default_factory=list)
    error: str | None = None
    _told: int = 0
    """How many pieces are told in full."""
    _transcript: str = ""

    @property
    def open_piece(self) -> Piece | None:
        """The piece that is being spoken."""
        return self.pieces[-1] if self.pieces and self.pieces[-1].end is None else None

    @property
    def settled(self) -> bool:
        """Whether only `settlement` is left to be told."""
        told = self.error is not None or self._told == len(self.pieces)
        return told and self.length is not None

    def heard(self, piece: Piece, hypothesis: Hypothesis, audio_s: float) -> Iterator[BaseModel]:
        """Tell what a partial decode adds to the piece that is next."""
        if self.error is not None:
            return
        update = piece.hear(hypothesis, audio_s)
        if update.delta:
            yield self._delta(piece, update.delta)
        if HYPOTHESIS in self.include:
            language = hypothesis.language if hypothesis.text else None
            heard_ms = round(1000 * (piece.start / SAMPLE_RATE + audio_s))
            yield server_events.hypothesis(self.id, update.tail, language, heard_ms)

    def news(self) -> Iterator[BaseModel]:
        """Tell the pieces that are complete, up to the first that is not."""
        if self.error is not None or (self.length is None and not self.live):
            return
        for piece in self.pieces[self._told :]:
            if piece.completion is None:
                return
            self._told += 1
            if piece.completion.delta:
                if HYPOTHESIS in self.include and piece.join is None and piece.end is not None:
                    # Its first words are its last: they bring no language, so it is told before.
                    end_ms = 1000 * piece.end // SAMPLE_RATE
                    yield server_events.hypothesis(self.id, "", piece.language, end_ms)
                yield self._delta(piece, piece.completion.delta)
            if SEGMENTS in self.include:
                yield from self._segments(piece, piece.completion)

    def settlement(self) -> BaseModel:
        """The item's last event."""
        if self.error is not None:
            return server_events.failed(self.id, self.error)
        languages = [piece.language for piece in self.pieces if piece.join is not None]
        return server_events.completed(
            self.id,
            self._transcript,
            seconds=(self.length or 0) / SAMPLE_RATE,
            language=languages[-1] if languages else None,
        )

    def _delta(self, piece: Piece, text: str) -> BaseModel:
        if piece.join is None:
            whole = joined(self._transcript, text)
            piece.join = whole[len(self._transcript) : len(whole) - len(text)]
            text = piece.join + text
        self._transcript += text
        return server_events.delta(self.id, text)

    def _segments(self, piece: Piece, completion: Completion) -> Iterator[BaseModel]:
        before = (piece.start - self.start) / SAMPLE_RATE
        join = piece.join or ""
        for phrase in completion.segments:
            yield server_events.segment(
                self.id,
                TimedText(join + phrase.text, before + phrase.start, before + phrase.end),
            )
            join = ""
