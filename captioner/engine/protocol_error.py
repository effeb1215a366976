"""What a client did wrong, in the protocol's words."""

from __future__ import annotations


class ProtocolError(Exception):
    """Answered with an `error` event; the session stays open and as it was.

    `param` is the path of the field that is wrong, `event_id` the client's name for its event.
    """

    def __init__(
        self, code: str, message: str, *, param: str | None = None, event_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.event_id = event_id
