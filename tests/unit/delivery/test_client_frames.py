from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.delivery.client_frames import LARGEST_MESSAGE, ClientFrames, Control, Violation

SAID = (
    b"\x01\x83\x00\x00\x00\x00one"  # a message in two frames, a ping between them
    b"\x89\x82\x01\x02\x03\x04ik"
    b"\x80\x80\x01\x02\x03\x04"
    b"\x82\xfe\x01\x00\x01\x02\x03\x04"
    + bytes(256)
    + b"\x8a\x80\x00\x00\x00\x00"
    + b"\x88\x82\x00\x00\x00\x00\x03\xe8"
)
CONTROLS = [Control("ping", b"hi"), Control("pong"), Control("close", b"\x03\xe8")]


@given(st.lists(st.integers(0, len(SAID))))
def test_controls_are_the_same_however_bytes_are_cut(cuts: list[int]) -> None:
    frames = ClientFrames()
    places = [0, *sorted(cuts), len(SAID)]
    pieces = [SAID[a:b] for a, b in zip(places, places[1:], strict=False)]
    assert [control for piece in pieces for control in frames.receive(piece)] == CONTROLS
    assert CONTROLS[-1].code == 1000


@given(st.binary(max_size=300), st.integers(1, 50))
def test_whatever_comes_is_understood_or_a_violation(data: bytes, size: int) -> None:
    frames = ClientFrames()
    try:
        for at in range(0, len(data), size):
            list(frames.receive(data[at : at + size]))
    except Violation as violation:
        assert violation.code in (1002, 1007, 1009)


def test_a_message_is_not_kept() -> None:
    frames = ClientFrames()
    list(frames.receive(b"\x82\xff" + LARGEST_MESSAGE.to_bytes(8, "big") + bytes(4)))
    for _ in range(16):
        assert not list(frames.receive(bytes(LARGEST_MESSAGE // 16)))
        assert frames._rest == b""
    assert list(frames.receive(b"\x8a\x80\x00\x00\x00\x00")) == [Control("pong")]


def test_what_came_before_a_violation_is_heard() -> None:
    heard = []
    with pytest.raises(Violation):
        for control in ClientFrames().receive(b"\x8a\x80\x00\x00\x00\x00\x83\x80\0\0\0\0"):
            heard.append(control)  # noqa: PERF402  the last one raises
    assert heard == [Control("pong")]
