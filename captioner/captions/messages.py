"""Events as the JSON objects that the wire, the journal and the bus share, and back.

Field names are the public contract's; times are seconds rounded to the millisecond. Fields that
say nothing (no speaker, no phrases, not a correction) are left out, unknown ones are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, get_args

from captioner.captions.model import Caption, Event, Gap, Phrase, RoomChange, Status
from captioner.errors import BadInput

T = TypeVar("T", str, int, float, bool, list[object])

_LONGEST = 1e9
"""Seconds. No room's clock reaches this; infinity and NaN are refused with it."""
_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def to_message(event: Event, seq: int | None = None) -> dict[str, object]:
    """The event as a JSON object; `seq` is left out where the event has no number yet."""
    if isinstance(event, Caption):
        message = _caption_message(event)
    elif isinstance(event, Gap):
        message = _gap_message(event)
    else:
        message = _room_message(event)
    numbered = {"type": message["type"], "seq": seq} | message
    return {name: value for name, value in numbered.items() if value is not None}


def from_message(message: Mapping[str, object]) -> Event:
    """The event that a JSON object says; raises `BadInput` with what is wrong with it."""
    match message.get("type"):
        case "caption":
            return _caption(message)
        case "gap":
            return _gap(message)
        case "room":
            return _room_change(message)
    raise BadInput("the message's type must be caption, gap or room")


def _caption_message(caption: Caption) -> dict[str, object]:
    return {
        "type": "caption",
        "id": caption.id,
        "language": caption.language,
        "rev": caption.rev,
        "text": caption.text,
        "stable": caption.stable,
        "final": caption.final,
        "start": _seconds(caption.start),
        "end": _seconds(caption.end),
        "track": caption.track,
        "speaker": caption.speaker,
        "correction": caption.correction or None,
        "phrases": [[p.until, _seconds(p.start), _seconds(p.end)] for p in caption.phrases] or None,
        "lag_ms": caption.lag_ms,
        "engine": caption.engine,
        "source": caption.source,
        "source_rev": caption.source_rev,
        "untranslated": caption.untranslated or None,
    }


def _gap_message(gap: Gap) -> dict[str, object]:
    return {
        "type": "gap",
        "language": gap.language,
        "start": _seconds(gap.start),
        "end": _seconds(gap.end),
        "reason": gap.reason,
        "track": gap.track,
        "source": gap.source,
    }


def _room_message(change: RoomChange) -> dict[str, object]:
    return {"type": "room", "status": change.status, "languages": list(change.languages)}


def _caption(message: Mapping[str, object]) -> Caption:
    try:
        return Caption(
            id=_field(message, "id", str),
            language=_field(message, "language", str),
            rev=_field(message, "rev", int),
            text=_field(message, "text", str),
            stable=_field(message, "stable", int),
            final=_field(message, "final", bool),
            start=_field(message, "start", float),
            end=_field(message, "end", float),
            track=_field(message, "track", str),
            speaker=_optional(message, "speaker", str),
            correction=_optional(message, "correction", bool) or False,
            phrases=_phrases(message),
            lag_ms=_optional(message, "lag_ms", int),
            engine=_optional(message, "engine", str),
            source=_optional(message, "source", str),
            source_rev=_optional(message, "source_rev", int),
            untranslated=_optional(message, "untranslated", bool) or False,
        )
    except ValueError as error:
        raise BadInput(f"the caption contradicts itself: {error}") from error


def _gap(message: Mapping[str, object]) -> Gap:
    return Gap(
        language=_field(message, "language", str),
        start=_field(message, "start", float),
        end=_field(message, "end", float),
        reason=_field(message, "reason", str),
        track=_optional(message, "track", str),
        source=_optional(message, "source", str),
    )


def _room_change(message: Mapping[str, object]) -> RoomChange:
    for status in get_args(Status):
        if message.get("status") == status:
            languages = _field(message, "languages", list)
            return RoomChange(
                status, tuple(_checked(tag, "a room's language", str) for tag in languages)
            )
    raise BadInput(f"a room's status must be one of {', '.join(get_args(Status))}")


def _phrases(message: Mapping[str, object]) -> tuple[Phrase, ...]:
    phrases = []
    for entry in _optional(message, "phrases", list) or []:
        if not isinstance(entry, list) or len(entry) != 3:
            raise BadInput("a phrase must be [until, start, end]")
        until, start, end = entry
        phrases.append(
            Phrase(
                until=_checked(until, "a phrase's until", int),
                start=_checked(start, "a phrase's start", float),
                end=_checked(end, "a phrase's end", float),
            )
        )
    return tuple(phrases)


def _field(message: Mapping[str, object], name: str, kind: type[T]) -> T:
    return _checked(message.get(name), f"{name!r} of a {message['type']}", kind)


def _optional(message: Mapping[str, object], name: str, kind: type[T]) -> T | None:
    return None if message.get(name) is None else _field(message, name, kind)


def _checked(value: object, name: str, kind: type[T]) -> T:
    """The value as `kind`, which a JSON reader may have given as a whole number."""
    if kind is float and type(value) is int and abs(value) <= _LONGEST:
        value = float(value)
    if type(value) is not kind or (type(value) is float and not abs(value) <= _LONGEST):
        raise BadInput(f"{name} must be {_KINDS.get(kind, 'a list')}")
    return value


def _seconds(value: float) -> float:
    return round(value, 3)
