"""What other processes ask of the one that keeps a room, as JSON objects and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from captioner import errors
from captioner.captions.model import Settled
from captioner.errors import BadInput, CaptionerError
from captioner.rooms.corrections import Correction, correction_from, correction_message
from captioner.rooms.lines import from_line, to_line
from captioner.rooms.records import Published


@dataclass(frozen=True, slots=True)
class Journalled:
    """An entry of a track is to be journalled and published."""

    entry: Published | Settled


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """A stream is to get its place. Answered with `Placed`."""

    stream: str
    speaker: str | None
    language: str


@dataclass(frozen=True, slots=True)
class TrackStopped:
    """A stream is over."""

    stream: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Settings, by name, are to be other ones."""

    message: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A final is to be corrected. Answered with the `caption`, as on the wire."""

    correction: Correction


@dataclass(frozen=True, slots=True)
class Command:
    """`pause`, `resume`, `end` or `delete` the room."""

    name: str


Request = Journalled | TrackStarted | TrackStopped | Changed | Corrected | Command


def request_message(request: Request) -> dict[str, object]:
    match request:
        case Journalled(entry):
            return {"do": "journal", "line": to_line(entry)}
        case TrackStarted(stream, speaker, language):
            return {"do": "start", "stream": stream, "speaker": speaker, "language": language}
        case TrackStopped(stream):
            return {"do": "stop", "stream": stream}
        case Changed(message):
            return {"do": "change", "message": message}
        case Corrected(correction):
            return {"do": "correct", "correction": correction_message(correction)}
        case Command(name):
            return {"do": name}


def request_from(message: Mapping[str, object]) -> Request:
    """Raises `BadInput` where another version of this program asks for what this one cannot do."""
    match message:
        case {"do": "journal", "line": dict(line)}:
            entry = from_line(line)
            if isinstance(entry, Published | Settled):
                return Journalled(entry)
        case {"do": "start", "stream": str(stream), "language": str(language)}:
            speaker = message.get("speaker")
            return TrackStarted(stream, speaker if isinstance(speaker, str) else None, language)
        case {"do": "stop", "stream": str(stream)}:
            return TrackStopped(stream)
        case {"do": "change", "message": dict(changes)}:
            return Changed(changes)
        case {"do": "correct", "correction": dict(correction)}:
            return Corrected(correction_from(correction))
        case {"do": "pause" | "resume" | "end" | "delete" as name}:
            return Command(name)
    raise BadInput("no known request")


def refusal_message(error: CaptionerError) -> dict[str, object]:
    """Why a request was not done."""
    return {"error": type(error).__name__, "message": str(error)}


def answer_of(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer itself; raises the error that it tells of."""
    name = message.get("error")
    if name is None:
        return message
    kind = getattr(errors, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, CaptionerError)):
        kind = CaptionerError  # of a later version of this program
    raise kind(str(message.get("message")))
