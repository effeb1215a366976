from __future__ import annotations

import pytest
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from captioner.delivery import wire


def parsed(data: bytes) -> Frame:
    """As another implementation reads it, to the last byte."""
    stream = StreamReader()
    stream.feed_data(data)
    parsing = Frame.parse(stream.read_exact, mask=False)
    with pytest.raises(StopIteration) as end:
        next(parsing)
    assert not stream.buffer
    frame: Frame = end.value.value
    return frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_message_of_any_size_is_one_frame(size: int) -> None:
    assert parsed(wire.text(size * b"x")) == Frame(Opcode.TEXT, size * b"x")


def test_pings_and_pongs() -> None:
    assert parsed(wire.PING) == Frame(Opcode.PING, b"")
    assert parsed(wire.pong(b"word")) == Frame(Opcode.PONG, b"word")


def test_the_last_frame_says_why_as_far_as_there_is_room() -> None:
    assert Close.parse(bytes(parsed(wire.close(4404, "no such room")).data)) == Close(
        4404, "no such room"
    )
    assert parsed(wire.close()).data == b""
    long = Close.parse(bytes(parsed(wire.close(4400, "é" * 100)).data))
    assert long.reason == "é" * 61
