"""Journal entries as JSON objects, one a line, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from captioner.captions.messages import from_message, to_message
from captioner.captions.model import Settled
from captioner.rooms.records import ClockStarted, Entry, Published, TrackOpened


def to_line(entry: Entry) -> dict[str, object]:
    match entry:
        case ClockStarted(at):
            return {"type": "clock", "started_at": at.isoformat()}
        case TrackOpened(stream, base, speaker, language):
            track: dict[str, object] = {"type": "track", "stream": stream, "base": base}
            return track | {"speaker": speaker, "language": language}
        case Settled():
            return {"type": "settled"} | _settled_line(entry)
        case Published(event, at, settled):
            line = to_message(event) | {"at": at}
            return line if settled is None else line | {"settled": _settled_line(settled)}


def from_line(line: Mapping[str, object]) -> Entry:
    """The entry that the object says; raises `ValueError` or `BadInput` where it says none."""
    match line:
        case {"type": "clock", "started_at": str(at)}:
            return ClockStarted(datetime.fromisoformat(at).astimezone(UTC))
        case {
            "type": "track",
            "stream": str(stream),
            "base": int() | float() as base,
            "speaker": str() | None as speaker,
            "language": str(language),
        }:
            return TrackOpened(stream, float(base), speaker, language)
        case {"type": "settled"}:
            return _settled(line)
        case {"type": "caption" | "gap" | "room", "at": int() | float() as at}:
            settled = line.get("settled")
            return Published(
                from_message(line), float(at), None if settled is None else _settled(settled)
            )
    raise ValueError("no known kind of line")


def _settled_line(settled: Settled) -> dict[str, object]:
    return {"stream": settled.stream, "until": settled.until}


def _settled(line: object) -> Settled:
    match line:
        case {"stream": str(stream), "until": int() | float() as until}:
            return Settled(stream, float(until))
    raise ValueError("settled without a stream and a time")
