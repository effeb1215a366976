"""Every error of ours, by the audience it speaks to.

CaptionerError
├── UserError              show the message to whoever asked; it says what to do
│   ├── BadInput           what the client sent is wrong                     4400 / 400
│   │   └── BadFormat      its audio or its format is                        4400 / 400
│   ├── Unauthorized       no token, or not for this                         4401 / 401
│   ├── RoomNotFound                                                         4404 / 404
│   ├── RoomExists                                                                  409
│   ├── CaptionNotFound    the room has no such caption in that language            404
│   ├── CaptionOpen        it is still being said                                   409
│   ├── StreamInUse        another connection publishes this stream          4409 / 409
│   ├── RoomEnded                                                            4410 / 410
│   ├── TooLarge                                                             4413 / 413
│   ├── Busy               a limit is reached; try again later               4429 / 429
│   └── ReaderTooSlow      too far behind; resume                            4408
├── EngineUnavailable      no recogniser answers; the message says why       4500 / 503
├── TranslationUnavailable  nobody translates or speaks now; the message says why   4500 / 503
├── NoSuchPair             nobody here knows these languages                     4400 / 400
├── StorageFailed          the disk did not take what was to be kept         4500 / 507
├── RedisUnavailable       Redis is away or cannot take what is to be shared        4500 / 503
├── Fenced                 inside: another process has taken this over
├── ServerUnreachable      in a client: no server answers; the message says where and why
└── SubscriberTooSlow      inside: a bus subscriber fell behind its bound
"""

from __future__ import annotations

from typing import ClassVar


class CaptionerError(Exception):
    """Base of all. `code` is the word in `{"type":"error"}`, `close_code` ends a WebSocket."""

    code: ClassVar[str] = "internal"
    close_code: ClassVar[int] = 4500
    http_status: ClassVar[int] = 500


class UserError(CaptionerError):
    """Whoever asked can do something about it; the message says what."""


class BadInput(UserError):
    code = "bad_input"
    close_code = 4400
    http_status = 400


class BadFormat(BadInput):
    code = "bad_format"


class Unauthorized(UserError):
    code = "unauthorized"
    close_code = 4401
    http_status = 401


class RoomNotFound(UserError):
    code = "room_not_found"
    close_code = 4404
    http_status = 404


class RoomExists(UserError):
    code = "room_exists"
    close_code = 4409
    http_status = 409


class CaptionNotFound(UserError):
    """The room has no such caption in that language."""

    code = "caption_not_found"
    close_code = 4404
    http_status = 404


class CaptionOpen(UserError):
    """The caption is still being said: only what is final can be corrected."""

    code = "caption_open"
    close_code = 4409
    http_status = 409


class StreamInUse(UserError):
    code = "stream_in_use"
    close_code = 4409
    http_status = 409


class RoomEnded(UserError):
    code = "room_ended"
    close_code = 4410
    http_status = 410


class TooLarge(UserError):
    code = "too_large"
    close_code = 4413
    http_status = 413


class Busy(UserError):
    code = "busy"
    close_code = 4429
    http_status = 429


class ReaderTooSlow(UserError):
    code = "too_slow"
    close_code = 4408
    http_status = 408


class EngineUnavailable(CaptionerError):
    code = "engine_unavailable"
    close_code = 4500
    http_status = 503


class TranslationUnavailable(CaptionerError):
    """Whoever translates, or speaks, cannot do it now; asking again later may help."""

    code = "translation_unavailable"
    close_code = 4500
    http_status = 503


class BudgetSpent(TranslationUnavailable):
    """A budget is spent: nothing that costs is translated, or spoken."""


class NoSuchPair(CaptionerError):
    """Whoever translates, or speaks, does not know the language and never will."""

    code = "no_such_language"
    close_code = 4400
    http_status = 400


class ServerUnreachable(CaptionerError):
    """A client's: no server answers at the address, or not any more."""

    code = "server_unreachable"


class StorageFailed(CaptionerError):
    code = "storage_failed"
    close_code = 4500
    http_status = 507


class RedisUnavailable(CaptionerError):
    """What was asked of Redis may have been done nevertheless: ask again, once it is back."""

    code = "redis_unavailable"
    close_code = 4500
    http_status = 503


class Fenced(CaptionerError):
    """Whoever wants to change something no longer holds it; nothing was changed."""


class SubscriberTooSlow(CaptionerError):
    """A bus subscriber did not read fast enough; it must read the history and subscribe again."""
