"""POST requests on the port of the WebSockets: their library reads no bodies."""

from __future__ import annotations

import re
from typing import Any

from websockets.asyncio.server import ServerConnection

MAX_BODY_BYTES = 64 * 1024
MAX_HEAD_BYTES = 64 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_END = b"\r\n\r\n"


class PostConnection(ServerConnection):
    """Holds a POST back until its body is there, and shows the library only the head of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.body: bytes | None = b""
        """Of the request; None: it is longer than any that is read."""
        self._held: bytes | None = b""
        """None once the library has seen the head."""

    def data_received(self, data: bytes) -> None:
        if self._held is None:
            super().data_received(data)
            return
        self._held += data
        if not _may_be_post(self._held) or len(self._held) > MAX_HEAD_BYTES + MAX_BODY_BYTES:
            self._show(self._held)
        elif _END in self._held:
            self._read(*self._held.split(_END, 1))

    def _read(self, head: bytes, body: bytes) -> None:
        length = _LENGTH.search(head + b"\r\n")
        wanted = int(length[1]) if length is not None else 0
        if wanted > MAX_BODY_BYTES:
            self.body = None
        elif len(body) < wanted:
            return
        else:
            self.body = body[:wanted]
        self._show(_LENGTH.sub(b"\r\nContent-Length: 0", head + b"\r\n") + b"\r\n")

    def _show(self, data: bytes) -> None:
        self._held = None
        super().data_received(data)


def _may_be_post(data: bytes) -> bool:
    return data.startswith(b"POST "[: len(data)])
