"""The first message of a publisher, checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from captioner.audio.codecs import StreamDecoder
from captioner.errors import BadFormat, BadInput

_LONGEST_NAME = 128
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Start:
    """What a publisher announces. `language` None: the room's."""

    stream: str
    format: str
    sample_rate: int
    channels: int
    speaker: str | None
    language: str | None

    def decoder(self, rate: int) -> StreamDecoder:
        """A decoder for the bytes to come, of samples at `rate` (Hz)."""
        return StreamDecoder(self.format, self.sample_rate, self.channels, to=rate)


def message_of(text: str) -> Mapping[str, Any]:
    """A publisher's text message; raises `BadInput` where it is no JSON object."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("the message is not valid JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadInput('a message is a JSON object with a "type"')
    return message


def parse_start(message: Mapping[str, Any]) -> Start:
    """Raises `BadInput` or `BadFormat` with what is wrong and what would be right."""
    if message["type"] != "start":
        raise BadInput(f'the first message must be "start", not {message["type"][:40]!r}')
    return Start(
        stream=_name(message, "stream") or _missing("stream"),
        format=_text(message, "format") or _missing("format"),
        sample_rate=_whole(message, "sample_rate", 48_000),
        channels=_whole(message, "channels", 1),
        speaker=_name(message, "speaker"),
        language=_language(message),
    )


def _missing(field: str) -> str:
    raise BadInput(f'"start" needs "{field}"')


def _text(message: Mapping[str, Any], field: str) -> str | None:
    value = message.get(field)
    if value is not None and not isinstance(value, str):
        raise BadInput(f'"{field}" must be a string')
    return value


def _name(message: Mapping[str, Any], field: str) -> str | None:
    value = _text(message, field)
    if value is None:
        return None
    if len(value) > _LONGEST_NAME or not value.isprintable():
        raise BadInput(f'"{field}" must be one line of at most {_LONGEST_NAME} characters')
    return value.strip() or None


def _language(message: Mapping[str, Any]) -> str | None:
    value = _text(message, "language")
    if value is not None and not _TAG.fullmatch(value):
        raise BadInput('"language" must be a language tag such as "en" or "pt-BR", or "auto"')
    return value


def _whole(message: Mapping[str, Any], field: str, default: int) -> int:
    value = message.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadFormat(f'"{field}" must be a whole number')
    return value
