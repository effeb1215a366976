"""What a reader is not given twice, and where it resumes."""

from __future__ import annotations

from captioner.captions.model import Caption, Event, Gap, Numbered, Position, RoomChange
from captioner.client import seen as module
from captioner.client.seen import Seen

LIVE, PAUSED = RoomChange("live", ("en",)), RoomChange("paused", ("en",))
GAP = Gap("en", 1.0, 2.0, "paused")


def words(rev: int, *, name: str = "u1", language: str = "en", final: bool = False) -> Caption:
    return Caption(
        name, language, rev, "hello", 5 if final else 0, final, start=1.0, end=2.0, track="mic"
    )


def reader(seq: int = 5) -> Seen:
    """One that has read up to `seq` and nothing of what the tests say."""
    seen = Seen(Position("e1", seq))
    seen.greeted(Position("e1", seq), recovered=True)
    return seen


def given(seen: Seen, *events: tuple[int, Event]) -> list[int]:
    """The numbers of those events that the reader is given."""
    return [seq for seq, event in events if seen.take(Numbered(seq, event))]


def test_what_was_shown_before_it_was_numbered_is_not_given_again() -> None:
    early, numbered = (5, words(2)), (6, words(2))
    assert given(reader(), early, numbered, (7, words(3, final=True))) == [5, 7]


def test_the_copy_with_a_number_is_where_reading_resumes() -> None:
    seen = reader()
    given(seen, (5, words(2)))
    assert seen.position == Position("e1", 5)
    given(seen, (6, words(2)))
    assert seen.position == Position("e1", 6)


def test_a_revision_older_than_the_one_given_is_not_given() -> None:
    assert given(reader(), (5, words(4, final=True)), (6, words(3))) == [5]


def test_captions_are_told_apart_by_name_and_language() -> None:
    events = (6, words(1)), (7, words(1, name="u2")), (8, words(1, language="es"))
    assert given(reader(), *events) == [6, 7, 8]


def test_a_gap_is_given_once() -> None:
    assert given(reader(), (5, GAP), (6, GAP), (7, Gap("en", 3.0, 4.0, "paused"))) == [5, 7]


def test_a_room_that_is_paused_again_is_said_again() -> None:
    assert given(reader(), (6, PAUSED), (7, LIVE), (8, PAUSED)) == [6, 7, 8]


def test_changes_shown_before_they_were_numbered_are_not_given_again() -> None:
    early = (5, PAUSED), (5, LIVE)
    assert given(reader(), *early, (6, PAUSED), (7, LIVE), (8, PAUSED)) == [5, 5, 8]


def test_what_was_given_is_known_over_a_recovered_cut() -> None:
    seen = reader()
    given(seen, (5, words(2)), (5, PAUSED), (5, GAP))
    seen.greeted(Position("e1", 8), recovered=True)
    assert given(seen, (6, words(2)), (7, PAUSED), (8, GAP)) == []


def test_after_a_lost_history_everything_is_given_anew() -> None:
    seen = reader()
    given(seen, (6, words(2)), (6, PAUSED), (7, GAP))
    seen.greeted(Position("e2", 3), recovered=False)
    assert seen.position == Position("e2", 0)
    assert given(seen, (1, words(2)), (2, PAUSED), (3, GAP)) == [1, 2, 3]


def test_who_begins_to_read_resumes_in_what_it_is_shown_at_first() -> None:
    seen = Seen(None)
    seen.greeted(Position("e1", 9), recovered=False)
    assert seen.position == Position("e1", 9)
    assert given(seen, (6, words(1)), (8, words(1, name="u2"))) == [6, 8]
    assert seen.position == Position("e1", 8)


def test_it_is_complete_when_all_that_had_happened_has_come() -> None:
    seen = Seen(None)
    seen.greeted(Position("e1", 2), recovered=False)
    assert not seen.complete
    given(seen, (1, words(1)))
    assert not seen.complete
    given(seen, (2, words(2)))
    assert seen.complete


def test_its_memory_is_bounded() -> None:
    seen = reader(0)
    count = module.REMEMBERED + 1
    captions = [(n, words(1, name=f"u{n}")) for n in range(1, count + 1)]
    assert len(given(seen, *captions)) == count
    assert given(seen, (count + 1, captions[-1][1])) == []
    assert given(seen, (count + 2, captions[0][1])) == [count + 2], "the oldest is forgotten"
