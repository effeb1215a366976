"""`/v1/rooms/{room}/speech`: the translated voice, over a WebSocket and as an audio stream."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response, WebSocket
from starlette.types import Receive, Scope, Send

from captioner.delivery.connection import CLOSE_SECONDS
from captioner.delivery.farewell import GOING_AWAY, NORMAL
from captioner.errors import BadInput, CaptionerError
from captioner.race import race
from captioner.rooms.languages import language_tag
from captioner.rooms.room import Room
from captioner.server.leaving import request_left, socket_left
from captioner.server.parts import Joined, RoomName
from captioner.server.problems import close, conversation, problem_of
from captioner.speech.encoder import Format
from captioner.speech.listener import Listener
from captioner.speech.sound import Frames, Heard, Mark
from captioner.speech.synthesizer import SAMPLE_RATE
from captioner.speech.voices import Voices

router = APIRouter(prefix="/v1/rooms/{room}", tags=["speech"])

_MEDIA_TYPES: dict[Format, str] = {"ogg": "audio/ogg", "mp3": "audio/mpeg", "wav": "audio/wav"}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Synthetic-Voice": "true"}
_DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Endless sound. `Synthetic-Voice: true`: no person speaks.",
        "content": {media_type: {} for media_type in _MEDIA_TYPES.values()},
    }
}

Language = Annotated[str, Path(description="The BCP 47 tag of what is to be heard.")]


@router.websocket("/speech")
async def listen(socket: WebSocket, parts: Joined, room: str) -> None:
    """Samples from now on, with a mark before each caption."""
    await socket.accept()
    async with conversation(socket):
        language = _asked(socket.query_params.get("language"))
        found = await parts.rooms.get(room)
        async with parts.voices.listen(found, language) as listener:
            await race(_send(socket, language, listener), socket_left(socket))
        await close(socket, GOING_AWAY if listener.going_away else NORMAL)


@router.get("/speech/{language}.{format}", response_class=Response, responses=_DESCRIBED)
async def stream(parts: Joined, room: RoomName, language: Language, format: Format) -> Response:
    """The voice from now on, until the room ends."""
    found = await parts.rooms.get(room)
    return SpeechStream(parts.voices, found, language_tag(language), format)


@router.head("/speech/{language}.{format}", include_in_schema=False)
async def head(parts: Joined, room: RoomName, language: Language, format: Format) -> Response:
    """What a stream would begin with, and whether there is one."""
    found = await parts.rooms.get(room)
    await parts.voices.check(found, language_tag(language))
    return _without_length(Response(media_type=_MEDIA_TYPES[format], headers=_HEADERS))


class SpeechStream(Response):
    """An endless answer: what a listener hears, until the room ends or the listener leaves."""

    def __init__(self, voices: Voices, room: Room, language: str, format: Format) -> None:
        super().__init__(media_type=_MEDIA_TYPES[format], headers=_HEADERS)
        _without_length(self)
        self._voices = voices
        self._room = room
        self._language = language
        self._format: Format = format

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        begun = False
        try:
            async with self._voices.listen(self._room, self._language, self._format) as listener:
                await send(head)
                begun = True
                await race(_send_sound(send, listener), request_left(receive))
        except CaptionerError as error:
            if not begun:
                return await problem_of(error)(scope, receive, send)
        except OSError:
            pass  # It left.
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            pass


def _asked(language: str | None) -> str:
    if language is None:
        raise BadInput("Say which language you want to hear, such as ?language=es.")
    return language_tag(language)


def _without_length(response: Response) -> Response:
    del response.headers["content-length"]
    return response


async def _send(socket: WebSocket, language: str, listener: Listener) -> None:
    format = {
        "type": "format",
        "format": "pcm_s16le",
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "language": language,
        "synthetic": True,
    }
    await socket.send_text(orjson.dumps(format).decode())
    async for heard in listener:
        if isinstance(heard, Frames):
            await socket.send_bytes(heard.data)
        else:
            await socket.send_text(orjson.dumps(_message(heard)).decode())


def _message(heard: Heard) -> dict[str, object]:
    if isinstance(heard, Mark):
        mark = {"type": "caption", "id": heard.caption, "start": round(heard.start, 3)}
        return mark | ({"skipped": True} if heard.skipped else {})
    assert not isinstance(heard, Frames)
    return {"type": "lost", "seconds": heard.seconds}


async def _send_sound(send: Send, listener: Listener) -> None:
    async for heard in listener:
        if isinstance(heard, Frames):
            await send({"type": "http.response.body", "body": heard.data, "more_body": True})
