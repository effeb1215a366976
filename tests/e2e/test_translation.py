"""A meeting in other languages, end to end, with the models of this machine."""

from __future__ import annotations

import asyncio
import json
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import webvtt

from tests.contract.engine import running_engine
from tests.e2e.http import create_room, request, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import Reader, reading
from tests.e2e.speech import first_half, words
from tests.fleet import running_fleet
from tests.processes import free_port, running_server, wait_for
from tests.redis_servers import running_redis

pytestmark = pytest.mark.anyio

ROOM = "in-portuguese"
PORTUGUESE = {"a", "o", "de", "do", "da", "que", "em", "os", "as", "para", "dos", "foram"}
"""Words that a text of any length has."""


def is_portuguese(text: str) -> bool:
    said = words(text)
    return sum(word in PORTUGUESE for word in said) > len(said) / 8


def aligned(spoken: Reader, translated: Reader) -> bool:
    """Whether what was said and its translation are the same captions."""
    said = {id_: caption for id_, caption in spoken.captions.items() if caption["text"]}
    return said.keys() == translated.finals.keys() and all(
        (caption["start"], caption["end"], caption["track"])
        == tuple(translated.captions[id_][name] for name in ("start", "end", "track"))
        for id_, caption in said.items()
    )


async def test_a_meeting_is_read_in_another_language_while_it_is_spoken(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    samples, _ = first_half(demo_recording, demo_reference)
    with running_server(tmp_path) as server:
        create_room(server.url, ROOM, translations=["pt"])
        async with (
            reading(server.ws_url, ROOM) as spoken,
            reading(server.ws_url, ROOM, "pt") as translated,
        ):
            await Publisher(server.ws_url, ROOM, samples).publish()
            await translated.until(lambda _: aligned(spoken, translated), "all is translated")
        assert is_portuguese(translated.text)
        assert all(caption["source"] == "en" for caption in translated.captions.values())
        assert not any(caption.get("untranslated") for caption in translated.captions.values())
        assert all(caption["lag_ms"] < 10_000 for caption in translated.captions.values())
        await asyncio.to_thread(check_files, server.url, tmp_path, translated)
        await correct(server.url, spoken, translated)


def check_files(url: str, data: Path, translated: Reader) -> None:
    _, body = request(f"{url}/v1/rooms/{ROOM}/transcript.vtt?language=pt")
    cues = webvtt.from_string(body.decode()).captions
    assert {str(cue.identifier).split(".")[0] for cue in cues} == translated.finals.keys()
    assert " ".join(words(" ".join(cue.text for cue in cues))) == " ".join(words(translated.text))
    assert is_portuguese(transcript(url, ROOM, "txt?language=pt"))
    assert not is_portuguese(transcript(url, ROOM, "txt"))
    written = data / "rooms" / ROOM / "pt.vtt"
    wait_for(written.exists, "pt.vtt is written")
    _, both = request(f"{url}/v1/rooms/{ROOM}/transcript.srt?language=en&also=pt")
    assert set(words(translated.text)) <= set(words(both.decode()))


async def correct(url: str, spoken: Reader, translated: Reader) -> None:
    """What a person corrects is translated again, in the files too."""
    id_ = next(iter(spoken.finals))
    wanted = json.dumps({"language": "en", "text": "The dog sleeps."}).encode()
    address = f"{url}/v1/rooms/{ROOM}/captions/{id_}"
    status, body = await asyncio.to_thread(request, address, wanted, "PATCH")
    assert status == 200, body

    def shown() -> bool:
        return "cachorro" in transcript(url, ROOM, "txt?language=pt").lower() or "cão" in (
            transcript(url, ROOM, "txt?language=pt").lower()
        )

    await asyncio.to_thread(wait_for, shown, "the correction is translated")


async def test_no_translation_is_missing_or_doubled_when_the_server_is_killed(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    samples, _ = first_half(demo_recording, demo_reference)
    with running_server(tmp_path, port=port) as first:
        create_room(first.url, ROOM, translations=["pt"])
        async with (
            reading(url, ROOM) as spoken,
            reading(url, ROOM, "pt") as translated,
            asyncio.TaskGroup() as tasks,
        ):
            publishing = tasks.create_task(Publisher(url, ROOM, samples).publish())
            await translated.until(lambda read: read.finals and read.open, "a second one begins")
            first.kill()
            with running_server(tmp_path, port=port):
                await publishing
                await translated.until(lambda _: aligned(spoken, translated), "all is translated")
                assert is_portuguese(translated.text)
    assert journalled(tmp_path, "pt").keys() == translated.finals.keys()


def journalled(data: Path, language: str) -> dict[str, dict[str, Any]]:
    """The finals of a language on the disk; each is there once."""
    path = data / "rooms" / ROOM / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    finals = [line for line in lines if line.get("final") and line.get("language") == language]
    found = {line["id"]: line for line in finals}
    assert len(found) == len(finals), "a translation was journalled twice"
    return found


async def test_no_translation_is_missing_or_doubled_when_workers_are_killed(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    samples, _ = first_half(demo_recording, demo_reference)
    with running_engine() as engine, running_redis() as redis:
        async with running_fleet(
            tmp_path, redis.url, f"captioner+{engine.sessions}", gateways=1
        ) as fleet:
            http = f"http://{fleet.gateways}"
            await asyncio.to_thread(lambda: create_room(http, ROOM, translations=["pt"]))
            address = f"ws://{fleet.gateways}"
            async with (
                reading(address, ROOM) as spoken,
                reading(address, ROOM, "pt") as translated,
                fleet.killing(cycle(["worker-0", "worker-1"]), every_s=8.0),
            ):
                await Publisher(f"ws://{fleet.workers}", ROOM, samples).publish()
                await translated.until(lambda _: aligned(spoken, translated), "all is translated")
            assert len(fleet.killed) >= 2
            assert is_portuguese(translated.text)
            text = await asyncio.to_thread(transcript, http, ROOM, "txt?language=pt")
            assert words(translated.text) == words(text)
