"""What is to be known of a room without its journal, as JSON and back."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from captioner.rooms.choices import changed_settings, settings_message
from captioner.rooms.records import RoomRecord
from captioner.rooms.room import RoomSettings


def record_json(record: RoomRecord) -> bytes:
    state = {"created_at": record.created_at.isoformat(), "status": record.status}
    return orjson.dumps(settings_message(record.settings) | state, option=orjson.OPT_INDENT_2)


def record_from(room: str, data: bytes) -> RoomRecord:
    """The record of the room of that id; raises `ValueError` or `BadInput` for a damaged one."""
    match orjson.loads(data):
        case {"created_at": str(at), "status": "idle" | "paused" | "ended" as status} as saved:
            settings = changed_settings(RoomSettings(id=room), saved)
            return RoomRecord(settings, datetime.fromisoformat(at).astimezone(UTC), status)
    raise ValueError("not a room")
