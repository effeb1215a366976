"""`/v1/rooms/{room}/events`: the captions as server-sent events."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from starlette.types import Receive, Scope, Send

from captioner.delivery.connection import CLOSE_SECONDS
from captioner.delivery.hub import Hub
from captioner.delivery.reader import Asked, Reader
from captioner.delivery.sse import asked_after, stream
from captioner.errors import CaptionerError
from captioner.race import race
from captioner.rooms.room import Room
from captioner.server.captions import Languages
from captioner.server.leaving import request_left
from captioner.server.parts import Joined, RoomName
from captioner.server.problems import problem_of
from captioner.server.readers import Readers

router = APIRouter(prefix="/v1/rooms/{room}/events", tags=["captions"])

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class CaptionEvents(Response):
    """An endless answer: a reader's events, until the room ends or the reader leaves."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, room: Room, asked: Asked, readers: Readers) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._hub = hub
        self._room = room
        self._asked = asked
        self._readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        begun = False
        try:
            async with self._hub.read(self._room, self._asked) as reader:
                await send(head)
                begun = True
                with self._readers.reading():
                    await race(_send(send, reader), reader.failure(), request_left(receive))
        except CaptionerError as error:
            if not begun:
                return await problem_of(error)(scope, receive, send)
        except OSError:
            pass  # It comes back by itself, and says from where.
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            pass


@router.get(
    "", response_class=Response, responses={200: {"content": {CaptionEvents.media_type: {}}}}
)
async def follow(
    parts: Joined,
    room: RoomName,
    languages: Languages = [],  # noqa: B006  FastAPI copies it
    mode: Annotated[str, Query(description="`fast`, `stable` or `final`.")] = "fast",
    last_event_id: Annotated[str, Header(description="Resumes there.")] = "",
) -> Response:
    """The events of the WebSocket, each as the JSON text of a message."""
    found = await parts.rooms.get(room)
    after, epoch = asked_after(last_event_id)
    asked = Asked.of(languages, mode, after, epoch)
    if found.status == "ended" and asked.after == await parts.bus.position(room):
        return Response(status_code=204)  # which keeps an EventSource from coming back
    return CaptionEvents(parts.hub, found, asked, parts.readers)


async def _send(send: Send, reader: Reader) -> None:
    async for data in stream(reader):
        await send({"type": "http.response.body", "body": data, "more_body": True})
