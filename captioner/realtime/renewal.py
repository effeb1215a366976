"""When a session gives way to the next one: before its time is over, and where nobody speaks."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from captioner.realtime.link import Link
from captioner.realtime.trouble import Unanswered

RENEWED_BY = 5 / 6
"""Of a session's lifetime: of 60 minutes 50."""
FORCED_BY = 19 / 20
"""Of the same: then another session takes over in the middle of speech."""
LEAST_LIFETIME_S = 60.0
"""A server that gives its sessions less has a clock that goes wrong."""
ACKNOWLEDGED_S = 10.0
"""How long a server may take to acknowledge what was committed, when another session takes over."""
_LOOK_S = 0.25


class Renewal:
    """`renew`: how old a session may become, in seconds, whatever its server allows."""

    def __init__(self, renew: float, clock: Callable[[], float]) -> None:
        self._renew = renew
        self._clock = clock

    def is_due(self, link: Link) -> bool:
        """Whether another session should go on in the next pause."""
        return self.due_in(link) <= 0

    def due_in(self, link: Link) -> float:
        """Seconds until that."""
        return self._due(link, RENEWED_BY)

    async def pause(self, link: Link) -> bool:
        """Wait until nobody speaks; False if that takes until another session has to go on."""
        while (left := self._due(link, FORCED_BY)) > 0:
            if link.session.utterances.acknowledged:
                return True
            await link.news(within=min(left, _LOOK_S))
        return False

    async def acknowledged(self, link: Link) -> None:
        """Wait until the server has given every commit its place in the order of speech."""
        until = self._clock() + ACKNOWLEDGED_S
        while link.session.utterances.owed_commits:
            if self._clock() > until:
                raise Unanswered(link.engine.name)
            await link.news(within=_LOOK_S)

    def _due(self, link: Link, share: float) -> float:
        """Seconds until so much of the session's time is over; never for one without an end."""
        lifetime = link.session.provider.lifetime
        if link.session.expires_at is not None:
            told = link.session.expires_at - link.opened_at
            lifetime = told if told >= LEAST_LIFETIME_S else lifetime
        if lifetime == inf:
            return inf
        whole = min(self._renew / RENEWED_BY, lifetime)
        return link.opened + share * whole - self._clock()
