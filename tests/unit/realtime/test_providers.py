"""Each server's dialect, against a peer that is as strict as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from captioner.captions.assembly import Assembly
from captioner.captions.model import Caption
from captioner.realtime.choice import Keys, choices
from captioner.realtime.configuration import Wishes
from captioner.realtime.connection import connector
from captioner.realtime.engines import Engine, Upstream
from captioner.realtime.heard import AudioLost, Heard, Silence
from captioner.realtime.patience import Patience
from captioner.realtime.transcription import Transcription
from tests.faults.speech import spoken
from tests.unit.realtime.coded_voice import CodedVoice
from tests.unit.realtime.peers.azure import KEY as AZURE_KEY
from tests.unit.realtime.peers.azure import AzurePeer, AzurePreviewPeer
from tests.unit.realtime.peers.carrier import serving
from tests.unit.realtime.peers.localai import LocalAIPeer
from tests.unit.realtime.peers.models import MODELS
from tests.unit.realtime.peers.openai import KEY, OpenAIPeer
from tests.unit.realtime.peers.peer import Answer, Event, Peer, Refusal
from tests.unit.realtime.peers.speaches import SpeachesPeer
from tests.unit.realtime.peers.vllm import VllmPeer
from tests.unit.realtime.test_dialects import left_over

pytestmark = pytest.mark.anyio

TIMEOUT_S = 20
CLIENT: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
RATE = 24_000
WORDS = ["w1 w2 w3", "w4 w5", "w6 w7 w8 w9"]
WISHES = Wishes("pt-BR", keywords=("Kubernetes", "a <b>\nc"), prompt="A talk about clusters")


async def captioned(
    engine: str, make: Callable[[], Peer], wishes: Wishes = WISHES
) -> tuple[list[Caption], list[Heard]]:
    """What a track of speech becomes with an engine that such a peer is."""
    captions: list[Caption] = []
    events: list[Heard] = []
    ids = iter(range(1, 1000))
    assembly = Assembly("mic", "pt-BR", None, lambda: f"u{next(ids)}")
    async with serving(make) as url:
        keys = Keys(KEY, f"{url}/v1", AZURE_KEY, url, KEY)
        (choice,) = choices(engine.replace("URL", url), keys)
        provider = replace(choice.provider, pace=None, completes=5.0)
        connect = connector(choice.url, choice.headers, secret=choice.secret)
        transcription = Transcription(
            [Engine(provider, connect)],
            wishes,
            sample_rate=RATE,
            patience=Patience(first_retry=0.01, last_retry=0.1),
            voice=CodedVoice,
        )

        async def take() -> None:
            async for batch in transcription.events():
                for event in batch:
                    events.append(event)
                    if not isinstance(event, Silence | AudioLost | Upstream):
                        captions.extend(r.caption for r in assembly.feed(event))

        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(transcription.run())
            tasks.create_task(take())
            samples = spoken(*WORDS, rate=RATE, pause_s=1.5)
            for first in range(0, samples.size, 2400):
                await transcription.send(samples[first : first + 2400])
            await transcription.end()
    captions += [released.caption for released in assembly.finish()]
    return captions, events


def finals(captions: list[Caption]) -> list[str]:
    return [caption.text for caption in captions if caption.final and caption.text]


SERVERS: list[tuple[str, Callable[[], Peer]]] = [
    *((f"openai/{model}", lambda model=model: OpenAIPeer(model)) for model in MODELS),
    *((f"azure/{model}", lambda model=model: AzurePeer(model, model)) for model in MODELS),
    (
        "azure-preview/gpt-4o-transcribe",
        lambda: AzurePreviewPeer("gpt-4o-transcribe", "gpt-4o-transcribe"),
    ),
    ("localai+URL/v1/realtime?model=meeting", lambda: LocalAIPeer(KEY)),
    ("localai+URL/v1/realtime?model=meeting", lambda: LocalAIPeer(KEY, streams=True)),
    ("speaches+URL/v1/realtime?model=whisper&intent=transcription", lambda: SpeachesPeer(KEY)),
    ("vllm+URL/v1/realtime?model=voxtral", lambda: VllmPeer("voxtral", KEY)),
]


@pytest.mark.parametrize(("engine", "make"), SERVERS, ids=[engine for engine, _ in SERVERS])
async def test_every_word_is_captioned_in_order(engine: str, make: Callable[[], Peer]) -> None:
    captions, events = await captioned(engine, make)
    troubles = [e.trouble for e in events if isinstance(e, Upstream) and e.trouble]
    assert finals(captions) == WORDS
    assert troubles == []


class Recording:
    """A peer that keeps what it is told."""

    def __init__(self, peer: Peer, told: list[Event]) -> None:
        self._peer = peer
        self._told = told

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        return self._peer.connect(path_and_query, headers)

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        self._told.append(message)
        return self._peer.receive(message, now)


@pytest.mark.parametrize("model", MODELS)
async def test_the_official_types_accept_every_event_that_is_sent(model: str) -> None:
    told: list[Event] = []
    await captioned(f"openai/{model}", lambda: Recording(OpenAIPeer(model), told))
    kinds = {event["type"] for event in told}
    assert {"session.update", "input_audio_buffer.append", "input_audio_buffer.commit"} >= kinds
    for event in told:
        assert list(left_over(CLIENT.validate_python(event))) == [], event
