"""One transcription session without I/O: the server's events in, recognition events out.

The session's clock is its samples: what was appended, counted here, says where the server's
milliseconds lie. Only the fields that are needed are read; unknown events and fields are passed
over, for every server adds its own.
"""

from __future__ import annotations

import base64
import json
import logging
from collections import deque
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

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]

_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_HYPOTHESIS = "item.input_audio_transcription.hypothesis"
_SEGMENTS = "item.input_audio_transcription.segments"
_COMMIT_EMPTY = "input_audio_buffer_commit_empty"
_PROBE = "probe"
_ONSET_S = 1.0
"""So far before the last sample that was heard an item may still begin."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a session is asked to do. `language`: a tag, or `auto`.

    `turns`: the server finds the turns; otherwise the caller commits. `sample_rate`: of the audio,
    in Hz; not every server takes others.
    """

    model: str = "captioner-live"
    language: str = "auto"
    keywords: tuple[str, ...] = ()
    prompt: str = ""
    turns: bool = True
    sample_rate: int = SAMPLE_RATE


@dataclass(slots=True)
class _Item:
    """An item on the caller's clock, until it is settled."""

    start: float
    end: float | None = None
    heard: float | None = None
    """How far the server says to have heard it, where it does."""
    committed: bool = False


class Session:
    """The state of one session; times are on the caller's clock, in seconds.

    `base`: the time of the session's first sample. `name` parts its items from those of other
    sessions, for a server may call the first item of each the same.
    """

    def __init__(self, options: Options, base: float, name: str = "") -> None:
        self._options = options
        self._prefix = f"{name}/" if name else ""
        self.base = base
        self._sent = 0
        self._commits: deque[float] = deque()
        """Where we asked to commit, until the server answers; it does so in order."""
        self._probes: deque[float] = deque()
        """Up to where audio was sent when we asked for each `session.updated` to come."""
        self._items: dict[str, _Item] = {}
        self._settled = base
        """The latest end of an item that was settled."""
        self._committed_until = base
        self._finishing = False
        self.ready = False
        """Whether the server has confirmed the configuration; no audio before that."""
        self.heard = base
        """The server has told what it has to tell of all audio before this."""

    @property
    def position(self) -> float:
        """Up to where audio was sent."""
        return self.base + self._sent / self._options.sample_rate

    @property
    def unprobed(self) -> float:
        """Seconds that were sent after the last probe."""
        return self.position - (self._probes[-1] if self._probes else self.heard)

    @property
    def finished(self) -> bool:
        """Whether the server has said all that it will say, after `finish`."""
        return self._finishing and not self._probes and not self._items

    @property
    def settled(self) -> float:
        """Nothing before this need be heard again: it was said for good, or it was silence."""
        begun = min((item.start for item in self._items.values()), default=None)
        if begun is not None:
            return begun
        return max(self._settled, self.heard - _ONSET_S)

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
        return self._update("configure")

    def probe(self) -> str:
        """An update that changes nothing: its answer follows those to all audio before it.

        Only for servers that, as ours, leave buffered audio alone when they are updated.
        """
        self._probes.append(self.position)
        return self._update(_PROBE)

    def append(self, samples: Samples) -> str:
        """The next samples, as the message that appends them."""
        self._sent += samples.size
        audio = base64.b64encode(to_bytes(samples)).decode("ascii")
        return f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}'

    def commit(self) -> str:
        """End the open item here."""
        self._commits.append(self.position)
        return '{"type":"input_audio_buffer.commit"}'

    def finish(self) -> list[str]:
        """There is no more audio: the messages that have the rest of it settled."""
        self._finishing = True
        return [self.commit(), self.probe()]

    def expire(self, name: str) -> Recognition:
        """The item's completion did not come in time."""
        self._settle(name)
        return Expired(name)

    def receive(self, message: Message) -> list[Recognition]:
        """Take one event of the server; one that lacks what it must have says nothing.

        Raises `EngineUnavailable` where the server refuses the configuration.
        """
        kind = message.get("type")
        try:
            if isinstance(kind, str) and kind.startswith(_TRANSCRIPTION):
                return list(self._transcription(kind.removeprefix(_TRANSCRIPTION), message))
            return list(self._event(kind, message))
        except (KeyError, TypeError, AttributeError) as error:
            logger.warning("The recogniser's %s cannot be read: %r", kind, error)
            return []

    def _update(self, event_id: str) -> str:
        options = self._options
        transcription: dict[str, Any] = {"model": options.model}
        if options.language != "auto":
            transcription["language"] = options.language
        if options.keywords:
            transcription["keywords"] = list(options.keywords)
        if options.prompt:
            transcription["prompt"] = options.prompt
        audio = {
            "format": {"type": "audio/pcm", "rate": options.sample_rate},
            "transcription": transcription,
            "turn_detection": {"type": "server_vad"} if options.turns else None,
        }
        session = {
            "type": "transcription",
            "audio": {"input": audio},
            "include": [_HYPOTHESIS, _SEGMENTS],
        }
        return json.dumps({"type": "session.update", "event_id": event_id, "session": session})

    def _event(self, kind: object, message: Message) -> Iterator[Recognition]:
        match kind:
            case "session.updated":
                self.ready = True
                self._probed()
            case "input_audio_buffer.speech_started":
                start = self.base + message["audio_start_ms"] / 1000
                self._items[self._name(message)] = _Item(start)
                yield SpeechStarted(self._name(message), start)
            case "input_audio_buffer.speech_stopped":
                end = self.base + message["audio_end_ms"] / 1000
                item = self._item(self._name(message))
                item.end = max(end, item.start)
                yield SpeechStopped(self._name(message), item.end)
            case "input_audio_buffer.committed":
                yield self._committed(message)
            case "error":
                self._refused(message)

    def _probed(self) -> None:
        if self._probes:
            self.heard = self._probes.popleft()

    def _committed(self, message: Message) -> Recognition:
        name, previous = self._name(message), message.get("previous_item_id")
        item = self._item(name)
        asked = self._commits.popleft() if self._commits and item.end is None else self.position
        if item.end is None:
            item.end = max(asked, item.start)
        item.committed = True
        self._committed_until = max(self._committed_until, item.end)
        return Committed(name, previous and self._prefix + previous, item.start, item.end)

    def _transcription(self, kind: str, message: Message) -> Iterator[Recognition]:
        name = self._name(message)
        match kind:
            case "delta":
                heard = self._item(name).heard
                yield Delta(name, message["delta"], self.position if heard is None else heard)
            case "hypothesis":
                heard = self.base + message["audio_end_ms"] / 1000
                self._item(name).heard = heard
                yield Hypothesis(name, message["text"], heard, message.get("language"))
            case "segment":
                start = self._item(name).start
                text, begin, end = message["text"], message["start"], message["end"]
                yield Segment(name, text, start + begin, start + max(begin, end))
            case "completed":
                completed = Completed(name, message["transcript"], _language(message))
                self._settle(name)
                yield completed
            case "failed":
                self._settle(name)
                yield Failed(name, str((message.get("error") or {}).get("code") or "failed"))

    def _name(self, message: Message) -> str:
        return self._prefix + str(message["item_id"])

    def _item(self, name: str) -> _Item:
        """The item; one that no event has opened begins where the last one ended."""
        if name not in self._items:
            self._items[name] = _Item(self._committed_until)
        return self._items[name]

    def _settle(self, name: str) -> None:
        item = self._items.pop(name, None)
        if item is not None and item.end is not None:
            self._settled = max(self._settled, item.end)

    def _refused(self, message: Message) -> None:
        """Of what can be refused, only the configuration is worth ending the session for."""
        error = message.get("error")
        detail: Message = error if isinstance(error, Mapping) else {"message": str(error)}
        if detail.get("code") == _COMMIT_EMPTY and self._commits:
            self._commits.popleft()
        elif not self.ready:
            raise EngineUnavailable(f"the recogniser refused: {detail.get('message')}")
        elif detail.get("event_id") == _PROBE:
            self._probed()
        else:
            logger.warning("The recogniser answered %s", detail.get("code"))


def _language(message: Message) -> str | None:
    languages = message.get("languages") or []
    return languages[0].get("code") if languages else None
