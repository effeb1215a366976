"""Against a server that hears perfectly and fails on purpose (`tests/realtime_peer.py`)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.captions.assembly import Assembly
from captioner.captions.model import Caption
from captioner.captions.recognition import Expired, SessionLost
from captioner.realtime.configuration import Wishes
from captioner.realtime.cost import Unmetered
from captioner.realtime.engines import Upstream
from captioner.realtime.heard import AudioLost, Heard, Silence
from captioner.realtime.patience import Patience
from captioner.realtime.transcription import Transcription
from tests.faults.speech import spoken
from tests.realtime_peer import Event, Peer, running_peer

pytestmark = pytest.mark.anyio

TIMEOUT_S = 60
QUICK = Patience(first_retry=0.001, last_retry=0.01)
SPEECH = spoken("w1 w2 w3", "w4", "w5 w6 w7 w8", "w9 w10")
WORDS = ["w1 w2 w3", "w4", "w5 w6 w7 w8", "w9 w10"]


class Track:
    """A transcription under test, and what came of it."""

    def __init__(self, peer: Peer, patience: Patience = QUICK, **provider: Any) -> None:
        self.events: list[Heard] = []
        self.captions: list[Caption] = []
        self.troubles: list[str | None] = []
        self.transcription = Transcription(
            [peer.engine(**provider)],
            Wishes(),
            sample_rate=SAMPLE_RATE,
            start=50.0,
            patience=patience,
        )
        self._ids = iter(range(1, 1000))
        self._assembly = Assembly("mic", "en", None, lambda: f"u{next(self._ids)}")

    @property
    def finals(self) -> list[str]:
        return [c.text for c in self.captions if c.final and c.text and not c.correction]

    async def hear(self, samples: Samples, frame: int = 2400) -> None:
        """Send everything and take what comes, to the end."""
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transcription.run())
            tasks.create_task(self.take())
            for first in range(0, samples.size, frame):
                await self.transcription.send(samples[first : first + frame])
            await self.transcription.end()

    async def take(self) -> None:
        async for events in self.transcription.events():
            for event in events:
                self.events.append(event)
                if isinstance(event, Upstream):
                    self.troubles.append(event.trouble)
                elif not isinstance(event, Silence | AudioLost):
                    self.captions += [r.caption for r in self._assembly.feed(event)]
        self.captions += [r.caption for r in self._assembly.finish()]


class Counting(Unmetered):
    """Counts the seconds that were sent, by session."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def sent(self, session: str, seconds: float) -> None:
        self.seconds[session] = self.seconds.get(session, 0.0) + seconds


async def test_all_that_was_sent_is_metered_although_a_session_is_lost() -> None:
    meter = Counting()
    async with running_peer(Peer(lose_after=[1.25])) as peer:
        transcription = Transcription(
            [peer.engine()], Wishes(), sample_rate=SAMPLE_RATE, patience=QUICK, meter=meter
        )
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(transcription.run())
            await transcription.send(SPEECH)
            await transcription.end()
            async for _ in transcription.events():
                pass
    assert list(meter.seconds) == ["s1", "s2"]
    assert meter.seconds["s1"] >= peer.received[0]
    assert meter.seconds["s2"] == pytest.approx(peer.received[1])


async def test_everything_that_is_said_is_told() -> None:
    async with running_peer() as peer:
        track = Track(peer)
        await track.hear(SPEECH)
    assert track.finals == WORDS
    assert (track.captions[0].start, track.captions[-1].end) == (50.5, 54.3)
    assert track.troubles == [None]


@pytest.mark.parametrize("frame", [100, 2399, 24_000, 10**6])
async def test_any_split_of_the_audio_gives_the_same_finals(frame: int) -> None:
    async with running_peer() as peer:
        track = Track(peer)
        await track.hear(SPEECH, frame)
    assert track.finals == WORDS


async def test_what_is_being_said_at_the_end_is_told() -> None:
    async with running_peer() as peer:
        track = Track(peer)
        await track.hear(spoken("w1", "w2 w3")[: -SAMPLE_RATE // 2])
    assert track.finals == ["w1", "w2 w3"]


async def test_a_track_without_audio_ends() -> None:
    async with running_peer() as peer:
        track = Track(peer)
        await track.hear(silence(0))
    assert track.finals == []


@pytest.mark.parametrize("seed", range(20))
async def test_lost_sessions_lose_no_word_and_double_none(seed: int) -> None:
    rng = random.Random(seed)
    losses = [round(rng.uniform(0.1, 3.0), 2) for _ in range(rng.randint(1, 6))]
    async with running_peer(Peer(lose_after=losses)) as peer:
        track = Track(peer)
        await track.hear(SPEECH, frame=rng.randint(100, 30_000))
        assert peer.sessions > 1
    assert track.finals == WORDS
    assert SessionLost() in track.events


async def test_a_lost_caption_goes_on_under_its_id() -> None:
    async with running_peer(Peer(lose_after=[0.8])) as peer:
        track = Track(peer)
        await track.hear(spoken("w1 w2 w3 w4"))
    assert {caption.id for caption in track.captions} == {"u1"}


async def test_settled_items_are_not_heard_again() -> None:
    async with running_peer(Peer(lose_after=[1.5])) as peer:
        track = Track(peer)
        await track.hear(spoken("w1 w2", "w3"))
        assert peer.received[1] < 1.2, "the first utterance ends 1.2 s into the track"
    assert track.finals == ["w1 w2", "w3"]


async def test_a_refused_configuration_is_told_and_tried_again() -> None:
    async with running_peer(Peer(refuse=2)) as peer:
        track = Track(peer)
        await track.hear(SPEECH)
    assert track.finals == WORDS
    assert track.troubles == ["embedded: it said: not today", None]
    assert peer.received[:2] == [0.0, 0.0]


def reorder() -> Callable[[int, Event], list[Event]]:
    """Every completion waits for the one after it, but the last."""
    held: list[Event] = []

    def change(_session: int, event: Event) -> list[Event]:
        if not event["type"].endswith(".completed"):
            return [event]
        held.append(event)
        if len(held) % 2 == 0:
            return [held[-1], held[-2]]
        return []

    return change


async def test_completions_out_of_order_are_put_in_order() -> None:
    async with running_peer(Peer(change=reorder())) as peer:
        track = Track(peer)
        await track.hear(SPEECH)
    assert track.finals == WORDS


async def test_a_failed_item_keeps_what_its_deltas_said() -> None:
    def change(_session: int, event: Event) -> list[Event]:
        if event.get("transcript") != "w4":
            return [event]
        failed = "conversation.item.input_audio_transcription.failed"
        return [{"type": failed, "item_id": event["item_id"], "error": {"code": "unclear"}}]

    async with running_peer(Peer(change=change)) as peer:
        track = Track(peer)
        await track.hear(SPEECH)
    assert track.finals == WORDS


async def test_a_completion_that_never_comes_is_given_up() -> None:
    def change(_session: int, event: Event) -> list[Event]:
        return [] if event.get("transcript") == "w4" else [event]

    async with running_peer(Peer(change=change)) as peer:
        track = Track(peer, QUICK, completes=0.2)
        await track.hear(SPEECH)
    assert track.finals == WORDS
    assert [event for event in track.events if isinstance(event, Expired)] == [
        Expired("s1/item_0_2")
    ]


async def test_silence_is_told_as_it_is_heard() -> None:
    async with running_peer() as peer:
        track = Track(peer)
        await track.hear(silence(20 * SAMPLE_RATE))
    told = [event.until for event in track.events if isinstance(event, Silence)]
    assert told == sorted(told) and len(told) > 5
    assert told[-1] == pytest.approx(50 + 20 - 1)


async def test_no_more_is_sent_than_the_recogniser_answers() -> None:
    async with running_peer(Peer()) as peer:
        track = Track(peer, QUICK, ahead=1.0)
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(track.hear(spoken(*["w1"] * 20)))
            await until(lambda: bool(peer.received) and peer.received[0] > 3)
            peer.hearing.clear()
            before = peer.received[0]
            await until(lambda: peer.received[0] > before)
            for _ in range(200):
                await asyncio.sleep(0)
            assert peer.received[0] < before + 1.5
            peer.hearing.set()
            await hearing
    assert track.finals == ["w1"] * 20


async def test_a_sender_waits_while_too_much_is_kept() -> None:
    peer = Peer()
    async with running_peer(peer):
        peer.hearing.clear()
        track = Track(peer, replace(QUICK, kept=2.0))
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(track.hear(SPEECH))
            await until(lambda: peer.sessions == 1)
            assert not hearing.done()
            peer.hearing.set()
            await hearing
    assert track.finals == WORDS


async def test_audio_is_given_up_only_after_a_long_outage_and_said_so() -> None:
    async with running_peer(Peer(refuse=10**6)) as peer:
        track = Track(peer, replace(QUICK, kept=2.0, outage=0.0, given_up=1.0))
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(track.hear(spoken("w1 w2 w3", "w4", "w5", "w6 w7")))
            await until(lambda: any(isinstance(event, AudioLost) for event in track.events))
            peer.refuse = 0
            await hearing
    lost = [event for event in track.events if isinstance(event, AudioLost)]
    assert lost[0] == AudioLost(50.0, 51.0)
    assert track.finals[-1] == "w6 w7"


async def test_audio_is_sent_no_faster_than_allowed() -> None:
    async with running_peer() as peer:
        track = Track(peer, QUICK, pace=20.0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await track.hear(spoken("w1 w2", "w3"))
        assert loop.time() - began >= 2.0 / 20 - 0.01
    assert track.finals == ["w1 w2", "w3"]


async def until(condition: Callable[[], bool]) -> None:
    """Let others work until something has happened."""
    while not condition():  # noqa: ASYNC110 - what it waits for sets no event
        await asyncio.sleep(0.001)
