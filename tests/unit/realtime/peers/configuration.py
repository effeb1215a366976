"""What OpenAI refuses of a transcription session's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.unit.realtime.peers.models import Model
from tests.unit.realtime.peers.peer import Event

RATE = 24_000
LOGPROBS = "item.input_audio_transcription.logprobs"
DEFAULT_TURNS: Event = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
}
DEFAULT_INPUT: Event = {
    "format": {"type": "audio/pcm", "rate": RATE},
    "transcription": None,
    "noise_reduction": None,
    "turn_detection": DEFAULT_TURNS,
}

_LANGUAGE = re.compile(r"[a-z]{2,3}|zh-(cn|tw|hk)")
_DELAYS = ("minimal", "low", "medium", "high", "xhigh")
_TRANSCRIPTION = {"model", "language", "languages", "keywords", "prompt", "delay"}
_ANY_VAD = {"type", "create_response", "interrupt_response"}
_VAD = {
    "server_vad": _ANY_VAD
    | {"threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms"},
    "semantic_vad": _ANY_VAD | {"eagerness"},
}


class Wrong(Exception):
    """One thing that is wrong with an event."""

    def __init__(self, code: str, message: str, param: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def known(value: object, names: set[str], path: str) -> Mapping[str, Any]:
    """The object at `path`, if it has no other fields than these."""
    if not isinstance(value, Mapping):
        raise Wrong("invalid_type", f"Invalid type for '{path}': expected an object.", path)
    for name in value:
        if name not in names:
            where = f"{path}.{name}" if path else name
            raise Wrong("unknown_parameter", f"Unknown parameter: '{where}'.", where)
    return value


def one_of(value: object, values: tuple[str, ...], path: str) -> str:
    if not isinstance(value, str) or value not in values:
        supported = ", ".join(f"'{other}'" for other in values)
        message = f"Invalid value: '{value}'. Supported values are: {supported}."
        raise Wrong("invalid_value", message, path)
    return value


def merged(current: Event, update: Event) -> Event:
    """`current`, with what an update says other; what it leaves out stays as it is."""
    result = dict(current)
    for name, value in update.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(value, dict) and _same_kind(old, value):
            result[name] = merged(old, value)
        else:
            result[name] = value
    return result


def _same_kind(old: Event, new: Event) -> bool:
    return "type" not in new or bool(new["type"] == old.get("type"))


def check_update(session: object) -> Event:
    """The input's part of a `session.update`, if each of its fields may stand there."""
    fields = known(session, {"type", "audio", "include"}, "session")
    if "type" not in fields:
        message = "Missing required parameter: 'session.type'."
        raise Wrong("missing_required_parameter", message, "session.type")
    one_of(fields["type"], ("transcription",), "session.type")
    for index, name in enumerate(fields.get("include") or []):
        one_of(name, (LOGPROBS,), f"session.include[{index}]")
    audio = known(fields.get("audio", {}), {"input"}, "session.audio")
    path = "session.audio.input"
    names = {"format", "transcription", "noise_reduction", "turn_detection"}
    heard = dict(known(audio.get("input", {}), names, path))
    if "format" in heard:
        _check_format(heard["format"], f"{path}.format")
    if heard.get("noise_reduction") is not None:
        _check_noise_reduction(heard["noise_reduction"], f"{path}.noise_reduction")
    if heard.get("turn_detection") is not None:
        _check_turns(heard["turn_detection"], f"{path}.turn_detection")
    if heard.get("transcription") is not None:
        _check_transcription(heard["transcription"], f"{path}.transcription")
    return heard


def check_model(
    models: Mapping[str, Model], heard: Event, include: object, turns_asked_for: bool
) -> Model | None:
    """Which of `models` a configuration names, if that model takes all that is asked of it."""
    path = "session.audio.input"
    transcription = heard["transcription"]
    if transcription is None or transcription.get("model") is None:
        return None
    name = transcription["model"]
    if name not in models:
        message = f"The model '{name}' does not exist or you do not have access to it."
        raise Wrong("model_not_found", message, f"{path}.transcription.model")
    model = models[name]
    _check_taken(model, transcription, f"{path}.transcription")
    if model.live and turns_asked_for:
        message = "Turn detection is not supported for this transcription model."
        raise Wrong("invalid_value", message, f"{path}.turn_detection")
    if include and not model.logprobs:
        message = "Logprobs are not supported for this transcription model."
        raise Wrong("invalid_value", message, "session.include")
    return model


def _check_format(value: object, path: str) -> None:
    """Of PCM only; G.711, which the real server takes too, is no level to be heard here."""
    fields = known(value, {"type", "rate"}, path)
    one_of(fields.get("type"), ("audio/pcm",), f"{path}.type")
    if "rate" not in fields:
        message = f"Missing required parameter: '{path}.rate'."
        raise Wrong("missing_required_parameter", message, f"{path}.rate")
    if fields["rate"] != RATE:
        message = f"Invalid '{path}.rate': only {RATE} is supported, got {fields['rate']} instead."
        raise Wrong("invalid_value", message, f"{path}.rate")


def _check_noise_reduction(value: object, path: str) -> None:
    fields = known(value, {"type", "strength"}, path)
    one_of(fields.get("type"), ("near_field", "far_field"), f"{path}.type")


def _check_turns(value: object, path: str) -> None:
    kind = value.get("type") if isinstance(value, Mapping) else None
    fields = known(value, _VAD[one_of(kind, tuple(_VAD), f"{path}.type")], path)
    if "eagerness" in fields:
        one_of(fields["eagerness"], ("low", "medium", "high", "auto"), f"{path}.eagerness")
    if not 0 <= fields.get("threshold", 0.5) <= 1:
        raise Wrong("invalid_value", "The threshold lies between 0 and 1.", f"{path}.threshold")


def _check_transcription(value: object, path: str) -> None:
    fields = known(value, _TRANSCRIPTION, path)
    if fields.get("delay") is not None:
        one_of(fields["delay"], _DELAYS, f"{path}.delay")
    if "languages" in fields and not fields["languages"]:
        message = f"Invalid '{path}.languages': expected at least one language."
        raise Wrong("invalid_value", message, f"{path}.languages")
    for name in ("language", "languages"):
        given = fields.get(name) or []
        for language in [given] if isinstance(given, str) else given:
            if not _LANGUAGE.fullmatch(language):
                message = f"Invalid language '{language}'. It must be in ISO-639-1 format."
                raise Wrong("invalid_value", message, f"{path}.{name}")
    for keyword in fields.get("keywords") or []:
        if not isinstance(keyword, str) or set(keyword) & set("<>\r\n"):
            message = "Keywords are single lines without '<' and '>'."
            raise Wrong("invalid_value", message, f"{path}.keywords")


def _check_taken(model: Model, transcription: Event, path: str) -> None:
    given = {name for name, value in transcription.items() if value}
    if {"language", "languages"} <= given:
        message = "Only one of 'language' and 'languages' may be given."
        raise Wrong("invalid_value", message, f"{path}.languages")
    for name in ("delay", "languages", "keywords", "prompt"):
        if name in given and not getattr(model, name):
            message = f"'{path}.{name}' is not supported for this transcription model."
            raise Wrong("unsupported_parameter", message, f"{path}.{name}")
