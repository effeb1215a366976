"""The configuration of a transcription session, and the sparse merge of updates into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator

from captioner.engine.configuration import LanguageTag, Strict, check_type, merged, refusal

HYPOTHESIS = "item.input_audio_transcription.hypothesis"
SEGMENTS = "item.input_audio_transcription.segments"

Model = Literal["captioner-live", "captioner-accurate"]
MODELS = get_args(Model)


def _keyword(word: str) -> str:
    if not word.strip() or re.search(r"[<>\r\n]", word):
        raise ValueError("a keyword is one line without '<' and '>'")
    return word


Keyword = Annotated[str, Field(max_length=100), AfterValidator(_keyword)]


class Pcm(Strict):
    """16-bit little-endian mono. At 16 kHz it is what the models hear: that is ours to offer."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[16000, 24000] = 24000


class G711(Strict):
    """8 kHz mono, a byte a sample."""

    type: Literal["audio/pcmu", "audio/pcma"]


class Transcription(Strict):
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


class ServerVad(Strict):
    type: Literal["server_vad"] = "server_vad"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.35
    prefix_padding_ms: Annotated[int, Field(ge=0, le=5000)] = 300
    silence_duration_ms: Annotated[int, Field(ge=100, le=5000)] = 450
    create_response: Literal[False] | None = None
    interrupt_response: Literal[False] | None = None


class Input(Strict):
    format: Annotated[Pcm | G711, Field(discriminator="type")] = Pcm()
    transcription: Transcription = Transcription()
    turn_detection: ServerVad | None = ServerVad()
    noise_reduction: None = None


class Audio(Strict):
    input: Input = Input()


class SessionConfig(Strict):
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
        check_type(patch, "transcription", "transcription")
        try:
            return SessionConfig.model_validate(merged(self.model_dump(), patch))
        except ValidationError as error:
            raise refusal(error, "session", _REFUSALS) from error


def configured(model: str | None, patch: Mapping[str, Any] | None = None) -> SessionConfig:
    """A session's first configuration: with the model that its address names, if it does."""
    named: dict[str, Any] = {"type": "transcription"}
    if model is not None:
        named["audio"] = {"input": {"transcription": {"model": model}}}
    return SessionConfig().updated(merged(named, patch or {}))


_REFUSALS = {
    ("audio", "input", "transcription", "model"): (
        "invalid_model",
        "Use 'captioner-live' or 'captioner-accurate'.",
    ),
    ("audio", "input", "turn_detection", "type"): (
        "unsupported_parameter",
        "Only 'server_vad' and null are supported.",
    ),
    ("include",): (
        "unsupported_parameter",
        f"Only '{HYPOTHESIS}' and '{SEGMENTS}' can be included.",
    ),
}
