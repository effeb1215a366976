"""The captions of a room so far, for a reader that asks once."""

from __future__ import annotations

import orjson

from captioner.bus.bus import Bus
from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Position
from captioner.delivery.reader import Asked


async def history_of(bus: Bus, room: str, asked: Asked, after: int, limit: int | None) -> bytes:
    """JSON: the newest revision of every caption that was revised past the `seq` `after`.

    The first `limit` of them in order of `seq`. Withdrawn captions come only to whoever may have
    seen them, that is, with an `after`.
    """
    position = await bus.position(room)
    history = await bus.history(room, Position(position.epoch, after))
    captions = [
        to_message(numbered.event, numbered.seq)
        for numbered in history.events
        if isinstance(numbered.event, Caption)
        and asked.wants(numbered.event)
        and (after or not numbered.event.withdrawn)
    ]
    return orjson.dumps(
        {
            "epoch": history.position.epoch,
            "seq": history.position.seq,
            "recovered": history.recovered,
            "captions": captions[:limit],
        }
    )
