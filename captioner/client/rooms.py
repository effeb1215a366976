"""What a client asks of a room besides its audio and captions, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from captioner.client.connecting import addresses
from captioner.errors import (
    BadInput,
    CaptionerError,
    RoomEnded,
    RoomNotFound,
    ServerUnreachable,
    Unauthorized,
)

ANSWER_S = 30.0
"""How long a server may take to answer."""
_CREATED, _EXISTS = 201, 409

_REFUSALS: dict[int, type[CaptionerError]] = {
    kind.http_status: kind for kind in (BadInput, Unauthorized, RoomNotFound, RoomEnded)
}


async def translated(
    url: str | Sequence[str], room: str, languages: Sequence[str], *, token: str | None = None
) -> None:
    """Have the room translated into these languages besides those that it lists already.

    A room that does not exist is made. `url`: as for `publish`; the first server that answers is
    asked. Raises `ServerUnreachable`, or what the server refuses.
    """
    lost = ""
    for server in addresses(url):
        try:
            await _list(server.replace("ws", "http", 1), room, languages, token)
            return
        except httpx.TransportError as error:
            lost = f"No server answers at {server}: {error}"
    raise ServerUnreachable(lost)


async def _list(server: str, room: str, languages: Sequence[str], token: str | None) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    local = urlsplit(server).hostname in ("127.0.0.1", "localhost", "::1")
    async with httpx.AsyncClient(
        base_url=server, headers=headers, timeout=ANSWER_S, trust_env=not local
    ) as http:
        made = await http.post("/v1/rooms", json={"id": room, "translations": list(languages)})
        if made.status_code == _CREATED:
            return
        if made.status_code != _EXISTS:
            raise _refusal(made)
        found = _answer(await http.get(f"/v1/rooms/{room}"))
        listed = dict.fromkeys((*found["translations"], *languages))
        if list(listed) != found["translations"]:
            _answer(await http.patch(f"/v1/rooms/{room}", json={"translations": list(listed)}))


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        raise _refusal(response)
    return response.json()


def _refusal(response: httpx.Response) -> CaptionerError:
    """Why the server did not do it, in its words (RFC 9457)."""
    kind = _REFUSALS.get(response.status_code, CaptionerError)
    try:
        return kind(str(response.json()["detail"]))
    except (ValueError, KeyError, TypeError):
        return kind(f"the server answers with status {response.status_code}")
