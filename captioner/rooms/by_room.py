"""What is known of rooms, room by room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def by_room(rooms: Sequence[str], matters: Mapping[tuple[str, str], T]) -> dict[str, dict[str, T]]:
    """Of these rooms, by room and then by what it is about: a stream, a language."""
    found: dict[str, dict[str, T]] = {room: {} for room in rooms}
    for (room, what), matter in matters.items():
        if room in found:
            found[room][what] = matter
    return found
