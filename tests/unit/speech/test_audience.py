"""Many listeners to one voice."""

from __future__ import annotations

import pytest

from captioner.speech.audience import Audience
from captioner.speech.listener import Listener
from captioner.speech.sound import FRAME_BYTES, SILENCE, Frames, Heard, Mark
from tests.unit.speech.studio import Press

pytestmark = pytest.mark.anyio

FRAME = b"\1\2" * (FRAME_BYTES // 2)


async def heard(listener: Listener) -> list[Heard]:
    listener.end()
    return [one async for one in listener]


async def sound(listener: Listener) -> bytes:
    return b"".join([one.data for one in await heard(listener) if isinstance(one, Frames)])


async def test_listeners_to_samples_get_marks_and_frames() -> None:
    audience = Audience(Press())
    listener = audience.join(None)
    audience.mark(Mark("u1", 1.0))
    audience.frame(FRAME)
    audience.mark(Mark("u2", 2.0, skipped=True))
    assert await heard(listener) == [Mark("u1", 1.0), Frames(FRAME), Mark("u2", 2.0, skipped=True)]


async def test_a_caption_that_goes_on_after_a_silence_is_marked_once() -> None:
    audience = Audience(Press())
    listener = audience.join(None)
    for _ in range(2):
        audience.mark(Mark("u1", 1.0))
        audience.frame(FRAME)
        audience.silence()
    assert (await heard(listener)).count(Mark("u1", 1.0)) == 1


async def test_a_caption_that_goes_on_behind_what_was_skipped_of_it_is_marked_again() -> None:
    audience = Audience(Press())
    listener = audience.join(None)
    marks = [Mark("u1", 1.0), Mark("u1", 1.0, skipped=True), Mark("u1", 1.0)]
    for mark in marks:
        audience.mark(mark)
    assert await heard(listener) == marks


async def test_who_joins_within_a_caption_is_told_which() -> None:
    audience = Audience(Press())
    audience.mark(Mark("u1", 1.0))
    audience.frame(FRAME)
    within = audience.join(None)
    audience.silence()
    after = audience.join(None)
    assert await heard(within) == [Mark("u1", 1.0), Frames(SILENCE)]
    assert await heard(after) == []


async def test_all_listeners_in_a_format_share_its_encoder() -> None:
    press = Press()
    audience = Audience(press)
    listeners = [audience.join("ogg") for _ in range(200)]
    for _ in range(5):
        audience.frame(FRAME)
    assert len(audience) == 200
    assert len(press.made) == press.made[0].calls == 1
    for listener in listeners:
        assert await sound(listener) == b"<ogg>" + 5 * FRAME


async def test_who_joins_later_gets_the_header_and_what_follows() -> None:
    audience = Audience(Press())
    first = audience.join("mp3")
    for _ in range(7):
        audience.frame(FRAME)
    later = audience.join("mp3")
    for _ in range(3):
        audience.frame(FRAME)
    assert await sound(later) == b"<mp3>" + 5 * FRAME
    assert await sound(first) == b"<mp3>" + 10 * FRAME


async def test_at_the_end_the_rest_is_encoded_once() -> None:
    audience = Audience(Press())
    listener = audience.join("wav")
    audience.frame(FRAME)
    audience.end()
    audience.end()
    audience.frame(FRAME)
    assert await sound(listener) == b"<wav>" + FRAME + b"<end>"


async def test_an_encoder_goes_with_its_last_listener() -> None:
    press = Press()
    audience = Audience(press)
    one, other = audience.join("ogg"), audience.join("ogg")
    audience.leave(one)
    audience.leave(other)
    assert len(audience) == 0
    audience.join("ogg")
    assert len(press.made) == 2
