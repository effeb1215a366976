"""Finals that somebody corrects: checked, ordered, kept, and shown to everybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from captioner.captions.model import Caption
from captioner.errors import BadInput, CaptionNotFound, CaptionOpen, RoomNotFound
from captioner.rooms.corrections import Correction, correction_from, correction_message
from captioner.rooms.room import RoomSettings
from tests.unit.rooms.conftest import Machine, Server, final, partial

DEMO = RoomSettings("demo", language="en")
HELLO = Correction("u1", "en", "Hello, Ana.")


def test_the_text_is_cleaned() -> None:
    asked = {"id": "u1", "language": "PT-br", "text": "  cafe\u0301\n com leite ", "note": 1}
    assert correction_from(asked) == Correction("u1", "pt-BR", "caf\u00e9 com leite")


def test_a_correction_arrives_as_it_was_sent() -> None:
    assert correction_from(correction_message(HELLO)) == HELLO


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"text": 7}, "must be text"),
        ({"text": "\ud800"}, "valid Unicode"),
        ({"text": "a" * 2001}, "2000 characters"),
        ({"language": "klingon!"}, "not a language tag"),
        ({"id": 1}, "not a caption's id"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        correction_from({"id": "u1", "language": "en", "text": "Hello."} | wrong)


@pytest.mark.anyio
async def test_a_correction_is_journalled_and_published(machine: Machine) -> None:
    async with machine.server() as server:
        room = await server.rooms.create(DEMO)
        await room.publish(final("u1"))
        told = await server.rooms.correct("demo", HELLO)
        position = await server.bus.position("demo")
        corrected = replace(final("u1", "Hello, Ana."), rev=2, correction=True)
        assert (told.event, told.seq) == (corrected, position.seq)
        assert (await server.events("demo"))[-1] == corrected
    async with machine.server() as server:
        await server.rooms.get("demo")
        assert corrected in await server.events("demo")
        assert (await server.store.transcript("demo")).captions("en") == (corrected,)


@pytest.mark.anyio
async def test_corrections_at_once_come_one_after_the_other(server: Server) -> None:
    room = await server.rooms.create(DEMO)
    await room.publish(final("u1"))
    texts = [f"Hello {number}." for number in range(5)]
    told = await asyncio.gather(
        *(server.rooms.correct("demo", replace(HELLO, text=text)) for text in texts)
    )
    revisions = [one.event for one in told if isinstance(one.event, Caption)]
    assert sorted(revision.rev for revision in revisions) == [2, 3, 4, 5, 6]
    assert sorted(revision.text for revision in revisions) == texts
    kept = [getattr(entry, "event", None) for entry in await server.store.entries("demo")]
    assert [event.rev for event in kept if isinstance(event, Caption)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.anyio
async def test_the_same_correction_again_changes_nothing(server: Server) -> None:
    room = await server.rooms.create(DEMO)
    await room.publish(final("u1"))
    told = await server.rooms.correct("demo", HELLO)
    await room.publish(final("u2"))
    assert await server.rooms.correct("demo", HELLO) == told


@pytest.mark.anyio
async def test_what_the_recogniser_says_later_does_not_undo_a_correction(server: Server) -> None:
    room = await server.rooms.create(DEMO)
    await room.publish(final("u1"))
    told = await server.rooms.correct("demo", HELLO)
    late = replace(final("u1", "Hullo."), rev=2, correction=True)
    await room.publish(late)
    assert (await server.events("demo"))[-1] == told.event
    await room.publish(replace(late, id="u2"))
    assert (await server.events("demo"))[-1] == replace(late, id="u2")


@pytest.mark.anyio
async def test_only_a_final_can_be_corrected(server: Server) -> None:
    room = await server.rooms.create(DEMO)
    await room.publish(partial("u1"))
    with pytest.raises(CaptionOpen, match="u1 in en"):
        await server.rooms.correct("demo", HELLO)
    await room.publish(replace(final("u1"), rev=2))
    for unknown in (replace(HELLO, id="u2"), replace(HELLO, language="es")):
        with pytest.raises(CaptionNotFound):
            await server.rooms.correct("demo", unknown)
    with pytest.raises(RoomNotFound):
        await server.rooms.correct("other", HELLO)


@pytest.mark.anyio
async def test_the_files_of_an_ended_room_follow(machine: Machine) -> None:
    async with machine.server() as server:
        room = await server.rooms.create(DEMO)
        await room.publish(final("u1"))
        await server.rooms.end("demo")
        await server.rooms.correct("demo", HELLO)
        assert room.status == "ended"
        await server.store.finish("demo")
    written = machine.data / "rooms" / "demo" / "en.vtt"
    assert "Hello, Ana." in written.read_text(encoding="utf-8")
