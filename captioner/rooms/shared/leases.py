"""Duties that one process at a time must do: held by a lease, which its death lets run out.

Every lease has a fencing token, higher than those before it. Whoever writes in the name of a duty
gives the token with it, and Redis refuses all but the newest: a process that was stopped for a
while and does not know that another one took over can do no harm (Kleppmann, "How to do
distributed locking", 2016).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from captioner.bus.bus import Fence
from captioner.errors import Fenced, RedisUnavailable
from captioner.metrics import Metrics
from captioner.redis.connection import Redis
from captioner.redis.script import Script, key, lua

TIME_TO_LIVE_S = 1.5
"""After so long without a sign of its holder a lease is anybody's."""
RENEWAL_S = 0.4
_POLL_S = 0.1

_ACQUIRE, _RENEW, _RELEASE = (
    Script(name, lua("captioner.rooms.shared", name)) for name in ("acquire", "renew", "release")
)

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Lease:
    """A duty of a room that this process does. `free`: whether whoever asks may have it."""

    room: str
    fence: Fence
    on_lost: Callable[[], None]
    free: Callable[[], bool]
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def lose(self) -> None:
        """Somebody else does it now."""
        if not self.lost.is_set():
            self.lost.set()
            self.on_lost()


class Leases:
    """The leases of this process, renewed while the context is open."""

    def __init__(
        self,
        redis: Redis,
        *,
        time_to_live_s: float = TIME_TO_LIVE_S,
        metrics: Metrics | None = None,
    ) -> None:
        self._redis = redis
        self._metrics = metrics or Metrics()
        self._to_live_ms = round(1000 * time_to_live_s)
        self._renewal_s = time_to_live_s * RENEWAL_S / TIME_TO_LIVE_S
        self._held: set[Lease] = set()
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Leases:
        self._renewing = asyncio.create_task(self._renew_all(), name="leases")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._renewing is not None
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)

    async def acquire(
        self,
        room: str,
        duty: str,
        *,
        patience_s: float = 0.0,
        on_lost: Callable[[], None] = lambda: None,
        free: Callable[[], bool] = lambda: False,
    ) -> Lease | None:
        """The lease, or None where another process holds it and lives.

        `patience_s`: how long a holder that is silent is waited for. Raises `RedisUnavailable`.
        """
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            keys = [_lease_key(room, duty), *_holders(room)]
            token = int(await self._redis.run(_ACQUIRE, keys, duty, self._to_live_ms))
            if token > 0:
                lease = Lease(room, Fence(duty, token), on_lost, free)
                self._held.add(lease)
                return lease
            if asyncio.get_running_loop().time() >= deadline:
                return None
            await asyncio.sleep(min(_POLL_S, -token / 1000))

    async def release(self, lease: Lease) -> None:
        """Let somebody else do it, at once."""
        self._held.discard(lease)
        keys = [_lease_key(lease.room, lease.fence.duty), key(lease.room, "holders")]
        try:
            await self._redis.run(_RELEASE, keys, lease.fence.duty, lease.fence.token)
        except RedisUnavailable:
            logger.debug("A lease of room %s is left to run out.", lease.room)

    async def confirm(self, lease: Lease) -> None:
        """Raise `Fenced` if the lease is somebody else's; else Redis knows now that it is held."""
        await self._renew(lease)
        if lease.lost.is_set():
            raise Fenced(f"another process does {lease.fence.duty} of room {lease.room}")

    def abandon(self, lease: Lease) -> None:
        """Let it run out: what it was for is no more."""
        self._held.discard(lease)

    async def alive(self, room: str, duty: str) -> bool:
        """Whether some process does it. Raises `RedisUnavailable`."""
        return bool(await self.living([(room, duty)]))

    async def living(self, duties: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the rooms' duties that some process does. Raises `RedisUnavailable`."""
        exist = await self._redis.read(*(("EXISTS", _lease_key(*duty)) for duty in duties))
        return {duty for duty, exists in zip(duties, exist, strict=True) if exists}

    async def renew(self) -> None:
        """Show that this process lives; learn of the leases that it has lost."""
        await asyncio.gather(*(self._renew(lease) for lease in tuple(self._held)))

    async def _renew_all(self) -> None:
        while True:
            await self.renew()
            await asyncio.sleep(self._renewal_s)

    async def _renew(self, lease: Lease) -> None:
        duty, token = lease.fence.duty, lease.fence.token
        keys = [_lease_key(lease.room, duty), *_holders(lease.room)]
        free = "free" if lease.free() else ""
        try:
            held = await self._redis.run(_RENEW, keys, duty, token, free, self._to_live_ms)
        except RedisUnavailable:
            return  # nobody else can get it meanwhile, or the fence will tell
        if not held and lease in self._held:
            self._held.discard(lease)
            self._metrics.lease_lost()
            lease.lose()


def _holders(room: str) -> list[str]:
    """Who holds which duty, by token; the newest token of all."""
    return [key(room, "holders"), key(room, "fence")]


def _lease_key(room: str, duty: str) -> str:
    return key(room, f"lease:{duty}")
