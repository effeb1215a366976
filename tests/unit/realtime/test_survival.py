"""No word is lost and none doubled, whatever the server does: scripts of faults in virtual time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, seed, settings

from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.realtime.breaker import Breaker
from captioner.realtime.engines import Engine
from captioner.realtime.providers import EMBEDDED, Provider
from tests.realtime_faults import FaultServer, Script, in_memory, scripts, spoken
from tests.unit.realtime.track import Track
from tests.virtual_time import run_virtual

UTTERANCES = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9", "w10 w11", "w12 w13 w14", "w15"]
SPEECH = spoken(*UTTERANCES, pause_s=1.0)
LENGTH_S = SPEECH.size / SAMPLE_RATE
LONGEST_S = 3600.0

SEED = int(os.environ.get("FAULT_SEED", "1"))
"""Of the scripts that are drawn: other ones with another seed (`make soak`)."""
PLAIN: Any = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}
PROBED = replace(EMBEDDED, sample_rate=SAMPLE_RATE, completes=20.0, configures=10.0)
DETECTING = Provider("fake", "captioner-live", vad=VAD, keywords="keywords", prompt="prompt")
PAID = replace(DETECTING, metered=True)
AFTERWARDS = replace(DETECTING, model="captioner-accurate")
MANUAL = replace(DETECTING, turns="manual", vad=None, live=True)
MANUAL_AFTERWARDS = replace(MANUAL, model="captioner-accurate", live=False)
PROVIDERS = {
    "probed": PROBED,
    "detecting": DETECTING,
    "paid": PAID,
    "afterwards": AFTERWARDS,
    "manual": MANUAL,
    "manual-afterwards": MANUAL_AFTERWARDS,
}


def captioned(script: Script, provider: Provider, speech: Samples = SPEECH) -> Track:
    """What a track becomes, spoken at its true pace to a server with these faults."""

    async def run() -> Track:
        loop = asyncio.get_running_loop()
        server = FaultServer(script, wall=loop.time)
        engine = Engine(provider, in_memory(server), Breaker(loop.time))
        track = Track([engine], clock=loop.time, wall=loop.time)
        await track.hear(speech, pace=1.0)
        return track

    return run_virtual(run(), longest_s=LONGEST_S)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_without_faults_every_word_is_captioned(provider: Provider) -> None:
    track = captioned(Script(), provider)
    assert track.words == " ".join(UTTERANCES).split()
    assert track.gaps == []


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
@seed(SEED)
@settings(max_examples=334, **PLAIN)
@given(scripts(LENGTH_S))
def test_no_word_is_lost_and_none_doubled_whatever_goes_wrong(
    provider: Provider, script: Script
) -> None:
    note(f"FAULT_SEED={SEED}")
    track = captioned(script, provider)
    assert track.words == " ".join(UTTERANCES).split()
    assert track.gaps == []
