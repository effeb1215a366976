"""What is answered by processes with the role gateway, asked of one without it."""

from __future__ import annotations

from fastapi import APIRouter, Response, WebSocket

from captioner.errors import Busy
from captioner.server.problems import conversation, problem

router = APIRouter(include_in_schema=False)

_ASK = "This process answers no readers. Ask one with the role gateway."


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def ask(path: str) -> Response:
    """Misdirected (RFC 9110, section 15.5.20): another process of the server answers this."""
    return problem(421, _ASK, "wrong_process")


@router.websocket("/{path:path}")
async def follow(socket: WebSocket, path: str) -> None:
    """Closed with 4429: a client tries the next address that it knows."""
    await socket.accept()
    async with conversation(socket):
        raise Busy(_ASK)
