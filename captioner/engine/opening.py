"""Which session a client opens: what its address asks for, over what its secret brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from captioner.engine import session_config
from captioner.engine.conversation import config as conversation
from captioner.engine.conversation.abilities import Abilities
from captioner.engine.interpreting import config as interpreting
from captioner.engine.protocol_error import ProtocolError

SESSIONS = "/v1/realtime"
TRANSLATIONS = "/v1/realtime/translations"

Config = (
    session_config.SessionConfig | conversation.ConversationConfig | interpreting.InterpretingConfig
)


def models(abilities: Abilities) -> tuple[str, ...]:
    """All that can be asked for."""
    names: tuple[str, ...] = session_config.MODELS
    if abilities.translates is not None:
        names += ("captioner-translate", interpreting.MODEL)
    if abilities.speaks is not None:
        names += ("captioner-voice",)
    return names


def asked_for(address: str, brought: Mapping[str, Any] | None, abilities: Abilities) -> Config:
    """How the session begins. Raises ProtocolError where there is none like it here."""
    url = urlsplit(address)
    query = parse_qs(url.query)
    model = query.get("model", [None])[0]
    if url.path == TRANSLATIONS:
        abilities.translator()
        named = {} if model is None else {"model": model}
        return interpreting.configured(named | dict(brought or {}))
    if url.path != SESSIONS:
        raise ProtocolError("unsupported", f"{url.path} is not supported; {SESSIONS} is.")
    return _session(model, query.get("intent"), brought or {}, abilities)


def _session(
    model: str | None, intent: list[str] | None, brought: Mapping[str, Any], abilities: Abilities
) -> Config:
    type_ = brought.get("type")
    if model in session_config.MODELS or intent == ["transcription"]:
        if model is not None and model not in session_config.MODELS:
            raise _no_such_model()
        return session_config.configured(model, brought)
    if model is None and intent is None and type_ == "transcription":
        return session_config.configured(None, brought)
    if model in conversation.MODELS or (model is None and intent is None and type_ == "realtime"):
        if abilities.speaks is None:
            abilities.translator()
        return conversation.configured(model, brought)
    if model is not None:
        raise _no_such_model()
    raise ProtocolError(
        "invalid_parameter", "Use intent=transcription, or name a model.", param="intent"
    )


def _no_such_model() -> ProtocolError:
    known = (*session_config.MODELS, *conversation.MODELS)
    return ProtocolError("invalid_model", f"Use {' or '.join(known)}.", param="model")
