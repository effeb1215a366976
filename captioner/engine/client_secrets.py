"""Secrets for browsers: they bring a session's configuration along, until they expire.

The engine has no keys, so a secret opens nothing that is closed without it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError
from websockets.datastructures import Headers

from captioner.engine import server_events, session_config
from captioner.engine.configuration import Strict, refusal
from captioner.engine.conversation import config as conversation
from captioner.engine.conversation import events as conversation_events
from captioner.engine.interpreting import config as interpreting
from captioner.engine.interpreting.events import Identity
from captioner.engine.protocol_error import ProtocolError

MOST = 1000
"""Secrets that are kept; then the oldest is forgotten."""
SUBPROTOCOL = "realtime"
_KEY_PROTOCOL = "openai-insecure-api-key."


class _ExpiresAfter(Strict):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class _Request(Strict):
    expires_after: _ExpiresAfter = _ExpiresAfter()
    session: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Secret:
    session: Mapping[str, Any]
    expires_at: int


class ClientSecrets:
    """Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._secrets: dict[str, _Secret] = {}

    def create(self, body: bytes, now: float, *, translation: bool) -> dict[str, Any]:
        """The answer to a request for one. Raises ProtocolError where it asks for what is not."""
        asked = _request(body)
        expires_at = int(now) + asked.expires_after.seconds
        default = {"type": "translation" if translation else "realtime"}
        session = default | asked.session
        resource = _resource(session, expires_at, translation)
        value = f"ek_{secrets.token_hex(16)}"
        self._secrets[value] = _Secret(session, expires_at)
        while len(self._secrets) > MOST:
            del self._secrets[next(iter(self._secrets))]
        return {"value": value, "expires_at": expires_at, "session": resource}

    def brought_by(self, headers: Headers, now: float) -> Mapping[str, Any] | None:
        """The session that the secret of a handshake brings; None: it has none that is good."""
        secret = self._secrets.get(_key(headers))
        return secret.session if secret is not None and now < secret.expires_at else None


def _request(body: bytes) -> _Request:
    try:
        return _Request.model_validate(orjson.loads(body or b"{}"))
    except orjson.JSONDecodeError as error:
        raise ProtocolError("invalid_json", f"Not JSON: {error}.") from error
    except ValidationError as error:
        raise refusal(error, "body", {}) from error


def _resource(session: Mapping[str, Any], expires_at: int, translation: bool) -> dict[str, Any]:
    """The session as it will be."""
    session_id = server_events.new_id("sess")
    if translation:
        identity = Identity(session_id, expires_at)
        return identity.session(interpreting.configured(session)).model_dump(exclude_unset=True)
    if session["type"] == "transcription":
        transcribing = server_events.session(session_config.configured(None, session))
        object_ = "realtime.transcription_session"
        effective = transcribing.model_dump(exclude_unset=True)
    else:
        talking = conversation_events.session(conversation.configured(None, session))
        object_ = "realtime.session"
        effective = talking.model_dump(exclude_unset=True)
    return effective | {"id": session_id, "object": object_, "expires_at": expires_at}


def _key(headers: Headers) -> str:
    """As servers send it, or browsers, which can set no header but the subprotocols."""
    bearer = headers.get("Authorization", "").removeprefix("Bearer ")
    offered = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
    keys = [p.strip().removeprefix(_KEY_PROTOCOL) for p in offered if _KEY_PROTOCOL in p]
    return (keys or [bearer])[0].strip()
