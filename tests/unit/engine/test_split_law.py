"""The same audio gives the same items, however it is split into appends."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.engine.driving import DrivenSession, seconds, types

SPOKEN_S = 13.2


def items(pcm: bytes, sizes: list[int], **input_: Any) -> list[object]:
    """What is decided of `pcm` when it comes in appends of these many samples, over and over."""
    session = DrivenSession(hurried=True)
    session.update(**input_)
    at = 0
    while at < len(pcm):
        for size in sizes:
            chunk = pcm[at : at + 2 * size]
            session.send("input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
            at += 2 * size
    session.commit()
    times = [e.get("audio_start_ms", e.get("audio_end_ms")) for e in session.events]
    jobs = [final.job for final in session.session.transcriber.finals]
    audio = [sha256(job.audio.tobytes()).hexdigest() for job in jobs if job.kind == "final"]
    return [types(session.events), times, *audio]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sizes=st.lists(st.integers(200, 60_000), min_size=1, max_size=5),
    turn_detection=st.sampled_from([None, {"type": "server_vad"}]),
)
def test_any_split_gives_the_same_items(
    speech: bytes, sizes: list[int], turn_detection: object
) -> None:
    pcm = seconds(speech, 0, SPOKEN_S)
    whole = items(pcm, [len(pcm)], turn_detection=turn_detection)
    assert len(whole) > 3
    assert items(pcm, sizes, turn_detection=turn_detection) == whole


def test_g711_is_heard_like_pcm(speech: bytes) -> None:
    pcm = np.frombuffer(seconds(speech, 0, 11), "<i2")[::3]
    session = DrivenSession()
    session.update(format={"type": "audio/pcmu"})
    for at in range(0, pcm.size, 800):
        chunk = mu_law(pcm[at : at + 800])
        session.send("input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
    started, stopped = session.events[2:4]
    assert started["audio_start_ms"] < 1000 < 9000 < stopped["audio_end_ms"] < 11_000


def mu_law(pcm: np.ndarray[Any, np.dtype[np.int16]]) -> bytes:
    """ITU-T G.711, in the plainest way."""
    magnitude = np.minimum(np.abs(pcm.astype(np.int32)), 32_635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = magnitude >> (exponent + 3) & 0x0F
    code = ~((pcm < 0) * 0x80 | exponent << 4 | mantissa)
    return bytes(code.astype(np.uint8))
