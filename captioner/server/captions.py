"""`/v1/rooms/{room}/captions`: live over a WebSocket, and so far over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, WebSocket
from pydantic import BaseModel, Field

from captioner.captions.messages import to_message
from captioner.delivery.history import history_of
from captioner.delivery.reader import Asked, Reader
from captioner.race import race
from captioner.rooms.corrections import correction_from
from captioner.server.handover import hand_over_of
from captioner.server.leaving import socket_left
from captioner.server.parts import Joined, RoomName
from captioner.server.problems import close, conversation

router = APIRouter(prefix="/v1/rooms/{room}/captions", tags=["captions"])

Languages = Annotated[
    list[str], Query(alias="language", description="BCP 47, may repeat; `*` or none: all.")
]


class HistoryView(BaseModel):
    """A room's captions so far."""

    epoch: str = Field(description="Changes only if the room's history was lost.")
    seq: int = Field(description="The room's newest event: read on live with `after` this.")
    recovered: bool = Field(description="Whether nothing is missing since `after`.")
    captions: list[dict[str, Any]] = Field(
        description="Caption events as on the WebSocket, in order of `seq`."
    )


@router.get("", response_model=HistoryView)
async def read(
    parts: Joined,
    room: RoomName,
    languages: Languages = [],  # noqa: B006  FastAPI copies it
    after: Annotated[int, Query(ge=0, description="Only what was revised past this seq.")] = 0,
    limit: Annotated[int | None, Query(ge=1, description="At most so many, the first.")] = None,
) -> Response:
    """The newest revision of each caption."""
    await parts.rooms.get(room)
    history = await history_of(parts.bus, room, Asked.of(languages), after, limit)
    return Response(history, media_type="application/json")


class CorrectionWanted(BaseModel):
    """What a caption should have said."""

    language: str = Field(description="BCP 47: which of the caption's languages is corrected.")
    text: str = Field(description="One line; an empty one withdraws the caption.")


@router.patch("/{caption}")
async def correct(
    parts: Joined, room: RoomName, caption: str, wanted: CorrectionWanted
) -> dict[str, Any]:
    """Correct a final, in a room that has ended too. 404: no such caption; 409: still open."""
    told = await parts.rooms.correct(room, correction_from({"id": caption, **wanted.model_dump()}))
    parts.reading.ask(room, (await parts.rooms.summary(room)).languages)
    return to_message(told.event, told.seq)


@router.websocket("")
async def follow(socket: WebSocket, parts: Joined, room: str) -> None:
    """Events from now on, or from where the reader stopped."""
    await socket.accept()
    query = socket.query_params
    async with conversation(socket):
        asked = Asked.of(
            query.getlist("language"),
            query.get("mode", "fast"),
            query.get("after"),
            query.get("epoch"),
        )
        found = await parts.rooms.get(room)
        hand_over = hand_over_of(socket)
        if hand_over is not None:
            async with parts.hub.attend(found, asked) as connection:
                hand_over(connection)
                return parts.readers.add(connection)
        async with parts.hub.read(found, asked) as reader:
            with parts.readers.reading():
                await race(_send(socket, reader), reader.failure(), socket_left(socket))
        assert reader.farewell is not None
        await close(socket, reader.farewell.code)


async def _send(socket: WebSocket, reader: Reader) -> None:
    await socket.send_text(reader.hello.decode())
    for missed in reader.missed:
        await socket.send_text(missed.data.decode())
    while (frame := await reader.next()) is not None:
        await socket.send_text(frame.data.decode())
