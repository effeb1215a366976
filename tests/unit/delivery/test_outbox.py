from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.model import Caption, Numbered
from captioner.delivery.frames import Frame, Framer, Mode
from captioner.delivery.outbox import MAX_BYTES, MAX_SECONDS, Outbox
from captioner.errors import ReaderTooSlow
from tests.unit.delivery.speaking import meetings, message

OPEN = ("u1", "en")
MODES = st.sampled_from(["fast", "stable", "final"])


def drain(outbox: Outbox) -> list[Frame]:
    return list(iter(outbox.pop, None))


Reading = list[tuple[Numbered, int]]
"""What happens, and how many frames are read after each event."""


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    return [(numbered, draw(st.integers(0, 2))) for numbered in draw(meetings())]


def read(reading: Reading, mode: Mode) -> list[Frame]:
    """All that the reader gets, in the end."""
    framer, outbox = Framer(), Outbox()
    got: list[Frame] = []
    for numbered, count in reading:
        if frame := framer.frames(numbered).get(mode):
            outbox.push(frame, 0.0)
        got += islice(iter(outbox.pop, None), count)
    return got + drain(outbox)


@given(readings(), MODES)
def test_every_final_comes_once_and_in_order(reading: Reading, mode: Mode) -> None:
    said = [
        numbered.seq
        for numbered, _ in reading
        if isinstance(numbered.event, Caption)
        and numbered.event.final
        and (numbered.event.text or mode == "fast")
    ]
    assert [frame.seq for frame in read(reading, mode) if frame.final] == said


@given(readings(), MODES)
def test_seq_and_revisions_never_go_back(reading: Reading, mode: Mode) -> None:
    newest: dict[str, int] = {}
    last = 0
    for frame in read(reading, mode):
        assert frame.seq > last
        last = frame.seq
        event = message(frame)
        if event["type"] == "caption":
            assert event["rev"] > newest.get(event["id"], 0)
            newest[event["id"]] = event["rev"]


@given(readings())
def test_a_stable_reader_sees_nothing_taken_back(reading: Reading) -> None:
    shown: dict[str, str] = {}
    for frame in read(reading, "stable"):
        event = message(frame)
        if event["type"] == "caption":
            before = shown.get(event["id"], "")
            assert event["text"].startswith(before)
            assert event["final"] or (event["text"] != before and event["stable"])
            shown[event["id"]] = event["text"]


@given(readings())
def test_a_fast_reader_ends_with_the_newest_of_everything(reading: Reading) -> None:
    newest = {n.event.id: n.seq for n, _ in reading if isinstance(n.event, Caption)}
    got = {frame.caption[0]: frame.seq for frame in read(reading, "fast") if frame.caption}
    assert got == newest


def test_of_an_open_caption_only_the_newest_revision_waits() -> None:
    outbox = Outbox()
    outbox.push(Frame(1, b"first", OPEN), 0.0)
    outbox.push(Frame(2, b"gap"), 0.0)
    outbox.push(Frame(3, b"second", OPEN), 0.0)
    assert [frame.data for frame in drain(outbox)] == [b"gap", b"second"]


def test_a_final_takes_the_place_of_the_open_revision() -> None:
    outbox = Outbox()
    outbox.push(Frame(1, b"open", OPEN), 0.0)
    outbox.push(Frame(2, b"final", OPEN, final=True), 0.0)
    outbox.push(Frame(3, b"correction", OPEN, final=True), 0.0)
    assert [frame.data for frame in drain(outbox)] == [b"final", b"correction"]


def test_a_reader_may_be_a_mebibyte_behind() -> None:
    outbox = Outbox()
    outbox.push(Frame(1, bytes(MAX_BYTES), OPEN, final=True), 0.0)
    with pytest.raises(ReaderTooSlow):
        outbox.push(Frame(2, b"x"), 0.0)


def test_revisions_that_are_replaced_do_not_count() -> None:
    outbox = Outbox()
    for seq in range(1, 100):
        outbox.push(Frame(seq, bytes(MAX_BYTES), OPEN), 0.0)
    assert len(outbox) == 1


def test_a_reader_may_be_half_a_minute_behind() -> None:
    outbox = Outbox()
    outbox.push(Frame(1, b"x"), 100.0)
    outbox.push(Frame(2, b"x"), 100.0 + MAX_SECONDS)
    with pytest.raises(ReaderTooSlow):
        outbox.push(Frame(3, b"x"), 100.5 + MAX_SECONDS)


def test_a_newer_revision_does_not_make_a_reader_less_late() -> None:
    outbox = Outbox()
    for second in range(int(MAX_SECONDS) + 1):
        outbox.push(Frame(second + 1, b"x", OPEN), float(second))
    with pytest.raises(ReaderTooSlow):
        outbox.push(Frame(99, b"x", OPEN), MAX_SECONDS + 1)


def test_a_reader_that_reads_is_not_late() -> None:
    outbox = Outbox()
    for second in range(1000):
        outbox.push(Frame(second + 1, b"x", OPEN), float(second))
        assert len(drain(outbox)) == 1


def test_what_has_no_number_of_its_own_waits_beside_what_has() -> None:
    outbox = Outbox()
    said = [
        Frame(5, b"numbered", ("u1", "en"), final=True),
        Frame(5, b"open", ("u2", "en"), numbered=False),
        Frame(5, b"newer", ("u2", "en"), numbered=False),
        Frame(5, b"another", ("u3", "en"), final=True, numbered=False),
        Frame(5, b"final", ("u2", "en"), final=True, numbered=False),
        Frame(6, b"final, numbered", ("u2", "en"), final=True),
    ]
    for frame in said:
        outbox.push(frame, 0.0)
    assert [frame.data for frame in drain(outbox)] == [
        b"numbered",
        b"another",
        b"final",
        b"final, numbered",
    ]
