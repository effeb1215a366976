"""What goes wrong, when, and in which session: plain values that say it all in a failure."""

from __future__ import annotations

from dataclasses import dataclass

EXPIRED = "Your session hit the maximum duration of 60 minutes."
ABORTED = 1006
"""No close frame at all: the connection is gone."""
NO_CODE = 1005
"""A close frame without a code."""


@dataclass(frozen=True, slots=True)
class AtSecond:
    """When so many seconds of audio have come; the message that brings them is lost."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AtByte:
    """When so many bytes have come: in the middle of a message, which is lost.

    On a socket of a frame: a connection that ends there is reset.
    """

    byte: int


@dataclass(frozen=True, slots=True)
class Before:
    """In place of the nth event of a kind: the last part of its type, such as `completed`."""

    kind: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Within:
    """When half of the nth event of a kind was sent."""

    kind: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class After:
    """Right after the nth event of a kind."""

    kind: str
    nth: int = 1


Point = AtSecond | AtByte | Before | Within | After
"""A place in a session, reached once."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The handshake is answered with another status than 101."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No connection comes about; that is known after so many seconds."""

    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection ends, with the code of a close frame; `error` is the code of an event first.

    `Disconnect(Before("created"), 3000, error="invalid_api_key")`: a wrong key.
    """

    at: Point
    code: int = ABORTED
    reason: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Expires:
    """The session's time is over after so many seconds; `session.created` says so if `announced`.

    `warned`: the event `session_expired` comes before the close frame.
    """

    after_s: float
    announced: bool = True
    warned: bool = True


@dataclass(frozen=True, slots=True)
class Death:
    """From there on everything is taken, nothing is answered, and the connection stays open."""

    at: Point


@dataclass(frozen=True, slots=True)
class Stall:
    """From there on nothing is read for so many seconds; then everything is."""

    at: Point
    seconds: float


@dataclass(frozen=True, slots=True)
class Slow:
    """No more than `pace` seconds of audio are read in one."""

    pace: float


@dataclass(frozen=True, slots=True)
class Says:
    """An `error` event with that code, after which the session goes on."""

    at: Point
    code: str


@dataclass(frozen=True, slots=True)
class Rejects:
    """`session.update` is refused (`invalid_value`) for an option, as long as that is there."""

    option: str


@dataclass(frozen=True, slots=True)
class Unconfigured:
    """What is appended before a configuration is accepted is not heard."""


@dataclass(frozen=True, slots=True)
class SwallowsOnUpdate:
    """Whatever is buffered when a configuration is accepted is not heard."""


@dataclass(frozen=True, slots=True)
class OverSpeed:
    """Audio faster than `ratio` times real time is dropped without a word, past a burst."""

    ratio: float = 4.0
    burst_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Every event comes so many seconds late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Sprinkled:
    """Every event has a field, and after every so many comes an event, that nobody knows."""

    every: int = 3


@dataclass(frozen=True, slots=True)
class Missing:
    """The nth event of a kind never comes; None: none of them does."""

    kind: str
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """The nth event of a kind comes so many seconds late."""

    kind: str
    nth: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The nth event of a kind comes after so many others that followed it."""

    kind: str
    nth: int | None
    behind: int


@dataclass(frozen=True, slots=True)
class Twice:
    """The nth event of a kind comes again, so many seconds later."""

    kind: str
    nth: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Fails:
    """The nth item ends in `failed`, where it would be completed."""

    nth: int | None = None


Aimed = Missing | Late | HeldBack | Twice | Fails
"""What befalls certain events."""
Sudden = Disconnect | Death | Stall | Says
"""What happens at a point."""
Lasting = Expires | Slow | Rejects | Unconfigured | SwallowsOnUpdate | OverSpeed | Lag | Sprinkled
"""What a session is like."""
Handshake = Refused | Unreachable
Fault = Handshake | Sudden | Aimed | Lasting


@dataclass(frozen=True, slots=True)
class Script:
    """The faults of each attempt to connect, in turn; those of `always` are of every session.

    After the last of `attempts` only `always` is left.
    """

    attempts: tuple[tuple[Fault, ...], ...] = ()
    always: tuple[Lasting, ...] = ()

    def faults(self, attempt: int) -> tuple[Fault, ...]:
        """Those of an attempt, counted from 0."""
        own = self.attempts[attempt] if attempt < len(self.attempts) else ()
        return (*own, *self.always)

    def __str__(self) -> str:
        lines = [f"{number}: {faults}" for number, faults in enumerate(self.attempts)]
        return "\n".join([*lines, f"always: {self.always}"])
