"""The configuration of a conversation session, and the sparse merge of updates into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError

from captioner.engine.configuration import Strict, check_type, merged, refusal

Model = Literal["captioner-translate", "captioner-voice"]
MODELS = get_args(Model)

Modalities = Annotated[list[Literal["text", "audio"]], Field(min_length=1, max_length=1)]
"""Speech always brings its text as a transcript: one of the two says all."""
MaxTokens = Annotated[int, Field(ge=1, le=4096)] | Literal["inf"]
Instructions = Annotated[str, Field(max_length=10_000)]


class Pcm(Strict):
    """16-bit little-endian mono."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[24000] = 24000


class VoiceId(Strict):
    id: Annotated[str, Field(max_length=100)]


Voice = Annotated[str, Field(max_length=100)] | VoiceId


class VariableText(Strict):
    type: Literal["input_text"]
    text: str


class Prompt(Strict):
    """A task by its name: `translate` or `speak`."""

    id: str
    variables: dict[str, str | VariableText] = {}
    version: str | None = None


class Reasoning(Strict):
    effort: str | None = None


class Truncation(Strict):
    type: Literal["retention_ratio"]
    retention_ratio: float
    token_limits: dict[str, int] | None = None


class Input(Strict):
    format: Pcm = Pcm()
    transcription: None = None
    turn_detection: None = None
    noise_reduction: None = None


class Output(Strict):
    format: Pcm = Pcm()
    voice: Voice | None = None
    speed: Annotated[float, Field(ge=0.25, le=1.5)] = 1.0


class Audio(Strict):
    input: Input = Input()
    output: Output = Output()


class ConversationConfig(Strict):
    """What models that reason or call tools take besides is taken, where it changes nothing."""

    type: Literal["realtime"] = "realtime"
    model: Model = "captioner-translate"
    output_modalities: Modalities = ["text"]
    instructions: Instructions = ""
    prompt: Prompt | None = None
    max_output_tokens: MaxTokens = "inf"
    audio: Audio = Audio()
    tools: Annotated[list[Any], Field(max_length=0)] = []
    tool_choice: Literal["auto", "none"] = "auto"
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    truncation: Literal["auto", "disabled"] | Truncation = "auto"
    tracing: None = None
    include: Annotated[list[Any], Field(max_length=0)] | None = None

    def updated(self, patch: Mapping[str, Any]) -> ConversationConfig:
        """This configuration with the fields of a `session.update` put over it.

        Raises ProtocolError, with the path of the field that is wrong, and changes nothing.
        """
        check_type(patch, "realtime", "realtime")
        try:
            return ConversationConfig.model_validate(merged(self.model_dump(), patch))
        except ValidationError as error:
            raise refusal(error, "session", _REFUSALS) from error


def configured(model: str | None, patch: Mapping[str, Any]) -> ConversationConfig:
    """A session's first configuration; what it answers in depends on its model.

    `model` is the one that its address names, which `patch` may replace.
    """
    named = patch.get("model") or model or MODELS[0]
    modality = "audio" if named == "captioner-voice" else "text"
    begin = {"type": "realtime", "model": named, "output_modalities": [modality]}
    return ConversationConfig().updated(begin | dict(patch))


def voice_name(voice: Voice | None) -> str:
    """Empty: the usual one."""
    return voice.id if isinstance(voice, VoiceId) else voice or ""


_DEAF = (
    "unsupported_parameter",
    "This session hears nothing: send text, or open a transcription or translation session.",
)
_ONE = ("invalid_value", 'Use ["text"] or ["audio"].')
_PCM = ("unsupported_parameter", "Only 'audio/pcm' at 24000 Hz is supported.")
_TOOLS = ("unsupported_parameter", "There are no tools here.")
_REFUSALS = {
    ("model",): ("invalid_model", f"Use {' or '.join(MODELS)}."),
    ("output_modalities",): _ONE,
    ("audio", "input", "format"): _PCM,
    ("audio", "input", "transcription"): _DEAF,
    ("audio", "input", "turn_detection"): _DEAF,
    ("audio", "output", "format"): _PCM,
    ("tools",): _TOOLS,
    ("tool_choice",): _TOOLS,
}
