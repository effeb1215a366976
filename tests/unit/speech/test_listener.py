"""What waits for a listener."""

from __future__ import annotations

import pytest

from captioner.errors import RoomNotFound
from captioner.speech.listener import MOST_BEHIND, Listener
from captioner.speech.sound import SILENCE, Frames, Heard, Lost, Mark

pytestmark = pytest.mark.anyio

FRAME = Frames(SILENCE)


async def all_of(listener: Listener) -> list[Heard]:
    return [heard async for heard in listener]


async def test_everything_is_heard_in_order_to_the_end() -> None:
    mark = Mark("u1", 1.0)
    listener = Listener(Frames(b"header", 0))
    for heard in (mark, FRAME):
        listener.offer(heard)
    listener.end()
    listener.offer(FRAME)
    assert await all_of(listener) == [Frames(b"header", 0), mark, FRAME]


async def test_a_listener_is_told_why_the_voice_cannot_go_on() -> None:
    listener = Listener()
    listener.offer(FRAME)
    listener.end(RoomNotFound("gone"))
    assert await anext(listener) == FRAME
    with pytest.raises(RoomNotFound):
        await anext(listener)
    with pytest.raises(RoomNotFound):
        listener.raise_if_failed()


async def test_a_listener_may_be_five_seconds_behind() -> None:
    listener = Listener()
    for _ in range(MOST_BEHIND):
        listener.offer(FRAME)
    assert await anext(listener) == FRAME
    listener.offer(FRAME)
    listener.end()
    assert await all_of(listener) == [FRAME] * MOST_BEHIND


async def test_one_that_falls_further_behind_loses_the_oldest_sound_and_is_told() -> None:
    listener = Listener()
    listener.offer(Mark("u1", 1.0))
    for _ in range(MOST_BEHIND - 20):
        listener.offer(FRAME)
    listener.offer(Mark("u2", 2.0, skipped=True))
    listener.offer(Mark("u3", 3.0))
    for _ in range(21):
        listener.offer(FRAME)
    listener.end()
    lost, *kept = await all_of(listener)
    assert lost == Lost(pytest.approx(4.02))  # type: ignore[arg-type]
    assert kept[0] == Mark("u1", 1.0)
    assert len(kept) == 50 + 3
    assert kept[-23:-21] == [Mark("u2", 2.0, skipped=True), Mark("u3", 3.0)]


async def test_the_caption_that_goes_on_behind_the_hole_is_named() -> None:
    listener = Listener()
    listener.offer(Mark("u1", 1.0))
    for _ in range(3 * MOST_BEHIND):
        listener.offer(FRAME)
    listener.end()
    lost, mark, *frames = await all_of(listener)
    assert isinstance(lost, Lost)
    assert mark == Mark("u1", 1.0)
    assert lost.seconds == pytest.approx((3 * MOST_BEHIND - len(frames)) * 0.02)
