"""What may be asked of a conversation session, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from captioner.errors import NoSuchPair, TranslationUnavailable
from captioner.realtime.trouble import Remedy

UNKNOWN_LANGUAGE = frozenset({NoSuchPair.code, "unsupported_language"})
"""Codes of servers that will never know a language."""


@dataclass(frozen=True, slots=True)
class Request:
    """One text, and what to make of it.

    `instructions`: for a general model. `prompt`, `variables`: for a server that has prompts of
    its own. `terms`: what its `lookup_term` finds. `sound`: whether the answer is spoken, with
    `voice`. `most_tokens`: of the answer. `room`: whose account it is on, or empty.
    """

    text: str
    instructions: str = ""
    prompt: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[tuple[str, str], ...] = ()
    sound: bool = False
    voice: str = ""
    most_tokens: int = 1024
    room: str = ""


class RequestFailed(TranslationUnavailable):
    """There is no answer to a request. The message is for people.

    `remedy`: `RETRY`, it may be asked again; `WAIT`, the server has too much to do; `REFUSED`, it
    is never answered. `reason`, `param`: the server's code for it, and the field that is wrong.
    """

    def __init__(self, message: str, remedy: Remedy, reason: str = "", param: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.reason = reason
        self.param = param

    def is_about(self, *variables: str) -> bool:
        """Whether the server does not know the language that one of these variables names."""
        named = self.param.rpartition(".")[2] in variables
        return self.remedy is Remedy.REFUSED and (named or self.reason in UNKNOWN_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Begun:
    """The server has taken the request."""

    request: str


@dataclass(frozen=True, slots=True)
class Words:
    """The answer's text, or the transcript of its sound, as far as it is there."""

    request: str
    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """The next piece of the answer's sound: s16le mono at 24 kHz."""

    request: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole text, or the transcript of the whole sound; nothing more comes."""

    request: str
    text: str


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Nothing more comes. `one_at_a_time`: because another request is being answered."""

    request: str
    error: RequestFailed
    one_at_a_time: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """A request that was cancelled has left the server."""

    request: str


Answer = Begun | Words | Sound | Answered | NotAnswered | Over
