from __future__ import annotations

import asyncio
import os
import signal

import pytest

from captioner.commands.running import finishing, run


def test_the_first_ctrl_c_finishes_and_the_second_stops_without_a_traceback() -> None:
    async def work() -> None:
        finished = asyncio.Event()
        with finishing(finished.set):
            os.kill(os.getpid(), signal.SIGINT)
            await finished.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(work())
