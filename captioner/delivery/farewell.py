"""The last that a reader is told."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from captioner.delivery import wire
from captioner.errors import CaptionerError

NORMAL, GOING_AWAY = 1000, 1001
"""Close codes of a reader that has read all there is, and of one whose server stops."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """The code that a connection is closed with; `error` is why, where something went wrong."""

    code: int
    error: CaptionerError | None = None

    @classmethod
    def of(cls, error: CaptionerError) -> Farewell:
        return cls(error.close_code, error)

    @property
    def wire(self) -> bytes:
        """As WebSocket frames: the error first."""
        if self.error is None:
            return wire.close(self.code)
        return wire.text(error_message(self.error)) + wire.close(self.code, str(self.error))


def error_message(error: CaptionerError) -> bytes:
    """The JSON message that tells of an error which ends the connection."""
    return orjson.dumps({"type": "error", "code": error.code, "message": str(error), "fatal": True})
