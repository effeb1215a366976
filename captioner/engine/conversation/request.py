"""What a `response.create` asks for, put over what the session has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from captioner.engine.configuration import Strict, refusal
from captioner.engine.conversation.config import (
    ConversationConfig,
    Instructions,
    MaxTokens,
    Modalities,
    Pcm,
    Prompt,
    Reasoning,
    Voice,
    voice_name,
)
from captioner.engine.conversation.items import Conversation, Item, Message, last_said
from captioner.engine.conversation.tasks import Reading, Task, instructed, prompted
from captioner.engine.protocol_error import ProtocolError


class _Output(Strict):
    format: Pcm = Pcm()
    voice: Voice | None = None


class _Audio(Strict):
    output: _Output = _Output()


class _Params(Strict):
    conversation: Literal["auto", "none"] = "auto"
    input: Annotated[list[Item], Field(max_length=1000)] | None = None
    instructions: Instructions | None = None
    prompt: Prompt | None = None
    metadata: (
        Annotated[
            dict[
                Annotated[str, Field(max_length=64)],
                Annotated[str, Field(max_length=512)],
            ],
            Field(max_length=16),
        ]
        | None
    ) = None
    output_modalities: Modalities | None = None
    max_output_tokens: MaxTokens | None = None
    audio: _Audio = _Audio()
    tools: Annotated[list[Any], Field(max_length=0)] = []
    tool_choice: Literal["auto", "none"] = "auto"
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """`task` None: nobody can tell what is to be done. `max_tokens` None: as many as it takes."""

    task: Task | None
    text: str
    audible: bool
    voice: str
    speed: float
    max_tokens: int | None
    metadata: Mapping[str, str] | None
    in_band: bool
    """Whether the answer becomes part of the conversation."""


def request(
    fields: Mapping[str, Any], config: ConversationConfig, conversation: Conversation
) -> Request:
    """Raises ProtocolError, with the path of the field that is wrong."""
    try:
        params = _Params.model_validate(fields)
    except ValidationError as error:
        raise refusal(error, "response", _REFUSALS) from error
    task = _task(params, config)
    reading = task if isinstance(task, Reading) else None
    modalities = params.output_modalities or (["audio"] if reading else config.output_modalities)
    limit = params.max_output_tokens or config.max_output_tokens
    output = config.audio.output
    text = last_said(_input(params, conversation)).strip()
    if not text:
        raise ProtocolError(
            "invalid_value", "The user has said nothing to answer to.", param="response.input"
        )
    return Request(
        task=task,
        text=text,
        audible=modalities == ["audio"],
        voice=(reading.voice if reading else "")
        or voice_name(params.audio.output.voice)
        or voice_name(output.voice),
        speed=(reading.speed if reading else None) or output.speed,
        max_tokens=None if limit == "inf" else limit,
        metadata=params.metadata,
        in_band=params.conversation == "auto",
    )


def _task(params: _Params, config: ConversationConfig) -> Task | None:
    """The response's own word goes before the session's, and a prompt before instructions."""
    try:
        if params.prompt is not None:
            return prompted(params.prompt)
        if params.instructions:
            return instructed(params.instructions)
        if config.prompt is not None:
            return prompted(config.prompt)
    except ProtocolError as error:
        error.param = f"{'response' if params.prompt else 'session'}.{error.param}"
        raise
    return instructed(config.instructions)


def _input(params: _Params, conversation: Conversation) -> list[Message]:
    if params.input is None:
        return conversation.items
    messages = []
    for item in params.input:
        found = item if isinstance(item, Message) else conversation.get(item.id)
        if found is None:
            raise ProtocolError(
                "invalid_value",
                "There is no such item in the conversation.",
                param="response.input",
            )
        messages.append(found)
    return messages


_REFUSALS = {
    ("conversation",): ("invalid_value", "Use 'auto' or 'none'."),
    ("output_modalities",): ("invalid_value", 'Use ["text"] or ["audio"].'),
    ("audio", "output", "format"): (
        "unsupported_parameter",
        "Only 'audio/pcm' at 24000 Hz is supported.",
    ),
    ("tools",): ("unsupported_parameter", "There are no tools here."),
    ("tool_choice",): ("unsupported_parameter", "There are no tools here."),
}
