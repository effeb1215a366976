"""The configuration of a transcription session, and the sparse merge of updates into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from captioner.engine.protocol_error import ProtocolError

HYPOTHESIS = "item.input_audio_transcription.hypothesis"
SEGMENTS = "item.input_audio_transcription.segments"

Model = Literal["captioner-live", "captioner-accurate"]
MODELS = get_args(Model)


def _language(tag: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", tag):
        raise ValueError(f"'{tag}' is not a language tag such as 'en' or 'pt-BR'")
    return tag


def _keyword(word: str) -> str:
    if not word.strip() or re.search(r"[<>\r\n]", word):
        raise ValueError("a keyword is one line without '<' and '>'")
    return word


LanguageTag = Annotated[str, AfterValidator(_language)]
Keyword = Annotated[str, Field(max_length=100), AfterValidator(_keyword)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Pcm(_Strict):
    """16-bit little-endian mono. At 16 kHz it is what the models hear: that is ours to offer."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[16000, 24000] = 24000


class G711(_Strict):
    """8 kHz mono, a byte a sample."""

    type: Literal["audio/pcmu", "audio/pcma"]


class Transcription(_Strict):
    """`language` is the language spoken; `languages` are the ones to choose from.

    Without either it is detected.
    """

    model: Model = "captioner-live"
    language: LanguageTag | None = None
    languages: Annotated[list[LanguageTag], Field(min_length=1)] | None = None
    keywords: Annotated[list[Keyword], Field(max_length=100)] | None = None
    prompt: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_of_language_and_languages(self) -> Transcription:
        if self.language and self.languages:
            raise ValueError("give 'language' or 'languages', not both")
        return self


class ServerVad(_Strict):
    type: Literal["server_vad"] = "server_vad"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.35
    prefix_padding_ms: Annotated[int, Field(ge=0, le=5000)] = 300
    silence_duration_ms: Annotated[int, Field(ge=100, le=5000)] = 450
    create_response: Literal[False] | None = None
    interrupt_response: Literal[False] | None = None


class Input(_Strict):
    format: Annotated[Pcm | G711, Field(discriminator="type")] = Pcm()
    transcription: Transcription = Transcription()
    turn_detection: ServerVad | None = ServerVad()
    noise_reduction: None = None


class Audio(_Strict):
    input: Input = Input()


class SessionConfig(_Strict):
    type: Literal["transcription"] = "transcription"
    audio: Audio = Audio()
    include: list[
        Literal[
            "item.input_audio_transcription.hypothesis",
            "item.input_audio_transcription.segments",
        ]
    ] = []

    def updated(self, patch: Mapping[str, Any]) -> SessionConfig:
        """This configuration with the fields of a `session.update` put over it.

        Raises ProtocolError, with the path of the field that is wrong, and changes nothing.
        """
        if "type" not in patch:
            raise ProtocolError(
                "missing_required_parameter",
                "Missing required parameter: 'session.type'.",
                param="session.type",
            )
        if patch["type"] == "realtime":
            raise ProtocolError(
                "invalid_parameter",
                "Passing a realtime session update to a transcription session is not allowed.",
                param="session.type",
            )
        try:
            return SessionConfig.model_validate(_merged(self.model_dump(), patch))
        except ValidationError as error:
            raise _refusal(error) from error


def _merged(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Sparse merge; an object of another `type` replaces the old one as a whole."""
    merged = dict(current)
    for name, value in patch.items():
        old = current.get(name)
        if (
            isinstance(value, dict)
            and isinstance(old, dict)
            and value.get("type", old.get("type")) == old.get("type")
        ):
            value = _merged(old, value)
        merged[name] = value
    return merged


_CODES = {
    "extra_forbidden": ("unknown_parameter", "Unknown parameter."),
    "missing": ("missing_required_parameter", "Missing required parameter."),
    "none_required": ("unsupported_parameter", "Not supported by this server; only null is."),
}
_UNSUPPORTED = {
    ("audio", "input", "turn_detection", "type"): "Only 'server_vad' and null are supported.",
    ("include",): f"Only '{HYPOTHESIS}' and '{SEGMENTS}' can be included.",
}


def _refusal(error: ValidationError) -> ProtocolError:
    """The first thing that is wrong, in the protocol's words."""
    first = error.errors(include_url=False, include_input=False)[0]
    # Pydantic names the branch of a tagged union in the path; the client does not know it.
    path = tuple(p for p in first["loc"] if p not in ("audio/pcm", "audio/pcmu", "audio/pcma"))
    param = ".".join(map(str, ("session", *path)))
    if path == ("audio", "input", "transcription", "model"):
        return ProtocolError(
            "invalid_model", "Use 'captioner-live' or 'captioner-accurate'.", param=param
        )
    for prefix, message in _UNSUPPORTED.items():
        if path[: len(prefix)] == prefix:
            return ProtocolError("unsupported_parameter", message, param=param)
    code, message = _CODES.get(first["type"], ("invalid_value", first["msg"]))
    return ProtocolError(code, message, param=param)
