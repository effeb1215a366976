"""A transcription session without I/O: client events and decodes in, server events and jobs out.

Time comes in as an argument: `now` is seconds on the clock of whoever runs the session. Every
other time is a position in the audio (samples at 16 kHz since the session began), so that the
same audio gives the same items, however it is split and however fast it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from captioner.audio.turns import TurnEvent, TurnGrown, TurnPaused, TurnPolicy, TurnStarted
from captioner.engine import input_audio, server_events
from captioner.engine.client_events import Append, Clear, ClientEvent, Commit, SessionUpdate
from captioner.engine.hypothesis import SAMPLE_RATE
from captioner.engine.items import Item, Piece
from captioner.engine.listener import Listener
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session_config import Input, SessionConfig
from captioner.engine.transcriber import Transcriber

MIN_COMMIT_MS = 100
STEP_S = 0.5
"""Of audio that is taken in one go: a few milliseconds of voice detection."""

BATCH_POLICY = TurnPolicy(
    prefix_ms=1000,
    suffix_ms=1000,
    silence_ms=3000,
    long_turn_s=18.0,
    long_turn_silence_ms=400,
    max_turn_s=28.0,
    cut_within_s=8.0,
)
"""Pieces that fill Whisper's 30 s, and lose little that the voice detector is unsure of."""

_TICKS = 48_000
"""A second, in units that every sample rate here divides."""


class TranscriptionSession:
    """Give it what the client sends, and its `transcriber` to a scheduler."""

    def __init__(self, tell: Callable[[Iterable[BaseModel]], None]) -> None:
        """`tell` takes the events for the client. It is also called, perhaps with none, when

        decoding has made room for more audio.
        """
        self._tell = tell
        self._config = SessionConfig()
        self.transcriber = Transcriber(self._input.transcription, tell)
        self._ticks = 0
        self._begin = 0
        """Where the uncommitted audio begins."""
        self._previous: str | None = None
        self._item: Item | None = None
        """Uncommitted: with turn detection the open turn, else all since the last commit."""
        self._closed: Piece | None = None
        """The last piece that got its end."""
        self._listener = self._listen()

    def create(self, config: SessionConfig | None = None) -> None:
        """Begin: tell the client of the session, which may be configured from its first moment."""
        if config is not None:
            self._config = config
            self._listener = self._listen()
            self.transcriber.configure(self._input.transcription)
        self._tell([server_events.session_created(self._config)])

    def receive(self, event: ClientEvent, now: float) -> Iterator[None]:
        """Do what the client asks, or say why not; nothing is done until this is iterated.

        Long audio takes several steps, so that others can work in between.
        """
        try:
            match event:
                case Append():
                    yield from self._append(event.audio, now)
                case Commit():
                    self._commit(now)
                case Clear():
                    self._clear()
                case SessionUpdate():
                    self._update(event.session)
        except ProtocolError as error:
            error.event_id = event.event_id
            self.refuse(error)

    def refuse(self, error: ProtocolError) -> None:
        """Say what is wrong; nothing else happens."""
        self._tell([server_events.error(error)])

    @property
    def _input(self) -> Input:
        return self._config.audio.input

    def _update(self, patch: Mapping[str, Any]) -> None:
        config = self._config.updated(patch)
        relisten = _hearing(config.audio.input) != _hearing(self._input)
        if relisten and self._item is not None:
            raise ProtocolError(
                "invalid_parameter",
                "The format, the model and turn detection cannot change while audio is buffered: "
                "commit it or clear it first.",
                param="session.audio.input",
            )
        self._config = config
        if relisten:
            self._listener = self._listen()
        self.transcriber.configure(config.audio.input.transcription)
        self._tell([server_events.session_updated(config)])

    def _append(self, audio: bytes, now: float) -> Iterator[None]:
        samples = input_audio.samples(audio, self._input.format)
        rate = input_audio.sample_rate(self._input.format)
        for first in range(0, samples.size, round(STEP_S * rate)):
            if self._input.turn_detection is None and self._item is None:
                self._item = self._new_item(self._begin)
            step = samples[first : first + round(STEP_S * rate)]
            self._ticks += step.size * _TICKS // rate
            self.transcriber.received(self._position, now)
            self._take_turns(self._listener.append(step), now)
            piece = self._item and self._item.open_piece
            self._listener.forget(piece.start if piece else None)
            yield

    def _commit(self, now: float) -> None:
        buffered_ms = _ms(self._position - self._begin)
        if buffered_ms < MIN_COMMIT_MS:
            raise ProtocolError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {buffered_ms}ms.",
            )
        self._take_turns(self._listener.flush(), now)
        item = self._item or self._new_item(self._begin)
        if item.open_piece is not None:
            self._close(item, item.open_piece, self._listener.end, now)
        self._commit_item(item, self._listener.end)
        self._begin = self._position
        self._listener = self._listen()

    def _clear(self) -> None:
        if self._item is not None:
            self.transcriber.drop(self._item)
            self._item = None
        self._begin = self._position
        self._listener = self._listen()
        self._tell([server_events.cleared()])

    def _take_turns(self, turns: list[TurnEvent], now: float) -> None:
        detecting = self._input.turn_detection is not None
        for turn in turns:
            if isinstance(turn, TurnStarted):
                if detecting:
                    self._item = self._new_item(turn.sample)
                    started = server_events.speech_started(self._item.id, _ms(turn.sample))
                    self._tell([started])
                assert self._item is not None
                self._item.pieces.append(self._piece(turn.sample))
                continue
            item = self._item
            assert item is not None and item.open_piece is not None
            if isinstance(turn, TurnGrown):
                self.transcriber.grow(item, turn.sample, self._listener, now)
                continue
            if isinstance(turn, TurnPaused):
                self.transcriber.pause(item, turn.sample, self._listener, now)
                continue
            item.open_piece.cut = turn.cut
            self._close(item, item.open_piece, turn.sample, now)
            if detecting:
                self._tell([server_events.speech_stopped(item.id, _ms(turn.sample))])
                self._commit_item(item, turn.sample)

    def _piece(self, start: int) -> Piece:
        """Speech begins, or goes on where a long turn was cut."""
        before = self._closed
        goes_on = before is not None and before.cut and before.end == start
        return Piece(start, cut_from=before if goes_on else None)

    def _close(self, item: Item, piece: Piece, end: int, now: float) -> None:
        self._closed = piece
        self.transcriber.close(item, piece, end, self._listener, now)

    def _commit_item(self, item: Item, end: int) -> None:
        item.length = end - item.start
        self._tell(server_events.committed(item.id, self._previous))
        self._previous = item.id
        self._item = None
        self._begin = end
        self.transcriber.commit(item)

    def _new_item(self, start: int) -> Item:
        live = self._input.transcription.model == "captioner-live"
        return Item(start, live, frozenset(self._config.include))

    def _listen(self) -> Listener:
        rate = input_audio.sample_rate(self._input.format)
        return Listener(rate, _policy(self._input), first=self._position)

    @property
    def _position(self) -> int:
        """How much audio was appended, on the session's clock."""
        return self._ticks * SAMPLE_RATE // _TICKS


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


def _hearing(config: Input) -> tuple[object, ...]:
    """What cannot change in the middle of an item."""
    return config.format, config.turn_detection, config.transcription.model


def _policy(config: Input) -> TurnPolicy:
    """Where an item, or a piece of one, begins and ends."""
    vad, batch = config.turn_detection, config.transcription.model == "captioner-accurate"
    usual = TurnPolicy()
    if vad is None:
        return BATCH_POLICY if batch else usual
    return TurnPolicy(
        onset=vad.threshold,
        offset=max(vad.threshold - (usual.onset - usual.offset), 0.01),
        prefix_ms=vad.prefix_padding_ms,
        silence_ms=vad.silence_duration_ms,
        long_turn_silence_ms=min(vad.silence_duration_ms, usual.long_turn_silence_ms),
        max_turn_s=BATCH_POLICY.max_turn_s if batch else usual.max_turn_s,
    )
