"""How much is kept, and how long is waited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is kept and how long is waited; all in seconds.

    `kept`: of unsettled audio, at most; a sender that is further ahead waits, but once there has
    been no recogniser for `outage`, the oldest `given_up` of a full tape make room.
    `first_retry`, `last_retry`: pauses between attempts to connect, doubled from one to the next,
    and jittered. `renew`: how old a session may become; another one then takes its place in the
    next pause. `look`: between two looks at whether a server that is wanted more works again.
    """

    kept: float = 300.0
    outage: float = 60.0
    given_up: float = 30.0
    first_retry: float = 0.25
    last_retry: float = 5.0
    renew: float = 3000.0
    look: float = 5.0
