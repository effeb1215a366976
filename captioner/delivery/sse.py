"""A reader's frames as server-sent events (the HTML standard, section 9.2).

The id of an event is `epoch:seq`; a browser that reconnects sends the last one it saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from captioner.delivery.reader import Reader
from captioner.errors import BadInput

QUIET_SECONDS = 15.0
"""After so long without an event a comment is sent, so that nobody takes the stream for dead."""


def asked_after(last_event_id: str) -> tuple[str | None, str | None]:
    """The `after` and the epoch that a `Last-Event-ID` names; raises `BadInput`."""
    if not last_event_id:
        return None, None
    epoch, colon, seq = last_event_id.rpartition(":")
    if not colon:
        raise BadInput("Last-Event-ID must be the id of an event, epoch:seq")
    return seq, epoch


async def stream(reader: Reader, quiet: float = QUIET_SECONDS) -> AsyncIterator[bytes]:
    """All that the reader gets, as bytes to send; `quiet` is in seconds."""
    epoch = reader.position.epoch.encode()
    # The hello has no id: until what was missed has come, the position before it holds.
    yield b"data: %b\n\n" % reader.hello
    for missed in reader.missed:
        yield b"id: %b:%d\ndata: %b\n\n" % (epoch, missed.seq, missed.data)
    yield b"id: %b:%d\n\n" % (epoch, reader.position.seq)
    while True:
        try:
            async with asyncio.timeout(quiet):
                frame = await reader.next()
        except TimeoutError:
            yield b":\n\n"
            continue
        if frame is None:
            return
        yield b"id: %b:%d\ndata: %b\n\n" % (epoch, frame.seq, frame.data)
