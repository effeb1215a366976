"""A Realtime server for tests that hears perfectly and fails as a script says: the way in.

    server = FaultServer(Script((
        (Disconnect(AtSecond(1.5), 1001, EXPIRED),),  # the first session
        (Refused(429, retry_after=2.0),),          # the second attempt
    )))
    Transcription(in_memory(server), ...)          # also in virtual time (`run_virtual`)
    async with on_sockets(server) as url: ...
    async with in_front_of(engine_url, script) as (url, server): ...

The last is for real speech: the engine hears, the faults stand between. The faults are in
`tests.faults.script`; `scripts()` draws them for property tests. `spoken` makes speech that the
server knows to the letter.
"""

from __future__ import annotations

from tests.faults import script
from tests.faults.memory import in_memory
from tests.faults.script import Script
from tests.faults.server import FaultServer
from tests.faults.session import FaultySession
from tests.faults.sockets import in_front_of, on_sockets
from tests.faults.speech import spoken
from tests.faults.strategies import scripts

__all__ = [
    "FaultServer",
    "FaultySession",
    "Script",
    "in_front_of",
    "in_memory",
    "on_sockets",
    "script",
    "scripts",
    "spoken",
]
