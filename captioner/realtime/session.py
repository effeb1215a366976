"""One transcription session without I/O: the server's events in, recognition events out.

The session's clock is its samples: what was appended, counted here, says where the server's
milliseconds lie. Only the fields that are needed are read; unknown events and fields are passed
over, for every server adds its own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from captioner.audio.pcm import SAMPLE_RATE, Samples, to_bytes
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
from captioner.errors import EngineUnavailable

Message = Mapping[str, Any]

_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_HYPOTHESIS = "item.input_audio_transcription.hypothesis"
_SEGMENTS = "item.input_audio_transcription.segments"
_BENIGN = frozenset({"input_audio_buffer_commit_empty"})


@dataclass(frozen=True, slots=True)
class Options:
    """What a session is asked to do. `language`: a tag, or `auto`.

    `turns`: the server finds the turns; otherwise the caller commits.
    """

    model: str = "captioner-live"
    language: str = "auto"
    keywords: tuple[str, ...] = ()
    prompt: str = ""
    turns: bool = True


@dataclass(slots=True)
class _Item:
    """An item on the caller's clock, until it is settled."""

    start: float
    end: float | None = None
    heard: float | None = None
    """How far the server says to have heard it, where it does."""
    committed: bool = False


class Session:
    """The state of one session; `base` is the caller's second of its first sample."""

    def __init__(self, options: Options, base: float) -> None:
        self._options = options
        self._base = base
        self._sent = 0
        self._committed_until = 0
        self._items: dict[str, _Item] = {}
        self.ready = False
        """Whether the server has confirmed the configuration; no audio before that."""
        self.cleared = False
        """Whether the server has answered everything up to the last `clear`."""

    @property
    def position(self) -> float:
        """Up to where audio was sent, on the caller's clock."""
        return self._base + self._sent / SAMPLE_RATE

    @property
    def open_since(self) -> float | None:
        """Where the first item begins that is not settled."""
        return min((item.start for item in self._items.values()), default=None)

    @property
    def names(self) -> tuple[str, ...]:
        """Items that are not settled."""
        return tuple(self._items)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Items that are committed and not settled."""
        return tuple(name for name, item in self._items.items() if item.committed)

    def configure(self) -> str:
        """The `session.update` to begin with."""
        options = self._options
        transcription: dict[str, Any] = {"model": options.model}
        if options.language != "auto":
            transcription["language"] = options.language
        if options.keywords:
            transcription["keywords"] = list(options.keywords)
        if options.prompt:
            transcription["prompt"] = options.prompt
        audio = {
            "format": {"type": "audio/pcm", "rate": SAMPLE_RATE},
            "transcription": transcription,
            "turn_detection": {"type": "server_vad"} if options.turns else None,
        }
        session = {
            "type": "transcription",
            "audio": {"input": audio},
            "include": [_HYPOTHESIS, _SEGMENTS],
        }
        return json.dumps({"type": "session.update", "session": session})

    def append(self, samples: Samples) -> str:
        """The next samples, as the message that appends them."""
        self._sent += samples.size
        audio = base64.b64encode(to_bytes(samples)).decode("ascii")
        return f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}'

    def commit(self) -> str:
        """End the open item here."""
        return '{"type":"input_audio_buffer.commit"}'

    def clear(self) -> str:
        """Forget what is not committed; the answer says that all before it was answered."""
        self.cleared = False
        return '{"type":"input_audio_buffer.clear"}'

    def expire(self, name: str) -> Recognition:
        """The item's completion did not come in time."""
        self._items.pop(name, None)
        return Expired(name)

    def receive(self, message: Message) -> list[Recognition]:
        """Take one event of the server.

        Raises `EngineUnavailable` where the server refuses to do what it was asked.
        """
        kind = message.get("type")
        if not isinstance(kind, str):
            return []
        if kind.startswith(_TRANSCRIPTION):
            return list(self._transcription(kind.removeprefix(_TRANSCRIPTION), message))
        match kind:
            case "session.updated":
                self.ready = True
            case "input_audio_buffer.cleared":
                self.cleared = True
            case "input_audio_buffer.speech_started":
                return self._started(message)
            case "input_audio_buffer.speech_stopped":
                return self._stopped(message)
            case "input_audio_buffer.committed":
                return self._commit(message)
            case "error":
                self._refused(message)
        return []

    def _started(self, message: Message) -> list[Recognition]:
        start = self._base + message["audio_start_ms"] / 1000
        self._items[message["item_id"]] = _Item(start)
        return [SpeechStarted(message["item_id"], start)]

    def _stopped(self, message: Message) -> list[Recognition]:
        end = self._base + message["audio_end_ms"] / 1000
        item = self._item(message["item_id"])
        item.end = max(end, item.start)
        return [SpeechStopped(message["item_id"], item.end)]

    def _commit(self, message: Message) -> list[Recognition]:
        name = message["item_id"]
        item = self._item(name)
        item.committed = True
        if item.end is None:
            item.end = max(self.position, item.start)
        self._committed_until = round((item.end - self._base) * SAMPLE_RATE)
        return [Committed(name, message.get("previous_item_id"), item.start, item.end)]

    def _transcription(self, kind: str, message: Message) -> Iterator[Recognition]:
        name = message["item_id"]
        match kind:
            case "delta":
                heard = self._item(name).heard
                yield Delta(name, message["delta"], self.position if heard is None else heard)
            case "hypothesis":
                heard = self._base + message["audio_end_ms"] / 1000
                self._item(name).heard = heard
                yield Hypothesis(name, message["text"], heard, message.get("language"))
            case "segment":
                start = self._item(name).start
                text, begin, end = message["text"], message["start"], message["end"]
                yield Segment(name, text, start + begin, start + max(begin, end))
            case "completed":
                self._items.pop(name, None)
                yield Completed(name, message["transcript"], _language(message))
            case "failed":
                self._items.pop(name, None)
                yield Failed(name, str((message.get("error") or {}).get("code") or "failed"))

    def _item(self, name: str) -> _Item:
        """The item; one that no event has opened begins where the last one ended."""
        if name not in self._items:
            self._items[name] = _Item(self._base + self._committed_until / SAMPLE_RATE)
        return self._items[name]

    def _refused(self, message: Message) -> None:
        error = message.get("error")
        detail = error if isinstance(error, Mapping) else {"message": str(error)}
        if detail.get("code") not in _BENIGN:
            raise EngineUnavailable(f"the recogniser refused: {detail.get('message')}")


def _language(message: Message) -> str | None:
    languages = message.get("languages") or []
    return languages[0].get("code") if languages else None
