"""How servers of the protocol's older forms, and of a form of their own, say the same things.

Inside, everything is as in the GA interface; here it is put into a server's own words, and back.
No I/O; one dialect object a session.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from captioner.realtime.providers import DialectName
from captioner.realtime.trouble import told

Message = Mapping[str, Any]

_TRANSCRIPTION = "conversation.item.input_audio_transcription."


class Dialect:
    """The GA interface: OpenAI, Azure OpenAI, our engine."""

    def configure(self, session: Message, event_id: str) -> list[str]:
        """Ask for a configuration."""
        message = {"type": "session.update", "event_id": event_id, "session": session}
        return [json.dumps(message)]

    def append(self, audio: str) -> list[str]:
        """Add audio: base64 of 16 bit little-endian samples, one channel."""
        return [f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}']

    def commit(self, event_id: str) -> list[str]:
        """End the utterance."""
        return [f'{{"type":"input_audio_buffer.commit","event_id":"{event_id}"}}']

    def clear(self) -> list[str]:
        """Forget what was appended since the last commit."""
        return ['{"type":"input_audio_buffer.clear"}']

    def read(self, event: Message) -> list[Message]:
        """What a server's event says in the words of the GA interface."""
        return [event]


class Flat(Dialect):
    """The beta interface, as speaches has kept it: the fields of the audio lie side by side."""

    UPDATE = "session.update"

    def configure(self, session: Message, event_id: str) -> list[str]:
        given = session["audio"]["input"]
        flat: dict[str, Any] = {
            "input_audio_format": "pcm16",
            "input_audio_transcription": given["transcription"],
        }
        if "turn_detection" in given:
            flat["turn_detection"] = given["turn_detection"]
        if "noise_reduction" in given:
            flat["input_audio_noise_reduction"] = given["noise_reduction"]
        if "include" in session:
            flat["include"] = session["include"]
        return [json.dumps({"type": self.UPDATE, "event_id": event_id, "session": flat})]

    def __init__(self) -> None:
        self._confirmed = False

    def read(self, event: Message) -> list[Message]:
        if event.get("type") == "session.updated":
            self._confirmed = True
        if event.get("type") != "error" or self._confirmed:
            return [_with_code(event)]
        # It complains of fields that it then takes; one that it does not take it never confirms.
        error = told(event.get("error"))
        return [event] if error.get("code") else []


class Preview(Flat):
    """The preview of Azure OpenAI: sessions for transcription have events of their own."""

    UPDATE = "transcription_session.update"

    def read(self, event: Message) -> list[Message]:
        kind = str(event.get("type"))
        if not kind.startswith("transcription_session."):
            return [event]
        return [{**event, "type": kind.removeprefix("transcription_")}]


class LocalAI(Dialect):
    """The GA interface with gaps: one utterance at a time, called one thing when it is committed

    and another when it is complete.
    """

    def __init__(self) -> None:
        self._item: str | None = None

    def read(self, event: Message) -> list[Message]:
        plain = {name: event[name] for name in event if name not in _NOT_FILLED_IN}
        kind = str(event.get("type"))
        if kind == "input_audio_buffer.committed":
            self._item = str(event.get("item_id"))
        elif kind.startswith("input_audio_buffer.speech_"):
            return []
        elif kind.startswith(_TRANSCRIPTION) and self._item is not None:
            return [{**plain, "item_id": self._item}]
        elif kind == "error" and told(event.get("error")).get("code") == "transcription_failed":
            failed = {"type": f"{_TRANSCRIPTION}failed", "item_id": self._item}
            return [{**failed, "error": event.get("error")}]
        return [plain]


class Vllm(Dialect):
    """vLLM's own events: one utterance at a time, without ids, begun and ended by commits."""

    def __init__(self) -> None:
        self._items = 0
        self._open = False

    @property
    def _item(self) -> str:
        return f"item_{self._items}"

    def configure(self, session: Message, event_id: str) -> list[str]:
        model = session["audio"]["input"]["transcription"].get("model", "")
        return [json.dumps({"type": "session.update", "model": model})]

    def append(self, audio: str) -> list[str]:
        messages = super().append(audio)
        if not self._open:
            self._items, self._open = self._items + 1, True
            messages.append('{"type":"input_audio_buffer.commit","final":false}')
        return messages

    def commit(self, event_id: str) -> list[str]:
        self._open = False
        return ['{"type":"input_audio_buffer.commit","final":true}']

    def read(self, event: Message) -> list[Message]:
        match event.get("type"):
            case "session.created":
                return [event, {"type": "session.updated"}]
            case "transcription.delta":
                return [{**event, "type": f"{_TRANSCRIPTION}delta", "item_id": self._item}]
            case "transcription.done":
                return self._done(event)
            case "error":
                return [{"type": "error", "error": _told(event)}]
        return [event]

    def _done(self, event: Message) -> list[Message]:
        usage = event.get("usage") or {}
        completed = {
            "type": f"{_TRANSCRIPTION}completed",
            "item_id": self._item,
            "transcript": event.get("text"),
            "usage": {
                "type": "tokens",
                "input_tokens": usage.get("prompt_tokens"),
                "output_tokens": usage.get("completion_tokens"),
            },
        }
        return [{"type": "input_audio_buffer.committed", "item_id": self._item}, completed]


_NOT_FILLED_IN = ("event_id", "previous_item_id")
"""Of LocalAI: the same words in every event."""


def _with_code(event: Message) -> Message:
    """An error without a code, by its words."""
    if event.get("type") != "error":
        return event
    error = told(event.get("error"))
    if error.get("code") or "too small" not in str(error.get("message")):
        return event
    return {**event, "error": {**error, "code": "input_audio_buffer_commit_empty"}}


def _told(event: Message) -> Message:
    return {"message": event.get("error"), "code": event.get("code")}


_DIALECTS: dict[DialectName, type[Dialect]] = {
    "ga": Dialect,
    "flat": Flat,
    "preview": Preview,
    "localai": LocalAI,
    "vllm": Vllm,
}


def dialect(name: DialectName) -> Dialect:
    """The words of one session."""
    return _DIALECTS[name]()
