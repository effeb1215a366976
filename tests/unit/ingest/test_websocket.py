from __future__ import annotations

import asyncio
import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from captioner.audio.pcm import SAMPLE_RATE, silence, to_bytes
from captioner.captions.model import Caption
from captioner.errors import EngineUnavailable
from tests.faults.speech import spoken
from tests.realtime_peer import Event, Peer
from tests.unit.audio.sounds import container
from tests.unit.ingest.publishing import PATIENCE, place, start

pytestmark = pytest.mark.anyio

SPEECH = spoken("w1 w2 w3", "w4", "w5 w6 w7 w8", "w9 w10")
WORDS = ["w1 w2 w3", "w4", "w5 w6 w7 w8", "w9 w10"]


class Crash(Exception):
    """The server dies: nothing is finished."""


SECONDS = SPEECH.size / SAMPLE_RATE


async def test_a_publisher_is_captioned_to_its_last_word(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start(speaker="Ana"))
        socket.speak(SPEECH)
        await socket.stop()
        assert await here.finals() == WORDS
        captions = [event for event in await here.events() if isinstance(event, Caption)]
    assert {(c.track, c.speaker, c.language) for c in captions} == {("mic", "Ana", "en")}
    assert all(caption.lag_ms is not None and caption.lag_ms >= 0 for caption in captions)
    assert socket.told[0] == {"type": "started", "stream": "mic", "resume_from": 0}
    assert socket.told[-1] == {"type": "stopped"}
    assert socket.closed == 1000
    acks = [message["until"] for message in socket.told if message["type"] == "ack"]
    assert acks == sorted(set(acks))
    assert acks[-1] == pytest.approx(SECONDS, abs=0.001)


async def test_audio_is_acknowledged_while_it_comes(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        await socket.acked(4.3)
        await socket.stop()


async def test_levels_say_how_loud_it_is_and_whether_somebody_speaks(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(silence(4800))
        await socket.until("level", dbfs=-100.0, speech=False)
        socket.speak(spoken("w1 w2 w3")[:SAMPLE_RATE])
        await socket.until("level", speech=True)
        await socket.stop()


@pytest.mark.parametrize("seed", range(10))
async def test_cut_connections_leave_the_transcript_as_it_would_have_been(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    data = to_bytes(SPEECH)
    async with place(tmp_path) as here:
        for _ in range(10):
            socket = here.connect(start())
            resume_from = (await socket.until("started"))["resume_from"]
            first = round(resume_from * SAMPLE_RATE) * 2
            for at in range(first, first + rng.randrange(60_000), 4801):
                if at < len(data):
                    socket.give(data[at : at + 4801])
            await socket.cut()
        last = here.connect(start())
        first = round((await last.until("started"))["resume_from"] * SAMPLE_RATE) * 2
        last.give(data[first:])
        await last.stop()
        assert await here.finals() == WORDS


async def test_a_publisher_that_does_not_come_back_is_captioned_all_the_same(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, grace_s=0.0) as here:
        socket = here.connect(start())
        await socket.until("started")
        socket.speak(SPEECH)
        await socket.cut()
        await here.tracks.finish("demo")
        assert await here.finals() == WORDS
        again = here.connect(start())
        assert (await again.until("started"))["resume_from"] == pytest.approx(SECONDS, abs=0.002)
        await again.cut()


async def test_a_new_server_goes_on_from_what_is_kept(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        async with place(tmp_path) as here:
            socket = here.connect(start())
            socket.speak(SPEECH[: 2 * SAMPLE_RATE])
            acked = await socket.acked(1.4)
            await socket.cut()
            raise Crash
    async with place(tmp_path) as here:
        socket = here.connect(start())
        resume_from = (await socket.until("started"))["resume_from"]
        assert resume_from >= acked
        socket.speak(SPEECH[round(resume_from * SAMPLE_RATE) :])
        await socket.stop()
        assert await here.finals() == WORDS


async def test_a_stream_has_one_publisher_at_a_time(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        await socket.until("started")
        second = here.connect(start())
        await second.end()
        assert second.error == (4409, "stream_in_use")
        socket.speak(SPEECH)
        await socket.stop()
        assert await here.finals() == WORDS


async def test_a_publisher_that_fell_silent_gives_way_to_its_next_connection(
    tmp_path: Path,
) -> None:
    half = 2 * SAMPLE_RATE
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(SPEECH[:half], frame=2 * half)
        await socket.acked(1.4)
        here.now[0] += 6.0
        second = here.connect(start())
        assert (await second.until("started"))["resume_from"] == 2.0
        await socket.end()
        assert socket.error == (4409, "stream_in_use")
        second.speak(SPEECH[half:])
        await second.stop()
        assert await here.finals() == WORDS


async def test_tracks_of_a_room_do_not_disturb_each_other(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        ana = here.connect(start("ana", speaker="Ana"))
        bo = here.connect(start("bo", speaker="Bo"))
        ana.speak(spoken("w1 w2"))
        bo.speak(spoken("w8 w9"))
        await ana.stop()
        await bo.stop()
        events = [event for event in await here.events() if isinstance(event, Caption)]
    assert {(c.speaker, c.text) for c in events} == {("Ana", "w1 w2"), ("Bo", "w8 w9")}


async def test_other_settings_of_the_room_reach_its_tracks_at_the_next_sentence(
    tmp_path: Path,
) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        await socket.acked(SECONDS - 1.0)
        glossary = [
            {"term": "W5 w6", "translations": {"de": "W56"}},
            {"term": "too long for a hint " * 4, "translations": {}},
        ]
        wanted = {"language": "de", "keywords": ["Kubernetes"], "glossary": glossary}
        await here.rooms.change("demo", wanted)
        while here.peer.sessions < 2:  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.01)
        socket.speak(SPEECH)
        await socket.stop()
        captions = [event for event in await here.events() if isinstance(event, Caption)]
        told = [asked["audio"]["input"]["transcription"] for asked in here.peer.asked]
    finals = sorted((c.start, c.language, c.text) for c in captions if c.final and c.text)
    assert [language for _, language, _ in finals] == ["en"] * 4 + ["de"] * 4
    assert [text for _, _, text in finals] == WORDS * 2
    assert ("keywords" in told[0], told[-1]["language"]) == (False, "de")
    assert told[-1]["keywords"] == ["Kubernetes", "W56"]


async def test_the_end_of_the_room_ends_its_publishers(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(SPEECH, frame=10**6)
        await socket.acked(4.3)
        await here.rooms.end("demo")
        await socket.end()
        assert socket.error == (4410, "room_ended")
        assert await here.finals() == WORDS
        late = here.connect(start())
        await late.end()
        assert late.error == (4410, "room_ended")


async def test_a_server_that_stops_captions_what_it_has_and_goes_away(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(SPEECH, frame=10**6)
        await socket.acked(4.3)
        await here.tracks.finish_all()
        await socket.end()
        assert socket.error == (1001, None)
        assert await here.finals() == WORDS


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_server_that_stops_while_nobody_recognises_says_so(
    tmp_path: Path, stopped: bool
) -> None:
    async with place(tmp_path, Peer(refuse=10**6)) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        if stopped:
            socket.give('{"type": "stop"}')
        await socket.until("error", fatal=False)
        await here.tracks.abandon(EngineUnavailable("the server stops"))
        await socket.end()
    assert socket.error == (4500, "engine_unavailable")
    assert socket.told[-1]["fatal"]
    assert not [told for told in socket.told if told["type"] == "stopped"]


async def test_nothing_said_off_the_record_leaves_the_room(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start())
        socket.speak(spoken("w1"), frame=10**6)
        await socket.acked(1.0)
        await here.rooms.pause("demo")
        socket.speak(spoken("w2 w3"), frame=10**6)
        socket.speak(silence(6 * SAMPLE_RATE), frame=10**6)
        await socket.acked(6.0)
        await here.rooms.resume("demo")
        socket.speak(spoken("w4"))
        await socket.stop()
        assert await here.finals() == ["w1", "w4"]
        last = [e for e in await here.events() if isinstance(e, Caption) and e.text == "w4"]
        assert last[0].start == pytest.approx(1.2 + 1.4 + 6 + 0.5, abs=0.1)


async def test_what_the_recogniser_gave_up_is_a_gap(tmp_path: Path) -> None:
    def change(_session: int, event: Event) -> list[Event]:
        kind = "conversation.item.input_audio_transcription.failed"
        failed = {"type": kind, "item_id": event.get("item_id"), "error": {"code": "unclear"}}
        return [failed] if event.get("transcript") == "w4" else [event]

    async with place(tmp_path, Peer(change=change)) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        await socket.stop()
        (gap,) = await here.gaps()
    assert (gap.reason, gap.track, gap.language) == ("not_recognised", "mic", "en")
    assert [gap.start, gap.end] == pytest.approx([1.6, 2.1], abs=0.1)


async def test_trouble_with_the_recogniser_is_told_and_not_fatal(tmp_path: Path) -> None:
    async with place(tmp_path, Peer(refuse=10**6)) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        error = await socket.until("error", code="engine_unavailable", fatal=False)
        assert error["message"]
        here.peer.refuse = 0
        await socket.stop()
        assert await here.finals() == WORDS


async def test_audio_that_a_long_outage_cost_is_a_gap(tmp_path: Path) -> None:
    patience = replace(PATIENCE, kept=2.0, outage=0.0, given_up=1.0)
    async with place(tmp_path, Peer(refuse=10**6), patience=patience) as here:
        socket = here.connect(start())
        socket.speak(SPEECH)
        await socket.acked(1.0)
        here.peer.refuse = 0
        await socket.stop()
        gaps = await here.gaps()
        assert (await here.finals())[-1] == WORDS[-1]
    assert {gap.reason for gap in gaps} == {"engine_unavailable"}
    assert gaps[0].end - gaps[0].start == pytest.approx(1.0)


async def test_one_stream_more_than_a_server_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captioner.ingest.tracks.MOST_TRACKS", 1)
    async with place(tmp_path) as here:
        first = here.connect(start("one"))
        await first.until("started")
        second = here.connect(start("two"))
        await second.end()
        assert second.error == (4429, "busy")
        await first.stop()


async def test_a_container_is_published_as_it_is(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        socket = here.connect(start(format="webm"))
        data = container("webm", np.zeros(3 * 48_000, np.float32))
        for first in range(0, len(data), 1000):
            socket.give(data[first : first + 1000])
        await socket.stop()
        assert socket.closed == 1000
        acks = [message["until"] for message in socket.told if message["type"] == "ack"]
        assert acks[-1] == pytest.approx(3.0, abs=0.05)


BAD: dict[str, tuple[list[str | bytes], int, str]] = {
    "malformed JSON": (['{"type": "sta'], 4400, "bad_input"),
    "JSON without end": (["[" * 100_000], 4400, "bad_input"),
    "no object": (["[1, 2]"], 4400, "bad_input"),
    "audio before the start": ([bytes(320)], 4400, "bad_input"),
    "another first message": (['{"type": "stop"}'], 4400, "bad_input"),
    "no stream": (['{"type": "start", "format": "opus"}'], 4400, "bad_input"),
    "a stream that is no name": ([start(stream="a\nb")], 4400, "bad_input"),
    "an endless name": ([start(stream="a" * 1000)], 4400, "bad_input"),
    "a speaker that is no name": ([start(speaker=7)], 4400, "bad_input"),
    "a language that is none": ([start(language="en english")], 4400, "bad_input"),
    "no format": (['{"type": "start", "stream": "s"}'], 4400, "bad_input"),
    "an unknown format": ([start(format="mp7")], 4400, "bad_format"),
    "a rate that is no number": ([start(sample_rate="high")], 4400, "bad_format"),
    "an absurd rate": ([start(sample_rate=10**9)], 4400, "bad_format"),
    "too many channels": ([start(channels=64)], 4400, "bad_format"),
    "text where audio belongs": ([start(), "hello, is this on?"], 4400, "bad_input"),
    "an unknown message": ([start(), '{"type": "dance"}'], 4400, "bad_input"),
    "a second start": ([start(), start()], 4400, "bad_input"),
    "half a sample": ([start(), bytes(321), '{"type": "stop"}'], 4400, "bad_format"),
    "2 MiB in a frame": ([start(), bytes(2 << 20)], 4413, "too_large"),
    "corrupt Ogg": ([start(format="ogg"), os.urandom(9000), '{"type":"stop"}'], 4400, "bad_format"),
    "corrupt Opus": ([start(format="opus"), b"\xff" * 1500], 4400, "bad_format"),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_is_wrong_is_said_in_plain_words(tmp_path: Path, case: str) -> None:
    messages, close_code, code = BAD[case]
    async with place(tmp_path) as here:
        socket = here.connect(*messages)
        await socket.end()
    assert socket.error == (close_code, code)
    assert socket.told[-1]["fatal"] is True
    assert socket.told[-1]["message"]
