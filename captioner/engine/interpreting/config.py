"""The configuration of a translation session, and the sparse merge of updates into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from captioner.engine.configuration import LanguageTag, Strict, merged, refusal
from captioner.engine.protocol_error import ProtocolError

MODEL = "captioner-live-translate"


class Transcription(Strict):
    model: Literal["captioner-live"]


class Input(Strict):
    transcription: Transcription | None = None
    noise_reduction: None = None


class Output(Strict):
    language: LanguageTag = "es"
    """What the protocol begins with."""


class Audio(Strict):
    input: Input = Input()
    output: Output = Output()


class InterpretingConfig(Strict):
    audio: Audio = Audio()

    def updated(self, patch: Mapping[str, Any]) -> InterpretingConfig:
        """This configuration with the fields of a `session.update` put over it.

        Raises ProtocolError, with the path of the field that is wrong, and changes nothing.
        """
        try:
            return InterpretingConfig.model_validate(merged(self.model_dump(), patch))
        except ValidationError as error:
            raise refusal(error, "session", _REFUSALS) from error


def configured(patch: Mapping[str, Any]) -> InterpretingConfig:
    """A session's first configuration; only here it may name its type and its model."""
    patch = dict(patch)
    if patch.pop("type", "translation") != "translation":
        raise ProtocolError("invalid_value", "Use 'translation'.", param="session.type")
    if patch.pop("model", MODEL) != MODEL:
        raise ProtocolError("invalid_model", f"Use {MODEL}.", param="session.model")
    return InterpretingConfig().updated(patch)


_FIXED = ("invalid_parameter", "This cannot be changed.")
_REFUSALS = {
    ("type",): _FIXED,
    ("model",): _FIXED,
    ("audio", "input", "transcription", "model"): ("invalid_model", "Use 'captioner-live'."),
}
