"""One response without I/O: what was translated and spoken in, its chain of events out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from openai.types.realtime import RealtimeResponse
from pydantic import BaseModel

from captioner.audio.pcm import Samples
from captioner.engine.conversation import events
from captioner.engine.conversation.events import Ending
from captioner.engine.conversation.items import Conversation, Message, Part
from captioner.engine.conversation.request import Request
from captioner.engine.conversation.usage import shortened, usage
from captioner.engine.server_events import new_id


class Response:
    """Say its text, then its sound if it is audible, then how it ended; after that it is over.

    Whatever comes when it is over is ignored: it was cancelled meanwhile.
    """

    def __init__(
        self,
        request: Request,
        conversation: Conversation | None,
        tell: Callable[[Iterable[BaseModel]], None],
    ) -> None:
        """`conversation` is the one its item becomes part of; None: of none."""
        self.request = request
        self.id = new_id("resp")
        self.over = False
        self._conversation = conversation
        self._tell = tell
        self._item_id = new_id("item")
        self._part = events.Part(self.id, self._item_id, request.audible)
        self._item: Message | None = None
        """None until it has something to say."""
        self._previous: str | None = None
        self._text = ""
        self._samples = 0
        self._cut = False

    def begin(self) -> None:
        self._tell([events.response_created(self._resource(Ending("in_progress")))])

    def say(self, text: str) -> str:
        """Tell the text; return as much of it as the limit allows."""
        if self.over:
            return ""
        limit = self.request.max_tokens
        allowed = text if limit is None else shortened(text, limit)
        self._cut = allowed != text
        self._text = allowed
        self._tell([*self._opening(), events.text_delta(self._part, allowed)])
        return allowed

    def sound(self, samples: Samples) -> None:
        """Tell some of its speech."""
        if not self.over:
            self._samples += samples.size
            self._tell([*self._opening(), events.audio_delta(self._part, samples)])

    def complete(self) -> None:
        """It has said everything."""
        cut = Ending("incomplete", "max_output_tokens")
        self._end(cut if self._cut else Ending("completed"))

    def cancel(self) -> None:
        self._end(Ending("cancelled", "client_cancelled"))

    def fail(self, code: str, message: str) -> None:
        self._end(Ending("failed", code=code, message=message))

    def _opening(self) -> Iterable[BaseModel]:
        """Before the first word: the item that will hold it."""
        if self._item is not None:
            return
        self._item = self._message("in_progress")
        yield events.output_item_added(self.id, self._item)
        if self._conversation is not None:
            self._previous = self._conversation.add(self._item)
            yield events.item_added(self._item, self._previous)
        yield events.part_added(self._part)

    def _end(self, ending: Ending) -> None:
        if self.over:
            return
        self.over = True
        self._tell([*self._closing(ending), events.response_done(self._resource(ending))])

    def _closing(self, ending: Ending) -> Iterable[BaseModel]:
        if self._item is None:
            return
        self._item = self._message("completed" if ending.status == "completed" else "incomplete")
        yield from events.content_done(self._part, self._text)
        yield events.part_done(self._part, self._text)
        yield events.output_item_done(self.id, self._item)
        if self._conversation is not None:
            self._conversation.replace(self._item)
            yield events.item_done(self._item, self._previous)

    def _message(self, status: str) -> Message:
        kind, field = (
            ("output_audio", "transcript") if self._part.audible else ("output_text", "text")
        )
        content = [Part.model_validate({"type": kind, field: self._text})]
        begun = status == "in_progress"
        return Message.model_validate(
            {
                "id": self._item_id,
                "type": "message",
                "role": "assistant",
                "status": status,
                "content": [] if begun else content,
            }
        )

    def _resource(self, ending: Ending) -> RealtimeResponse:
        asked = self.request
        fields: dict[str, Any] = {
            "id": self.id,
            "status": ending.status,
            "conversation_id": self._conversation.id if self._conversation else None,
            "output_modalities": ["audio" if asked.audible else "text"],
            "max_output_tokens": asked.max_tokens or "inf",
            "metadata": dict(asked.metadata) if asked.metadata is not None else None,
            "status_details": None,
            "usage": None,
        }
        if ending.status != "in_progress":
            fields["status_details"] = ending.details()
            fields["usage"] = usage(asked.text, self._text, self._samples)
        if asked.audible:
            fields["audio"] = events.spoken_by(asked.voice)
        return events.response(fields, [self._item] if self._item else [])
