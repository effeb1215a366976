"""A server of chat completions that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """`text`: of the answer, where the status is 200; `body`: in place of the whole."""

    text: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    finish: str = "stop"
    after_s: float = 0.0
    hangs_up: bool = False


@dataclass
class ChatServer:
    """Gives the replies in their order, and the last for ever."""

    replies: tuple[Reply, ...]
    asked: list[dict[str, Any]] = field(default_factory=list, init=False)
    heads: list[str] = field(default_factory=list, init=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve at a free port of 127.0.0.1; gives the address of its interface."""
        tasks: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        self.asked.append(json.loads(await reader.readexactly(int(fields["content-length"]))))
        self.heads.append(head)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        await asyncio.sleep(reply.after_s)
        if not reply.hangs_up:
            writer.write(_encoded(reply))


def _encoded(reply: Reply) -> bytes:
    message = {"role": "assistant", "content": reply.text}
    answer = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37},
    }
    body = (json.dumps(answer) if reply.body is None else reply.body).encode()
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
