"""A conversation under test: the client's words in, the server's out, and models by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from captioner.audio.pcm import Samples
from captioner.engine import server_events
from captioner.engine.conversation.abilities import Abilities
from captioner.engine.conversation.client_events import parse
from captioner.engine.conversation.config import configured
from captioner.engine.conversation.response import Response
from captioner.engine.conversation.session import ConversationSession
from captioner.engine.protocol_error import ProtocolError
from tests.contract.sdk import left_over

SPANISH = {"id": "translate", "variables": {"source": "en", "target": "es"}}

_EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Echo:
    """Translates and speaks nothing: whoever drives does."""

    def translate(
        self, text: str, source: str, target: str, terms: Sequence[tuple[str, str]] = ()
    ) -> str:
        raise AssertionError("a session translates nothing itself")

    def names(self, language: str) -> tuple[str, ...]:
        raise AssertionError("a session speaks nothing itself")

    def prepare(self, language: str, voice: str = "") -> None:
        raise AssertionError("a session loads nothing itself")

    def speak(
        self, text: str, language: str, voice: str = "", speed: float = 1.0
    ) -> Iterator[Samples]:
        raise AssertionError("a session speaks nothing itself")


ABLE = Abilities(Echo(), Echo())


class DrivenConversation:
    """Every event that it tells is one of the SDK's, to the last field."""

    def __init__(self, model: str = "captioner-translate", abilities: Abilities = ABLE) -> None:
        self.events: list[dict[str, Any]] = []
        self.begun: list[Response] = []
        self.session = ConversationSession(configured(model, {}), abilities, self._told)
        self.session.create()

    def _told(self, events: Iterable[BaseModel]) -> None:
        for event in events:
            told = orjson.loads(server_events.encode(event))
            assert list(left_over(_EVENTS.validate_python(told))) == []
            self.events.append(told)

    def send(self, type_: str, **fields: Any) -> list[dict[str, Any]]:
        """Send an event; return what is said to it at once."""
        before = len(self.events)
        try:
            event = parse(orjson.dumps({"type": type_, **fields}).decode())
        except ProtocolError as error:
            self.session.refuse(error)
        else:
            if response := self.session.receive(event):
                self.begun.append(response)
        return self.events[before:]

    def update(self, **session: Any) -> dict[str, Any]:
        """Change the configuration; return the answer."""
        (answer,) = self.send("session.update", session={"type": "realtime", **session})
        return answer

    def say(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """Put a message of the user into the conversation."""
        return self.send("conversation.item.create", item=said(text), **fields)

    def ask(self, text: str, **response: Any) -> list[dict[str, Any]]:
        """Ask for a response out of band."""
        asked = {"conversation": "none", "input": [said(text)], **response}
        return self.send("response.create", response=asked)

    def refused(self, type_: str, **fields: Any) -> dict[str, Any]:
        """Send what is answered with an error; return that."""
        (answer,) = self.send(type_, **fields)
        assert answer["type"] == "error"
        error: dict[str, Any] = answer["error"]
        return error

    def since(self, before: int) -> list[dict[str, Any]]:
        return self.events[before:]


def said(text: str, **fields: Any) -> dict[str, Any]:
    """A message of the user."""
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content, **fields}


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]
