"""What the memory bus adds to the contract of every bus: one bound over all rooms."""

from __future__ import annotations

import pytest

from captioner.bus.history import weight
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption, Gap, Phrase, Position


def caption(number: int, rev: int = 1, text: str = "") -> Caption:
    return Caption(f"u{number}", "en", rev, text, 0, False, 0.0, 1.0, "mic")


@pytest.mark.anyio
async def test_the_quietest_room_gives_way_when_all_rooms_together_keep_too_much() -> None:
    bus = MemoryBus(keep_bytes=4 * weight(caption(1)))
    for number in (1, 2):
        await bus.publish("quiet", caption(number))
    start = Position((await bus.position("quiet")).epoch, 0)
    for number in (1, 2, 3):
        await bus.publish("busy", caption(number))
    quiet = await bus.history("quiet", start)
    assert [numbered.event for numbered in quiet.events] == [caption(2)]
    assert not quiet.recovered
    assert (await bus.history("busy")).recovered


@pytest.mark.anyio
async def test_a_longer_revision_counts_for_what_it_takes() -> None:
    bus = MemoryBus(keep_bytes=weight(caption(1)) + weight(caption(2, 1, "long" * 100)))
    await bus.publish("room", caption(1))
    await bus.publish("room", caption(2))
    await bus.publish("room", caption(2, 2, "long" * 100))
    assert (await bus.history("room")).recovered
    await bus.publish("room", caption(2, 3, "long" * 101))
    assert not (await bus.history("room")).recovered


@pytest.mark.anyio
async def test_a_forgotten_room_leaves_its_place_to_others() -> None:
    bus = MemoryBus(keep_bytes=2 * weight(caption(1)))
    for number in (1, 2):
        await bus.publish("gone", caption(number))
    await bus.forget("gone")
    for number in (1, 2):
        await bus.publish("room", caption(number))
    assert (await bus.history("room")).recovered


@pytest.mark.anyio
async def test_one_event_above_the_bound_is_handed_out_and_not_kept() -> None:
    bus = MemoryBus(keep_bytes=1)
    async with bus.subscribe("room") as events:
        await bus.publish("room", caption(1))
        assert (await anext(events)).event == caption(1)
    assert (await bus.history("room")).events == ()


def test_more_text_and_phrases_weigh_more() -> None:
    plain = Caption("u1", "en", 1, "Hi", 0, False, 0.0, 1.0, "mic")
    timed = Caption("u1", "en", 1, "Hi", 0, False, 0.0, 1.0, "mic", phrases=(Phrase(2, 0.0, 1.0),))
    assert weight(Gap("en", 0.0, 1.0, "paused")) < weight(plain) < weight(timed)
