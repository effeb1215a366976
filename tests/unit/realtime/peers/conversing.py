"""A server of conversation sessions, as strict as the real one: one session, without I/O.

What it hears is checked by the types of the official SDK, to the last field, and so is what it
says. It says a text back in angle brackets, or speaks it: a sample of its own for each letter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from openai.types.realtime import (
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
    realtime_server_event,
)
from pydantic import BaseModel, TypeAdapter

from tests.contract.sdk import left_over
from tests.unit.realtime.peers.peer import Answer, Close, Event, Names

_HEARD: Mapping[str, type[BaseModel]] = {
    "session.update": SessionUpdateEvent,
    "response.create": ResponseCreateEvent,
    "response.cancel": ResponseCancelEvent,
}
_SAID: TypeAdapter[Any] = TypeAdapter(realtime_server_event.RealtimeServerEvent)
BYTES_A_LETTER = 480
"""10 ms."""

Ending = Literal[
    "completed",
    "silent",
    "closed",
    "expired",
    "limited",
    "failed",
    "out of quota",
    "overloaded",
    "filtered",
    "cut off",
    "cancelled",
    "refused",
    "unknown language",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a response. `begins`, `ends`: seconds until its first word, and its last.

    `said`: in place of what it would say. `looks_up`: the terms that it asks for first.
    `deltas`: of an answer that ends badly, how many come before.
    """

    ending: Ending = "completed"
    begins: float = 0.1
    ends: float = 0.2
    said: str | None = None
    looks_up: tuple[str, ...] = ()
    deltas: int = 1


@dataclass(slots=True)
class _Response:
    name: str
    asked: Event
    plan: Plan
    audio: bool
    over: bool = False


@dataclass
class ConversingPeer:
    """One session; `hear` it, and take what is due from `due`.

    `plan`: what becomes of the next response. `at_once`: how many there may be at the same time.
    `prompts`: it knows `translate` and `speak`, and no instructions. `refuses`: an option.
    `wrong_key`: says so once it is configured. `lifetime`: in seconds.
    """

    plan: Callable[[Event], Plan] = lambda _response: Plan()
    at_once: int = 4
    prompts: bool = False
    refuses: str = ""
    wrong_key: bool = False
    lifetime: float = 3600.0
    echoes: bool = True
    updated: bool = field(default=False, init=False)
    heard: list[Event] = field(default_factory=list, init=False)
    responses: list[_Response] = field(default_factory=list, init=False)
    due: list[tuple[float, Answer, _Response | None]] = field(default_factory=list, init=False)
    _names: Names = field(default_factory=Names, init=False)
    _voice: str | None = field(default=None, init=False)

    def begin(self, now: float, wall: float) -> None:
        self._session = {
            "id": "sess_1",
            "object": "realtime.session",
            "type": "realtime",
            "expires_at": round(wall + self.lifetime),
        }
        self._say(now, type="session.created", session=self._session)
        message = "Your session hit the maximum duration of 60 minutes."
        error = {"type": "invalid_request_error", "code": "session_expired", "message": message}
        self._say(now + self.lifetime, type="error", error=error)
        self.due.append((now + self.lifetime, Close(1001, message), None))

    def hear(self, message: str, now: float) -> None:
        event = json.loads(message)
        kind = _HEARD[event["type"]]
        read = kind.model_validate(event)
        assert list(left_over(read)) == [], event
        assert read.model_dump(mode="json", exclude_unset=True) == event
        self.heard.append(event)
        if event["type"] == "session.update":
            self._update(event, now)
        elif event["type"] == "response.create":
            self._create(event, now)
        else:
            self._cancel(event, now)

    @property
    def active(self) -> int:
        return sum(not response.over for response in self.responses[-100:])

    def _update(self, event: Event, now: float) -> None:
        session = event["session"]
        if self.wrong_key:
            self._error(now, event, "invalid_api_key", "Incorrect API key provided: sk-s3cret.")
            self.due.append((now, Close(3000, "invalid_request_error.invalid_api_key"), None))
        elif self.refuses and self.refuses in session:
            message = f"Unknown parameter: 'session.{self.refuses}'."
            self._error(now, event, "unknown_parameter", message, f"session.{self.refuses}")
        else:
            assert session["audio"]["input"] == {"turn_detection": None}
            self.updated = True
            self._say(now, type="session.updated", session={**self._session, **session})

    def _create(self, event: Event, now: float) -> None:
        asked = event["response"]
        assert self.updated, "a request before the session was configured"
        assert asked["conversation"] == "none" and asked["input"]
        assert ("prompt" in asked) == self.prompts and ("instructions" in asked) != self.prompts
        voice = asked.get("audio", {}).get("output", {}).get("voice")
        if self.active >= self.at_once:
            message = "Conversation already has an active response in progress."
            return self._error(now, event, "conversation_already_has_active_response", message)
        if voice is not None and self._voice not in (None, voice):
            message = "Cannot update a conversation's voice if assistant audio is present."
            return self._error(now, event, "cannot_update_voice", message)
        self._voice = voice or self._voice
        plan = self.plan(asked)
        if plan.ending == "refused":
            return self._error(now, event, "invalid_value", "No.", "response.input")
        if plan.ending == "limited":
            return self._error(now, event, "rate_limit_exceeded", "Rate limit reached.")
        audio = asked["output_modalities"] == ["audio"]
        response = _Response(self._names.new("resp"), asked, plan, audio)
        self.responses.append(response)
        if plan.ending != "silent":
            self._answer(response, now)
        return None

    def _cancel(self, event: Event, now: float) -> None:
        found = [r for r in self.responses if r.name == event["response_id"] and not r.over]
        if not found:
            message = "Cancellation failed: no active response found"
            return self._error(now, event, "response_cancel_not_active", message)
        details = {"type": "cancelled", "reason": "client_cancelled"}
        self.due = [entry for entry in self.due if entry[2] is not found[0]]
        self._done(found[0], now, "cancelled", details)
        return None

    def _answer(self, response: _Response, now: float) -> None:
        plan = response.plan
        calls = {item["type"] for item in response.asked["input"]}
        if plan.looks_up and "function_call_output" not in calls:
            return self._look_up(response, now)
        said = plan.said if plan.said is not None else self.says(response.asked)
        item = self._names.new("item")
        self._of(response, now, "response.created", response=self._shown(response, "in_progress"))
        pieces = [said[: len(said) // 2], said[len(said) // 2 :]]
        if plan.ending != "completed":
            pieces = [said[:3]] * plan.deltas
        times = (now + plan.begins, now + plan.ends)
        for piece, when in zip(pieces, times, strict=False):
            self._piece(response, item, piece, when)
        return self._end(response, item, said, now + plan.ends)

    def says(self, asked: Event) -> str:
        text = str(asked["input"][0]["content"][0]["text"])
        if asked["output_modalities"] == ["audio"]:
            return text
        outputs = [
            json.loads(item["output"])["translation"]
            for item in asked["input"]
            if item["type"] == "function_call_output"
        ]
        return "".join([f"<{text}>", *(f" {output}" for output in outputs)])

    def _piece(self, response: _Response, item: str, piece: str, when: float) -> None:
        at = {"item_id": item, "output_index": 0, "content_index": 0, "response_id": response.name}
        kind = "output_audio_transcript" if response.audio else "output_text"
        self._of(response, when, f"response.{kind}.delta", delta=piece, **at)
        if response.audio:
            delta = base64.b64encode(spoken(piece)).decode()
            self._of(response, when, "response.output_audio.delta", delta=delta, **at)

    def _end(self, response: _Response, item: str, said: str, when: float) -> None:
        match response.plan.ending:
            case "closed":
                self.due.append((when, Close(1006), response))
            case "expired":
                self.due.append((when, Close(1001, "maximum duration of 60 minutes"), response))
            case "completed":
                part = (
                    {"type": "output_audio", "transcript": said}
                    if response.audio
                    else {"type": "output_text", "text": said}
                )
                message = {
                    "id": item,
                    "object": "realtime.item",
                    "type": "message",
                    "status": "completed",
                    "role": "assistant",
                    "content": [part],
                }
                self._done(response, when, "completed", None, [message])
            case ending:
                status, details = _BAD[ending]
                self._done(response, when, status, details)

    def _look_up(self, response: _Response, now: float) -> None:
        assert [tool["name"] for tool in response.asked["tools"]] == ["lookup_term"]
        self._of(response, now, "response.created", response=self._shown(response, "in_progress"))
        calls = [
            {
                "id": self._names.new("item"),
                "object": "realtime.item",
                "type": "function_call",
                "status": "completed",
                "name": "lookup_term",
                "call_id": self._names.new("call"),
                "arguments": json.dumps({"term": term}),
            }
            for term in response.plan.looks_up
        ]
        self._done(response, now + response.plan.ends, "completed", None, calls)

    def _done(
        self,
        response: _Response,
        when: float,
        status: str,
        details: Event | None,
        output: list[Event] | None = None,
    ) -> None:
        usage = {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": {"text_tokens": 10, "audio_tokens": 0, "cached_tokens": 4},
            "output_token_details": {"text_tokens": 2, "audio_tokens": 3},
        }
        shown = self._shown(response, status)
        shown |= {"status_details": details, "output": output or [], "usage": usage}
        self._of(response, when, "response.done", response=shown)

    def _shown(self, response: _Response, status: str) -> Event:
        metadata = response.asked["metadata"]
        return {
            "id": response.name,
            "object": "realtime.response",
            "status": status,
            "conversation_id": None,
            "metadata": metadata,
        }

    def _error(
        self, now: float, event: Event, code: str, message: str, param: str | None = None
    ) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": param}
        self._say(now, type="error", error={**error, "event_id": event["event_id"]})

    def _of(self, whose: _Response, when: float, kind: str, /, **fields: Any) -> None:
        self._say(when, whose, type=kind, **fields)

    def _say(self, when: float, whose: _Response | None = None, /, **event: Any) -> None:
        event["event_id"] = self._names.new("event")
        read = _SAID.validate_python(event)
        assert read.type == event["type"]
        self.due.append((when, event, whose))

    def take(self, now: float) -> Iterator[Answer]:
        """What is to be said by now, in its order."""
        self.due.sort(key=lambda entry: entry[0])
        while self.due and self.due[0][0] <= now:
            _, answer, response = self.due.pop(0)
            ends = isinstance(answer, Close) or answer["type"] == "response.done"
            if response is not None and ends:
                response.over = True
            yield answer


_BAD: Mapping[str, tuple[str, Event]] = {
    "failed": (
        "failed",
        {"type": "failed", "error": {"type": "server_error", "code": "server_error"}},
    ),
    "out of quota": (
        "failed",
        {"type": "failed", "error": {"type": "invalid", "code": "insufficient_quota"}},
    ),
    "overloaded": (
        "failed",
        {"type": "failed", "error": {"type": "server_error", "code": "server_is_overloaded"}},
    ),
    "unknown language": (
        "failed",
        {"type": "failed", "error": {"type": "invalid", "code": "no_such_language"}},
    ),
    "filtered": ("incomplete", {"type": "incomplete", "reason": "content_filter"}),
    "cut off": ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}),
    "cancelled": ("cancelled", {"type": "cancelled", "reason": "turn_detected"}),
}


def spoken(text: str) -> bytes:
    """A text as the peer speaks it."""
    return b"".join(
        (ord(letter) % 32768).to_bytes(2, "little") * (BYTES_A_LETTER // 2) for letter in text
    )
