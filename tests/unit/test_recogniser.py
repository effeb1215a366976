"""Whether the server says that what is spoken now would be captioned."""

from __future__ import annotations

import socket

import pytest

from captioner.errors import EngineUnavailable
from captioner.realtime.trouble import Remedy, SessionEnded
from captioner.recogniser import recogniser
from captioner.settings import read_settings

pytestmark = pytest.mark.anyio

REFUSED = SessionEnded("realtime does not accept the key (401)", Remedy.REFUSED)


async def test_a_server_that_has_refused_the_key_is_not_ready_although_it_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        async with recogniser(read_settings({"engine": address})) as recognises:
            await recognises.check()
            recognises.engines[0].breaker.failed(REFUSED)
            with pytest.raises(EngineUnavailable, match="does not accept the key"):
                await recognises.check()


async def test_one_of_several_that_can_be_used_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        both = read_settings({"engine": f"ws://{here},captioner+ws://{here}"})
        async with recogniser(both) as recognises:
            recognises.engines[0].breaker.failed(REFUSED)
            await recognises.check()
