"""What Redis keeps of a room, and what it tells of it, in our words."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import orjson

from captioner.bus.epoch import random_epoch
from captioner.bus.publication import ROOM_EPOCH, event_keys
from captioner.captions.messages import from_message
from captioner.captions.model import Event, Numbered, Position
from captioner.errors import BadInput
from captioner.redis.connection import Redis
from captioner.redis.script import Script, lua

logger = logging.getLogger(__name__)

_POSITION = Script("position", ROOM_EPOCH + lua("captioner.bus", "position"))
_HISTORY = Script("history", ROOM_EPOCH + lua("captioner.bus", "history"))


@dataclass(frozen=True, slots=True)
class Stored:
    """What came after a position, if `recovered`; otherwise all that is kept."""

    position: Position
    dropped: int
    """The `seq` of the newest event that is no longer kept."""
    recovered: bool
    events: tuple[Numbered, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was just published; None where it is of a kind that we do not know."""

    epoch: str
    seq: int
    event: Event | None


async def position(redis: Redis, room: str) -> Position:
    """Where the room's history stands; raises `RedisUnavailable`."""
    epoch, seq = await redis.run(_POSITION, event_keys(room), random_epoch())
    return Position(epoch.decode(), int(seq))


async def stored(redis: Redis, room: str, after: Position | None) -> Stored:
    """What is kept past a position, all if there is none; raises `RedisUnavailable`."""
    start = Position("", 0) if after is None else after
    answer = await redis.run(_HISTORY, event_keys(room), random_epoch(), start.epoch, start.seq)
    epoch, seq, dropped, recovered, entries = answer
    events = []
    for entry_id, fields in entries:
        event = _event(fields[3])
        if event is not None:
            events.append(Numbered(int(entry_id.partition(b"-")[0]), event))
    here = Position(epoch.decode(), int(seq))
    return Stored(here, int(dropped), bool(recovered), tuple(events))


def told(message: bytes) -> Told:
    """A message of the room's channel."""
    epoch, seq, event = message.split(b" ", 2)
    return Told(epoch.decode(), int(seq), _event(event))


def _event(text: bytes) -> Event | None:
    try:
        return from_message(orjson.loads(text))
    except (
        BadInput,
        orjson.JSONDecodeError,
    ) as error:  # a newer process may publish what this one has never heard of
        logger.warning("An event in Redis is left out: %s.", error)
        return None
