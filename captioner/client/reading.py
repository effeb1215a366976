"""Reading a room's captions, over as many connections as it takes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from captioner.captions.messages import from_message
from captioner.captions.model import Numbered, Position, RoomChange, Status
from captioner.client.connecting import NORMAL, Lost, Message, address, connection, messages
from captioner.client.seen import Seen
from captioner.client.servers import PATIENCE_S, Servers

Mode = Literal["fast", "stable", "final"]

_EVENTS = ("caption", "gap", "room")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a reader is told first, and again after every lost connection.

    `recovered`: nothing is missing between what it was given before and what follows; if it is
    false, what follows replaces what it was given.
    """

    room: str
    position: Position
    status: Status
    languages: tuple[str, ...]
    recovered: bool


async def captions(
    url: str | Sequence[str],
    room: str,
    *,
    languages: Sequence[str] = (),
    mode: Mode = "fast",
    after: Position | None = None,
    token: str | None = None,
    patience: float = PATIENCE_S,
    on_position: Callable[[Position], None] = lambda _position: None,
) -> AsyncGenerator[Hello | Numbered]:
    """Yield the room's events until the room ends, each once.

    `url`: the address of the server, or those of several of one installation. `languages`: BCP 47
    tags or `*`; none: the language spoken. `after`: where reading stopped the last time.
    `patience`: seconds that servers which answered once may all be away. `on_position` is called
    with the position to go on from another time, whenever what lies before it has been taken,
    that is, when the next event is asked for. After a `Hello` that has not `recovered`, the room's
    captions come anew; until then nothing comes twice.
    """
    servers, seen, ended, over = Servers(url, patience), Seen(after), False, False
    wanted = [("language", tag) for tag in languages] + [("mode", mode)]
    while not over:
        place = address(servers.current, room, "captions", wanted + _resuming(seen.position))
        try:
            async with connection(place, token) as socket:
                async for message in messages(socket):
                    servers.answered()
                    if message["type"] == "hello":
                        hello = _hello(message)
                        seen.greeted(hello.position, recovered=hello.recovered)
                        ended = hello.status == "ended"
                        yield hello
                    elif seen.position and message["type"] in _EVENTS:
                        numbered = Numbered(int(message["seq"]), from_message(message))
                        ended = ended or _is_end(numbered)
                        if seen.take(numbered):
                            yield numbered
                    if seen.position:
                        on_position(seen.position)
        except Lost as lost:
            over = ended and (seen.complete or lost.code == NORMAL)
            if not over:
                await servers.failed(lost)


def _resuming(position: Position | None) -> list[tuple[str, str]]:
    return [("after", str(position.seq)), ("epoch", position.epoch)] if position else []


def _is_end(numbered: Numbered) -> bool:
    return isinstance(numbered.event, RoomChange) and numbered.event.status == "ended"


def _hello(message: Message) -> Hello:
    return Hello(
        room=message["room"],
        position=Position(message["epoch"], message["seq"]),
        status=message["status"],
        languages=tuple(message["languages"]),
        recovered=message["recovered"],
    )
