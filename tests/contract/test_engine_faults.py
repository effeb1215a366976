"""Real speech through the real engine, with faults between it and its client."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.contract.engine import Engine
from tests.contract.realtime import real_engine
from tests.contract.sdk import TRANSCRIPTION, configure, connected, hear, of, speak
from tests.faults.script import After, AtSecond, Disconnect, Fails, HeldBack, Stall
from tests.realtime_faults import Script, in_front_of

pytestmark = pytest.mark.anyio


async def told_by(http: str, audio: bytes, items: int = 2) -> tuple[list[Any], int | None]:
    """What a session says until so many items are settled, or until it ends; with which code."""
    events: list[Any] = []
    async with connected(http) as connection:
        try:
            await configure(connection, transcription={"language": "en"})
            await speak(connection, audio)
            while sum(event.type.endswith(("completed", "failed")) for event in events) < items:
                events.append(await hear(connection))
        except ConnectionClosed as closed:
            return events, None if closed.rcvd is None else closed.rcvd.code
    return events, None


async def test_real_speech_meets_the_faults_of_a_script(
    engine: Engine, demo_audio: bytes, demo_reference: str
) -> None:
    real = real_engine(engine, demo_audio, demo_reference)
    script = Script(
        (
            (Disconnect(AtSecond(5.0), 1011),),
            (Disconnect(After("committed")),),
            (Fails(1), Stall(AtSecond(2.0), 0.5)),
            (HeldBack("completed", 1, 2),),
        )
    )
    async with in_front_of(engine.sessions, script) as (url, server):
        http = url.replace("ws", "http").removesuffix("/realtime?intent=transcription")
        told = [await told_by(http, real.utterances) for _ in range(5)]
    cut, aborted, failed, late, healthy = (events for events, _ in told)
    assert [code for _, code in told] == [1011, None, None, None, None]
    assert server.sessions[0].heard_s < 5.1
    assert not of(cut, "input_audio_buffer.committed")
    assert aborted[-1].type == "input_audio_buffer.committed"
    (second,) = of(failed, TRANSCRIPTION + "completed")
    first = of(failed, TRANSCRIPTION + "failed")[0]
    assert first.item_id != second.item_id
    assert len(of(late, TRANSCRIPTION + "completed")) == 2
    said = [event.transcript for event in of(healthy, TRANSCRIPTION + "completed")]
    assert real.understood(" ".join(said))
    assert second.transcript == said[1]
