from __future__ import annotations

from captioner.captions.model import Event, Gap, Numbered, RoomChange
from captioner.delivery.frames import Framer, frames_of
from tests.unit.delivery.speaking import caption, final, message


def told(event: Event) -> set[str]:
    """The modes that are told of an event."""
    return set(frames_of(Numbered(1, event)))


def test_a_fast_reader_sees_every_word_and_a_stable_one_those_that_stay() -> None:
    frames = frames_of(Numbered(7, caption(1, 3, "we ship in", 7)))
    assert message(frames["fast"])["text"] == "we ship in"
    assert message(frames["stable"]) | {"seq": 7, "rev": 3, "stable": 7} == {
        **message(frames["fast"]),
        "text": "we ship",
    }
    assert "final" not in frames


def test_what_is_the_same_for_all_is_encoded_once() -> None:
    for event in (final(1), Gap("en", 0.0, 1.0, "paused"), RoomChange("live", ("en",))):
        frames = frames_of(Numbered(1, event))
        assert frames["fast"] is frames["stable"] is frames["final"]
    open_and_stable = frames_of(Numbered(1, caption(1, 1, "we", 2)))
    assert open_and_stable["fast"] is open_and_stable["stable"]


def test_a_withdrawn_caption_is_told_to_those_who_saw_it() -> None:
    assert told(caption(1, 2, "", final=True)) == {"fast"}


def test_a_correction_is_told_to_everybody() -> None:
    assert told(caption(1, 9, "", final=True, correction=True)) == {"fast", "stable", "final"}


def test_a_stable_reader_is_not_told_what_it_has() -> None:
    framer = Framer()
    revisions = [
        caption(1, 1, "we", 0),
        caption(1, 2, "we ship", 2),
        caption(1, 3, "we ship on", 2),
        caption(2, 1, "yes", 3),
        caption(1, 4, "we ship on", 7),
    ]
    frames = [framer.frames(Numbered(seq, event)) for seq, event in enumerate(revisions, 1)]
    texts = [message(each["stable"])["text"] for each in frames if "stable" in each]
    assert texts == ["we", "yes", "we ship"]
