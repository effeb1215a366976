"""How an event is published in Redis, for every script that does: see `publish_event.lua`.

A script of one's own publishes an event in the same step as it does something else:

    Script("commit", PUBLISH_EVENT + '''
        local outcome, seq, epoch = publish_event(1, 1)
        if outcome == 'published' then
          redis.call('APPEND', KEYS[EVENT_KEYS + 1], ARGV[EVENT_ARGS + 1])
        end
        return {outcome, seq, epoch}
    ''')

with `[*event_keys(room), …]` as its keys, `*event_args(…), …` as its arguments (in Lua, the numbers
`EVENT_KEYS` and `EVENT_ARGS` are local variables too), and what it returns read by `published_at`.
"""

from __future__ import annotations

from typing import Any

import orjson

from captioner.bus.bus import Fence
from captioner.bus.epoch import random_epoch
from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Event, Position
from captioner.errors import Fenced
from captioner.redis.script import key, lua

EVENT_KEYS = 6
EVENT_ARGS = 9

KEEP_EVENTS = 5_000
"""How many events of a room are kept; every publisher of an installation says the same."""

ROOM_EPOCH = lua("captioner.bus", "room_epoch")
PUBLISH_EVENT = (
    f"local EVENT_KEYS, EVENT_ARGS = {EVENT_KEYS}, {EVENT_ARGS}\n"
    + ROOM_EPOCH
    + lua("captioner.bus", "publish_event")
)


def channel(room: str) -> str:
    """Where every event of the room is told to whoever listens now."""
    return key(room, "live")


def event_keys(room: str) -> list[str]:
    """State, events, newest revisions, publishers, holders of duties, and the channel."""
    names = ("state", "events", "newest", "publishers", "holders")
    return [*(key(room, name) for name in names), channel(room)]


def event_args(
    event: Event,
    *,
    publisher: str,
    number: int,
    fence: Fence | None = None,
    keep: int = KEEP_EVENTS,
) -> list[str | bytes | int]:
    """The arguments that say one event.

    `publisher` names who publishes, no other process and no other part does by that name; `number`
    is higher for every event that it publishes. The same number again is the same event again,
    whose answer was lost: it is not published twice. That holds for the newest ten or so.
    """
    subject, rev = "", 0
    if isinstance(event, Caption):
        subject, rev = f"{event.language} {event.id}", event.rev
    duty, token = ("", 0) if fence is None else (fence.duty, fence.token)
    body = orjson.dumps(to_message(event))
    return [publisher, number, subject, rev, body, keep, duty, token, random_epoch()]


def published_at(answer: Any) -> Position:
    """Where the event is, after what `publish_event` returned; raises `Fenced`."""
    outcome, seq, epoch = answer
    if outcome == b"fenced":
        raise Fenced("another process has taken this over")
    return Position(epoch.decode(), seq)
