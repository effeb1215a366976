"""An organiser's choices for a room: JSON in, checked `RoomSettings` out, and back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TypeVar

from captioner.captions.glossary import Term
from captioner.errors import BadInput
from captioner.rooms.glossary import MOST_TERMS, term_from
from captioner.rooms.languages import AUTO, language_tag, shown
from captioner.rooms.one_line import one_line
from captioner.rooms.room import RoomSettings

T = TypeVar("T")

_ID = re.compile(r"[a-z0-9](-?[a-z0-9])*", re.ASCII)
_ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for each other when read aloud or copied."""


def is_room_id(text: str) -> bool:
    return len(text) <= 64 and _ID.fullmatch(text) is not None


def room_id(text: object) -> str:
    """The text, where it is a room id; raises `BadInput` otherwise."""
    if not isinstance(text, str) or not is_room_id(text):
        raise BadInput(
            f"{shown(text)} cannot be a room id: 1 to 64 of a-z, 0-9 and single hyphens between"
        )
    return text


def new_room_id() -> str:
    """A random id for a room that was given none."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))


def new_settings(message: Mapping[str, object]) -> RoomSettings:
    """What a request to create a room asks for; without an `id` it gets one of its own.

    Unknown fields are ignored. Raises `BadInput` with what is wrong.
    """
    wanted = message.get("id")
    return changed_settings(
        RoomSettings(id=new_room_id() if wanted is None else room_id(wanted)), message
    )


def changed_settings(settings: RoomSettings, message: Mapping[str, object]) -> RoomSettings:
    """The settings with the fields that the message names; raises `BadInput`."""
    if message.get("id", settings.id) not in (settings.id, None):
        raise BadInput("the id of a room cannot be changed")
    chosen = {name: check(message[name]) for name, check in _CHECKS.items() if name in message}
    return replace(settings, **chosen)  # type: ignore[arg-type]


def settings_message(settings: RoomSettings) -> dict[str, object]:
    """The settings as the public JSON object."""
    return asdict(settings)


def _title(value: object) -> str:
    return one_line(value, "a title", longest=200)


def _spoken(value: object) -> str:
    return AUTO if value == AUTO else language_tag(value)


def _languages(value: object) -> tuple[str, ...]:
    return _list(value, "a list of languages", language_tag, most=50)


def _keywords(value: object) -> tuple[str, ...]:
    return _list(
        value, "keywords", lambda word: one_line(word, "a keyword", longest=40, least=1), most=100
    )


def _glossary(value: object) -> tuple[Term, ...]:
    return _list(value, "a glossary", term_from, most=MOST_TERMS)


def _retention_days(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= 36_500:
        raise BadInput(f"retention_days must be 1 to 36500 or null, not {shown(value)}")
    return value


def _list(value: object, what: str, check: Callable[[object], T], *, most: int) -> tuple[T, ...]:
    """The checked entries, each once, in their order."""
    if not isinstance(value, list | tuple):
        raise BadInput(f"{what} must be a list, not {shown(value)}")
    if len(value) > most:
        raise BadInput(f"{what} may have {most} entries, not {len(value)}")
    entries: list[T] = []
    for entry in map(check, value):
        if entry not in entries:
            entries.append(entry)
    return tuple(entries)


_CHECKS: dict[str, Callable[[object], object]] = {
    "title": _title,
    "language": _spoken,
    "translations": _languages,
    "speech": _languages,
    "keywords": _keywords,
    "glossary": _glossary,
    "retention_days": _retention_days,
}
