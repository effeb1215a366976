"""Pitfalls of resources: what is kept for hours, what goes over the wire, and what it costs."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from websockets.asyncio.server import ServerConnection, serve

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.realtime.breaker import Breaker
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.connection import LARGEST_EVENT, connector
from captioner.realtime.cost import Price, Tally, Unmetered
from captioner.realtime.engines import Engine
from captioner.realtime.outgoing import Outgoing
from captioner.realtime.providers import OPENAI, Provider, without_turns
from captioner.realtime.session import Session
from tests.faults.script import Missing
from tests.realtime_faults import FaultServer, Script, in_memory
from tests.unit.realtime.test_survival import LENGTH_S, PROVIDERS, SPEECH, UTTERANCES
from tests.unit.realtime.track import Track
from tests.virtual_time import run_virtual

TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.mark.anyio
async def test_large_events_are_taken_and_nothing_is_compressed() -> None:
    extensions: list[str | None] = []
    event = json.dumps({"type": "session.created", "session": {"note": "x" * (2 << 20)}})

    async def say(socket: ServerConnection) -> None:
        assert socket.request is not None
        extensions.append(socket.request.headers.get("Sec-WebSocket-Extensions"))
        await socket.send(event)
        await socket.wait_closed()

    async with serve(say, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connector(f"ws://127.0.0.1:{port}/")() as connection:
            assert await connection.receive() == json.loads(event)
    assert extensions == [None]
    assert len(event) < LARGEST_EVENT


class Counting(Unmetered):
    """Adds up what is sent and reported."""

    def __init__(self) -> None:
        self.sent_s = 0.0
        self.reports: list[Mapping[str, object]] = []

    def sent(self, session: str, seconds: float) -> None:
        self.sent_s += seconds

    def reported(self, session: str, usage: Mapping[str, object]) -> None:
        self.reports.append(usage)


class Spending(Unmetered):
    """Learns what others spent when a session is opened: everything, from the third time on not."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def opening(self) -> None:
        self.calls.append("opening")

    def refusal(self, engine: str, model: str) -> str | None:
        self.calls.append("refusal")
        return "it is spent" if self.calls.count("opening") < 3 else None


def test_what_others_spent_is_learned_before_a_session_is_opened() -> None:
    async def run() -> Track:
        loop = asyncio.get_running_loop()
        engine = Engine(OPENAI, in_memory(FaultServer()), Breaker(loop.time))
        track = Track([engine], meter=meter, clock=loop.time, wall=loop.time)
        await track.hear(SPEECH, pace=1.0)
        return track

    meter = Spending()
    track = run_virtual(run())
    assert meter.calls[:6] == ["opening", "refusal"] * 3
    assert [upstream.trouble for upstream in track.upstream] == ["it is spent", None]


def counted(script: Script, provider: Provider) -> tuple[Track, Counting]:
    async def run() -> tuple[Track, Counting]:
        loop = asyncio.get_running_loop()
        engine = Engine(provider, in_memory(FaultServer(script)), Breaker(loop.time))
        meter = Counting()
        track = Track([engine], meter=meter, clock=loop.time, wall=loop.time)
        await track.hear(SPEECH, pace=1.0)
        return track, meter

    return run_virtual(run())


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_what_is_sent_is_counted_though_no_item_reports_it(provider: Provider) -> None:
    patient = replace(provider, completes=1000.0)
    _, meter = counted(Script(((Missing("completed", 1),),)), replace(patient, completes=20.0))
    assert meter.sent_s >= 2.0
    whole, all_of_it = counted(Script(), patient)
    assert len(all_of_it.reports) >= len(UTTERANCES)
    assert all_of_it.sent_s <= LENGTH_S + 1.0
    assert whole.words == " ".join(UTTERANCES).split()


def test_items_that_are_never_complete_are_priced_as_sent() -> None:
    tally = Tally(Price(0.6))
    usage = tally.sent(60.0) + tally.reported({"type": "duration", "seconds": 10})
    assert usage.billed_s == 60.0
    assert usage.cost_usd == pytest.approx(0.6)


def test_audio_that_nobody_speaks_in_is_not_paid_for() -> None:
    paid = PROVIDERS["paid"]

    async def run() -> float:
        loop = asyncio.get_running_loop()
        meter = Counting()
        engine = Engine(paid, in_memory(FaultServer()), Breaker(loop.time))
        track = Track([engine], meter=meter, clock=loop.time, wall=loop.time)
        await track.hear(silence(900 * SAMPLE_RATE), pace=1.0)
        return meter.sent_s

    assert run_virtual(run()) < 10.0


@pytest.mark.parametrize("frame_s", [0.005, 0.02, 0.1, 1.0])
def test_audio_travels_in_pieces_of_a_sensible_size(frame_s: float) -> None:
    sizes: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        engine = Engine(PROVIDERS["detecting"], in_memory(FaultServer()), Breaker(loop.time))
        track = Track([engine], clock=loop.time, wall=loop.time)
        link = track.transcription
        original = Outgoing.append

        def note(self: Outgoing, samples: Samples) -> list[str]:
            sizes.append(samples.size / SAMPLE_RATE)
            return original(self, samples)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Outgoing, "append", note)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.run())
                tasks.create_task(drain(track))
                frame = round(frame_s * SAMPLE_RATE)
                for first in range(0, SPEECH.size, frame):
                    await link.send(SPEECH[first : first + frame])
                    await asyncio.sleep(frame_s)
                await link.end()

    run_virtual(run())
    assert all(size <= 0.1 for size in sizes)
    assert len(sizes) <= LENGTH_S / 0.02 + 20


async def drain(track: Track) -> None:
    async for _ in track.transcription.events():
        pass


def kept(value: object, seen: set[int]) -> int:
    """How many things an object holds on to, and those that they hold."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | type | None):
        return 0
    seen.add(id(value))
    parts: Iterator[object]
    match value:
        case dict() | MappingProxyType():
            parts = iter([*value.keys(), *value.values()])
            return len(value) + sum(kept(part, seen) for part in parts)
        case list() | tuple() | set() | frozenset() | deque():
            return len(value) + sum(kept(part, seen) for part in value)
    fields = [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    fields += vars(value).values() if hasattr(value, "__dict__") else []
    return sum(kept(part, seen) for part in fields)


@pytest.mark.parametrize("turns", ["server", "manual"])
@pytest.mark.parametrize("end", ["completed", "failed", "nothing"])
def test_a_session_remembers_no_more_after_a_day_than_after_some_hours(
    turns: str, end: str
) -> None:
    provider = replace(OPENAI if turns == "server" else without_turns(OPENAI), model="m")
    session = Session(Configuration(provider, Wishes("en")), retried_until=1e9)
    session.receive({"type": "session.updated"})
    sizes = []
    for number in range(20_000):
        utter(session, number, end)
        if number % 5_000 == 4_999:
            sizes.append(kept(session, set()))
    assert max(sizes) <= 12_000


def utter(session: Session, number: int, end: str) -> None:
    """An utterance from its beginning to whatever end."""
    item, at = f"item_{number}", round(session.sent * 1000)
    bounds = "input_audio_buffer"
    event_ids = iter(f"e{number}_{count}" for count in range(10))

    def say(kind: str, **fields: object) -> None:
        session.receive({"type": kind, "event_id": next(event_ids), "item_id": item, **fields})

    if session.provider.turns == "manual":
        session.skip(session.position + 1.0)
        session.begin(session.position)
        session.append(silence(2400))
        session.commit()
    else:
        session.skip(session.position + 1.0)
        session.append(silence(2400))
        say(f"{bounds}.speech_started", audio_start_ms=at)
        say(f"{bounds}.speech_stopped", audio_end_ms=at + 100)
    say(f"{bounds}.committed", previous_item_id=None)
    say(f"{TRANSCRIPTION}.delta", delta="word")
    if end == "completed":
        say(f"{TRANSCRIPTION}.completed", transcript="word", usage={"type": "duration"})
    elif end == "failed":
        say(f"{TRANSCRIPTION}.failed", error={"code": "audio_unintelligible"})
    else:
        session.give_up(alive=True)


def test_audio_is_a_third_larger_on_the_wire_and_not_more() -> None:
    session = Session(Configuration(replace(OPENAI, model="m"), Wishes()))
    (message,) = session.append(silence(2400))
    assert len(base64.b64decode(json.loads(message)["audio"])) == 4800
    assert len(message) <= 6400 + 60
