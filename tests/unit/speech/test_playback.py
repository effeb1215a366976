"""A line's sound, frame by frame."""

from __future__ import annotations

from array import array

from captioner.speech.plan import Part
from captioner.speech.playback import PAUSE, Playback, Take
from captioner.speech.shape import Plain
from captioner.speech.sound import FRAME_BYTES, SILENCE
from tests.unit.speech.speaking import caption
from tests.unit.speech.studio import Faster

FRAME = b"\1\2" * (FRAME_BYTES // 2)


def take_of(*pieces: bytes, complete: bool = True) -> Take:
    take = Take(Part(caption(1, "Hola."), "Hola.", 2.0))
    for piece in pieces:
        take.add(piece)
    take.complete = complete
    return take


def frames(playback: Playback) -> list[bytes]:
    """All to the end, without the pause behind the line."""
    heard = list(iter(playback.frame, None))
    assert heard[-PAUSE:] == [SILENCE] * PAUSE
    return heard[:-PAUSE]


def test_pieces_of_any_size_become_frames_and_the_last_is_filled_up() -> None:
    sound = 2 * FRAME + b"\1\2"
    take = take_of(sound[:3], sound[3:1000], sound[1000:])
    assert frames(Playback(take, Plain())) == [FRAME, FRAME, b"\1\2".ljust(FRAME_BYTES, b"\0")]


def test_half_a_sample_at_the_end_is_left_out() -> None:
    assert frames(Playback(take_of(FRAME + b"\1"), Plain())) == [FRAME]


def test_where_the_synthesizer_is_behind_there_is_silence_within_the_line() -> None:
    take = take_of(FRAME + FRAME[:100], complete=False)
    playback = Playback(take, Plain())
    assert [playback.frame(), playback.frame()] == [FRAME, SILENCE]
    take.add(FRAME[100:])
    take.complete = True
    assert frames(playback) == [FRAME]


def test_a_take_without_sound_has_no_frames() -> None:
    take = take_of()
    assert take.begun
    assert Playback(take, Plain()).frame() is None
    assert Playback(take_of(), Plain()).last_frame() == SILENCE


def test_the_tempo_is_the_shapes() -> None:
    assert len(frames(Playback(take_of(50 * FRAME), Faster(1.25)))) == 40


def test_a_line_that_stops_fades() -> None:
    playback = Playback(take_of(5 * FRAME), Plain())
    last = array("h", playback.last_frame())
    assert last[0] == array("h", FRAME)[0]
    assert sorted(last, reverse=True) == list(last)
    assert last[-1] < last[0] / 100
