"""`kill -9` of the server while captions flow."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import webvtt

from tests.e2e.http import create_room, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import Reader, reading
from tests.e2e.speech import first_half, lost_or_doubled, words
from tests.processes import free_port, running_server

ROOM = "server-killed"


def journalled_finals(data: Path) -> dict[str, str]:
    """The finals that the disk holds, read as a stranger would: a JSON object a line."""
    path = data / "rooms" / ROOM / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["id"]: line["text"] for line in lines if line.get("final")}


@pytest.mark.anyio
async def test_no_final_that_was_seen_is_lost_with_the_server(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    samples, spoken = first_half(demo_recording, demo_reference)
    publisher = Publisher(url, ROOM, samples)
    with running_server(tmp_path, port=port) as first:
        create_room(first.url, ROOM)
        async with reading(url, ROOM) as reader, asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(publisher.publish())
            await reader.until(halfway_through_the_second_sentence, "the second sentence begins")
            first.kill()
            seen = reader.finals
            assert seen.items() <= journalled_finals(tmp_path).items()
            with running_server(tmp_path, port=port) as second:
                await publishing
                await reader.until(lambda read: not read.open, "all captions are final")
                check(second.url, seen, spoken)
    assert publisher.resumed_from[-1] > 0, "everything was sent again"
    assert seen.items() <= reader.finals.items()
    assert not list(lost_or_doubled(spoken, reader.text))


def halfway_through_the_second_sentence(reader: Reader) -> bool:
    return bool(reader.finals) and any(len(caption["text"]) > 20 for caption in reader.open)


def check(url: str, seen: dict[str, str], reference: str) -> None:
    """The restarted server's file holds what was seen before, and all the rest, once."""
    captions = webvtt.from_string(transcript(url, ROOM, "vtt")).captions
    text = " ".join(cue.text for cue in captions)
    for final in seen.values():
        assert " ".join(words(final)) in " ".join(words(text))
    assert not list(lost_or_doubled(reference, text))
