"""One conversation session without I/O: requests in, their answers out.

Each request is a response outside the conversation: nothing that was said before is in it, nothing
of it is in what follows, and several may be answered at once. They are told apart by `request_id`
in their metadata, which comes back with the first event of a response, and then by its id.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from captioner.realtime.answers import (
    UNKNOWN_LANGUAGE,
    Answer,
    Answered,
    Begun,
    NotAnswered,
    Over,
    Request,
    RequestFailed,
    Sound,
    Words,
)
from captioner.realtime.glossary_tool import LOOKUP_TERM, looked_up
from captioner.realtime.partners import Partner
from captioner.realtime.tokens import Tokens, tokens_of
from captioner.realtime.trouble import Remedy, ended_by, remedy_for, told

SOUND_RATE = 24_000
"""Of all sound that is answered, in Hz."""
MOST_CALLS = 3
"""So often may a model look something up before it answers."""
_CONFIGURE = "configure"
_ACTIVE = "conversation_already_has_active_response"
_OPTIONAL = ("reasoning",)

Event = Mapping[str, Any]


@dataclass(slots=True)
class _Open:
    """A request that the server has not done with."""

    request: Request
    input: list[dict[str, Any]]
    response: str = ""
    """The id of its response; empty until it is known."""
    text: str = ""
    calls: int = 0
    cancelled: bool = False


class Conversation:
    """The state of one session. `sound`: whether its answers are spoken.

    `report`: is given what each response used, whatever became of it, and the room it was for.
    """

    def __init__(
        self,
        partner: Partner,
        *,
        sound: bool = False,
        report: Callable[[str, Tokens], None] = lambda _room, _tokens: None,
    ) -> None:
        self._partner = partner
        self._sound = sound
        self._report = report
        self._names = count(1)
        self._requests: dict[str, _Open] = {}
        self._responses: dict[str, str] = {}
        """The request of each response."""
        self._refused: set[str] = set()
        self._replies: list[str] = []
        self._voice: str | None = None
        self.ready = False
        """Whether the server has confirmed the configuration; no request before that."""
        self.expires_at: float | None = None
        """When the server will end the session (Unix time), if it says so."""

    @property
    def open(self) -> int:
        """How many requests the server is at work on, cancelled ones included."""
        return len(self._requests)

    def takes(self, request: Request) -> bool:
        """Whether the session can speak as the request wants."""
        kept = self._partner.keeps_voice and request.sound
        return not kept or self._voice in (None, request.voice)

    def configure(self) -> list[str]:
        """The messages to begin with."""
        audio: dict[str, Any] = {"input": {"turn_detection": None}}
        if self._sound:
            audio["output"] = {"format": {"type": "audio/pcm", "rate": SOUND_RATE}}
        session = {"type": "realtime", "output_modalities": [self._modality], "audio": audio}
        if self._partner.reasoning and "reasoning" not in self._refused:
            session["reasoning"] = {"effort": self._partner.reasoning}
        return [_encoded(type="session.update", event_id=_CONFIGURE, session=session)]

    def ask(self, request: Request) -> tuple[str, list[str]]:
        """The request's name, by which its answers are known, and the messages that ask it."""
        name = f"r{next(self._names)}"
        if request.sound:
            self._voice = request.voice
        content = [{"type": "input_text", "text": request.text}]
        item = {"type": "message", "role": "user", "content": content}
        opened = self._requests[name] = _Open(request, [item])
        return name, [self._create(name, opened)]

    def cancel(self, name: str) -> list[str]:
        """Nobody wants the answer any more; `Over` tells when the server is done with it."""
        opened = self._requests.get(name)
        if opened is None or opened.cancelled:
            return []
        opened.cancelled = True
        return [_cancel(name, opened.response)] if opened.response else []

    def take_replies(self) -> list[str]:
        """What is to be sent after what was received."""
        replies, self._replies = self._replies, []
        return replies

    def receive(self, event: Event) -> list[Answer]:
        """The answers in an event of the server's. Raises `SessionEnded`."""
        match event.get("type"):
            case "session.created" | "session.updated" as kind:
                self._told(_mapping(event.get("session")), confirmed=kind == "session.updated")
            case "error":
                return self._error(told(event.get("error")))
            case "response.created":
                return self._created(_mapping(event.get("response")))
            case "response.output_text.delta" | "response.output_audio_transcript.delta":
                return self._words(event)
            case "response.output_audio.delta":
                return self._heard(event)
            case "response.done":
                return self._done(_mapping(event.get("response")))
        return []

    @property
    def _modality(self) -> str:
        return "audio" if self._sound else "text"

    def _create(self, name: str, opened: _Open) -> str:
        request = opened.request
        response: dict[str, Any] = {
            "conversation": "none",
            "output_modalities": [self._modality],
            "metadata": {"request_id": name},
            "input": opened.input,
        }
        if self._partner.prompts:
            response["prompt"] = {"id": request.prompt, "variables": dict(request.variables)}
        else:
            response["instructions"] = request.instructions
            response["max_output_tokens"] = request.most_tokens
        if request.sound and request.voice and not self._partner.prompts:
            response["audio"] = {"output": {"voice": request.voice}}
        if request.terms and self._partner.tools:
            response["tools"] = [LOOKUP_TERM]
            response["tool_choice"] = "auto" if opened.calls < MOST_CALLS else "none"
        event_id = f"{name}.{opened.calls}"
        return _encoded(type="response.create", event_id=event_id, response=response)

    def _told(self, session: Event, *, confirmed: bool) -> None:
        expires_at = session.get("expires_at")
        if isinstance(expires_at, int | float) and not isinstance(expires_at, bool):
            self.expires_at = float(expires_at) or None
        self.ready = self.ready or confirmed

    def _error(self, error: Event) -> list[Answer]:
        remedy = remedy_for(error)
        asked = str(error.get("event_id") or "")
        name, _, part = asked.partition(".")
        if asked == _CONFIGURE and remedy is Remedy.IGNORE:
            self._without(error)
        elif remedy in (Remedy.RENEW, Remedy.REFUSED) or (
            name not in self._requests and remedy is not Remedy.IGNORE
        ):
            raise ended_by(self._partner.name, error, remedy)
        elif name in self._requests:
            return self._request_refused(name, part, error, remedy)
        return []

    def _without(self, error: Event) -> None:
        """Configure again, without the option that was refused."""
        named = f"{error.get('param')} {error.get('message')}"
        option = next((o for o in _OPTIONAL if o in named and o not in self._refused), None)
        if option is None:
            raise ended_by(self._partner.name, error, Remedy.REFUSED)
        self._refused.add(option)
        self._replies += self.configure()

    def _request_refused(self, name: str, part: str, error: Event, remedy: Remedy) -> list[Answer]:
        opened = self._requests[name]
        if part == "cancel":  # it was over before
            return self._over(name) if opened.cancelled else []
        if opened.cancelled:
            return self._over(name)
        code = str(error.get("code") or "")
        if code == _ACTIVE:
            return self._failed(name, "answers one request at a time", Remedy.RETRY, code)
        remedy = Remedy.REFUSED if remedy is Remedy.IGNORE else remedy
        words = f"refused the request: {_short(error.get('message'))}"
        return self._failed(name, words, remedy, code, str(error.get("param") or ""))

    def _created(self, response: Event) -> list[Answer]:
        name = str(_mapping(response.get("metadata")).get("request_id") or "")
        opened, identity = self._requests.get(name), response.get("id")
        if opened is None or opened.response or not isinstance(identity, str):
            return []
        opened.response = identity
        self._responses[identity] = name
        if opened.cancelled:
            self._replies.append(_cancel(name, identity))
            return []
        return [Begun(name)]

    def _wanted(self, event: Event) -> tuple[str, _Open] | None:
        """The request that an event of a response is about, unless nobody wants it any more."""
        name = self._responses.get(str(event.get("response_id")), "")
        opened = self._requests.get(name)
        return None if opened is None or opened.cancelled else (name, opened)

    def _words(self, event: Event) -> list[Answer]:
        delta = event.get("delta")
        if (found := self._wanted(event)) is None or not isinstance(delta, str):
            return []
        name, opened = found
        opened.text += delta
        return [Words(name, opened.text)]

    def _heard(self, event: Event) -> list[Answer]:
        delta = event.get("delta")
        if (found := self._wanted(event)) is None or not isinstance(delta, str):
            return []
        try:
            data = base64.b64decode(delta, validate=True)
        except (binascii.Error, ValueError):  # no base64, or no ASCII
            return []
        return [Sound(found[0], data)] if data else []

    def _done(self, response: Event) -> list[Answer]:
        name = self._responses.pop(str(response.get("id")), None)
        opened = self._requests.get(name or "")
        if (tokens := tokens_of(response.get("usage"))) is not None:
            self._report(opened.request.room if opened else "", tokens)
        if name is None or opened is None:
            return []
        if opened.cancelled:
            return self._over(name)
        details = _mapping(response.get("status_details"))
        match response.get("status"):
            case "completed":
                return self._completed(name, opened, response)
            case "incomplete" if details.get("reason") == "content_filter":
                return self._failed(name, "will not say this", Remedy.REFUSED, "content_filter")
            case "incomplete":
                reason = _short(details.get("reason"))
                return self._failed(name, f"broke off ({reason})", Remedy.RETRY, reason)
            case "failed":
                return self._gone_wrong(name, _mapping(details.get("error")))
            case status:
                words = f"ended the answer ({_short(status)})"
                return self._failed(name, words, Remedy.RETRY, str(status))

    def _completed(self, name: str, opened: _Open, response: Event) -> list[Answer]:
        output = [item for item in _list(response.get("output")) if isinstance(item, Mapping)]
        calls = [item for item in output if item.get("type") == "function_call"]
        if calls:
            return self._called(name, opened, calls)
        del self._requests[name]
        said = "".join(_said(item) for item in output)
        return [Answered(name, said or opened.text)]

    def _called(self, name: str, opened: _Open, calls: list[Event]) -> list[Answer]:
        """The model wants to know something first: tell it, and let it go on."""
        if opened.calls >= MOST_CALLS:
            return self._failed(name, "looks things up and says nothing", Remedy.RETRY)
        opened.calls += 1
        opened.response = opened.text = ""
        for call in calls:
            fields = {key: str(call.get(key) or "") for key in ("call_id", "name", "arguments")}
            output = looked_up(fields["name"], fields["arguments"], opened.request.terms)
            opened.input += [
                {"type": "function_call", **fields},
                {"type": "function_call_output", "call_id": fields["call_id"], "output": output},
            ]
        self._replies.append(self._create(name, opened))
        return [Begun(name)]

    def _gone_wrong(self, name: str, error: Event) -> list[Answer]:
        remedy = remedy_for(error)
        if remedy in (Remedy.RENEW, Remedy.REFUSED):
            raise ended_by(self._partner.name, error, remedy)
        words, code = f"failed: {_short(error.get('message'))}", str(error.get("code") or "")
        if remedy is Remedy.IGNORE:
            remedy = Remedy.REFUSED if code in UNKNOWN_LANGUAGE else Remedy.RETRY
        return self._failed(name, words, remedy, code)

    def _failed(
        self, name: str, words: str, remedy: Remedy, code: str = "", param: str = ""
    ) -> list[Answer]:
        self._forget(name)
        error = RequestFailed(f"{self._partner.name} {words}", remedy, code, param)
        return [NotAnswered(name, error, one_at_a_time=code == _ACTIVE)]

    def _over(self, name: str) -> list[Answer]:
        self._forget(name)
        return [Over(name)]

    def _forget(self, name: str) -> None:
        self._responses.pop(self._requests.pop(name).response, None)


def _encoded(**event: Any) -> str:
    return orjson.dumps(event).decode()


def _cancel(name: str, response: str) -> str:
    return _encoded(type="response.cancel", event_id=f"{name}.cancel", response_id=response)


def _mapping(value: object) -> Event:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(item: Event) -> str:
    """What a message says, written or spoken."""
    parts = [_mapping(part) for part in _list(item.get("content"))]
    return "".join(str(part.get("text") or part.get("transcript") or "") for part in parts)


def _short(words: object) -> str:
    return " ".join(str(words or "no reason given").split())[:300]
