"""`WS /v1/rooms/{room}/audio`: publishing."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from captioner.errors import Busy
from captioner.ingest.websocket import Disconnected, publish_over
from captioner.rooms.choices import room_id
from captioner.rooms.room import Room, RoomSettings
from captioner.server.parts import Joined
from captioner.server.problems import close, conversation

router = APIRouter(prefix="/v1/rooms/{room}")


@router.websocket("/audio")
async def publish(socket: WebSocket, parts: Joined, room: str) -> None:
    """A publisher's conversation; a room that is not there is made."""
    await socket.accept()
    async with conversation(socket):
        if "ingest" not in parts.roles:
            raise Busy("This process takes no audio. Publish to one with the role ingest.")
        settings = RoomSettings(room_id(room))

        async def found() -> Room:
            return await parts.rooms.get_or_create(settings)

        await publish_over(_Publisher(socket), found, parts.tracks)


class _Publisher:
    """A WebSocket as `captioner.ingest.websocket.Socket`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Disconnected
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return text if text is not None else data or b""

    async def send(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:  # a socket that is closing refuses
            raise Disconnected from error

    async def close(self, code: int) -> None:
        await close(self._socket, code)
