"""Recognition events in, caption revisions out: what an utterance becomes."""

from __future__ import annotations

import pytest

from captioner.captions.assembly import Released
from captioner.captions.model import Caption, Phrase
from captioner.captions.recognition import (
    Committed,
    Completed,
    Delta,
    Expired,
    Failed,
    Hypothesis,
    Recognition,
    Segment,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
)
from tests.unit.captions.assembling import assembly, check_laws, finals, play, told

STARTED = SpeechStarted("a", 1.0)
COMMITTED = Committed("a", None, 1.0, 3.0)


def test_an_utterance_from_its_first_word_to_its_final() -> None:
    track = assembly()
    seen = play(
        track,
        STARTED,
        Hypothesis("a", "Hola", until=1.5),
        Hypothesis("a", "Hola a", until=1.8),
        Delta("a", "Hola", until=2.0),
        Hypothesis("a", " a todos", until=2.0),
        SpeechStopped("a", 2.9),
        COMMITTED,
        Completed("a", "Hola a todos."),
    )
    assert told(seen) == [
        "u1 |Hola",
        "u1 |Hola a",
        "u1 Hola| a",
        "u1 Hola| a todos",
        "u1 Hola a todos..",
    ]
    assert seen[-1] == Caption("u1", "en", 5, "Hola a todos.", 13, True, 1.0, 3.0, "mic", "Ana")
    assert track.idle


def test_times_are_those_known_so_far() -> None:
    track = assembly()
    (first,) = play(track, Delta("a", "Hi", until=1.5))
    assert (first.start, first.end) == (1.5, 1.5)
    (second,) = play(track, STARTED, SpeechStopped("a", 2.0), Delta("a", " all", until=1.8))
    assert (second.start, second.end) == (1.0, 2.0)
    (final,) = play(track, COMMITTED, Completed("a", "Hi all"))
    assert (final.start, final.end) == (1.0, 3.0)


def test_a_commit_keeps_its_times_whatever_else_is_said() -> None:
    track = assembly()
    play(track, COMMITTED, SpeechStarted("a", 0.0), SpeechStopped("a", 9.0))
    (final,) = play(track, Committed("a", None, 0.5, 9.0), Completed("a", "Hi"))
    assert (final.start, final.end) == (1.0, 3.0)


def test_an_item_without_words_costs_no_caption_and_settles_its_sound() -> None:
    track = assembly()
    assert play(track, STARTED, COMMITTED, Completed("a", " ")) == []
    assert track.settled_until == 3.0
    assert told(play(track, Committed("b", "a", 4, 5), Completed("b", "Yes"))) == ["u1 Yes."]


def test_a_recogniser_that_only_completes_opens_the_caption_with_its_final() -> None:
    assert told(play(assembly(), COMMITTED, Completed("a", "Yes"))) == ["u1 Yes."]


def test_each_final_says_up_to_where_the_sound_is_settled() -> None:
    track = assembly()
    released = track.feed(COMMITTED) + track.feed(Completed("a", "Yes"))
    assert [r.settled_until for r in released] == [3.0]
    released = track.feed(Delta("b", "No", until=4.0))
    assert [r.settled_until for r in released] == [None]
    assert track.settled_until == 3.0


def test_a_tail_that_the_delta_took_over_is_not_said_twice() -> None:
    track = assembly()
    seen = play(track, Hypothesis("a", "one two three", 1), Delta("a", " one two", 1))
    assert told(seen)[-1] == "u1 one two| three"
    assert told(play(track, Delta("a", " tree", 2))) == ["u1 one two tree|"]


def test_spaces_and_accents_come_out_in_one_form() -> None:
    seen = play(assembly(), Delta("a", "  Cafe\u0301\n", 1), Hypothesis("a", " to\tgo ", 1))
    assert told(seen) == ["u1 Café|", "u1 Café| to go"]


def test_an_accent_in_the_next_delta_does_not_change_stable_text() -> None:
    seen = play(assembly(), Delta("a", "the cafe", 1), Delta("a", "\u0301 is", 2))
    assert told(seen) == ["u1 the cafe|", "u1 the cafe is|"]


def test_provisional_deltas_make_nothing_stable_before_the_final() -> None:
    track = assembly()
    seen = play(
        track, Delta("a", "Hello word", 1, provisional=True), Completed("a", "Hello, world!")
    )
    assert told(seen) == ["u1 |Hello word", "u1 Hello, world!."]


def test_a_completion_cannot_take_back_stable_text() -> None:
    seen = play(assembly(), Delta("a", "Hello word", 1), Completed("a", "Hello, world again"))
    assert told(seen) == ["u1 Hello word|", "u1 Hello word again."]


def test_a_caption_that_turns_out_to_be_nothing_is_withdrawn() -> None:
    seen = play(assembly(), Hypothesis("a", "Thank you", 1), Completed("a", ""))
    assert told(seen) == ["u1 |Thank you", "u1 ."]
    assert seen[-1].withdrawn


def test_words_that_vanish_from_the_hypothesis_vanish_from_the_caption() -> None:
    seen = play(assembly(), Hypothesis("a", "Hm", 1), Hypothesis("a", "", 1))
    assert told(seen) == ["u1 |Hm", "u1 |"]


def test_stable_text_stays_when_the_item_completes_empty() -> None:
    seen = play(assembly(), Delta("a", "Hello", 1), Completed("a", ""))
    assert told(seen)[-1] == "u1 Hello."


@pytest.mark.parametrize("end", [Failed("a", "overloaded"), Expired("a")])
@pytest.mark.parametrize("taken_back", [False, True])
def test_without_a_completion_the_deltas_are_the_final(end: Recognition, taken_back: bool) -> None:
    seen = play(assembly(), Delta("a", "Hello", 1, taken_back), Hypothesis("a", " wor", 1), end)
    assert told(seen)[-1] == "u1 Hello."


def test_without_completion_and_deltas_the_caption_is_withdrawn() -> None:
    seen = play(assembly(), Hypothesis("a", "Hello", 1), Failed("a", "overloaded"))
    assert told(seen) == ["u1 |Hello", "u1 ."]


def test_a_late_completion_is_a_correction() -> None:
    track = assembly()
    play(track, COMMITTED, Delta("a", "Hello", 1), Expired("a"))
    seen = play(track, Completed("a", "Hello there."))
    assert told(seen) == ["u1 Hello there.."]
    assert (seen[0].correction, seen[0].rev) == (True, 3)


def test_a_late_completion_of_something_never_shown_opens_a_caption() -> None:
    track = assembly("auto")
    assert play(track, COMMITTED, Expired("a")) == []
    (late,) = play(track, Completed("a", "Hola", "es"))
    assert (late.id, late.language, late.correction) == ("u1", "es", True)


@pytest.mark.parametrize("text", ["", "Hello"])
def test_a_late_completion_that_says_nothing_new_changes_nothing(text: str) -> None:
    track = assembly()
    play(track, COMMITTED, Delta("a", "Hello", 1), Failed("a", "overloaded"))
    assert play(track, Completed("a", text), Completed("a", "Something else")) == []


def test_what_comes_after_the_final_is_ignored() -> None:
    track = assembly()
    play(track, COMMITTED, Completed("a", "Hello"))
    after: list[Recognition] = [
        SpeechStarted("a", 0.0), Delta("a", "x", 9), Hypothesis("a", "x", 9),
        Completed("a", "x"), Failed("a", "x"), Expired("a"), Expired("never heard of"),
    ]  # fmt: skip
    assert play(track, *after) == []


# -- order ------------------------------------------------------------------------------------


def test_a_final_waits_for_the_items_before_it_and_shows_meanwhile() -> None:
    track = assembly()
    play(track, Committed("a", None, 0, 1), Committed("b", "a", 1, 2))
    assert told(play(track, Hypothesis("b", "Se", 2), Completed("b", "Second."))) == [
        "u1 |Se",
        "u1 Second.|",
    ]
    assert told(play(track, Completed("a", "First."))) == ["u2 First..", "u1 Second.."]


def test_an_item_given_up_waits_for_its_turn_too() -> None:
    track = assembly()
    play(track, Committed("a", None, 0, 1), Committed("b", "a", 1, 2))
    assert told(
        play(track, Delta("b", "Secnd", 2, provisional=True), Failed("b", "overloaded"))
    ) == ["u1 |Secnd"]
    assert play(track, Hypothesis("b", "more", 2), Expired("b")) == []
    seen = play(
        track,
        Completed("b", "Second"),
        Completed("b", "Else"),
        Failed("b", "overloaded"),
        Completed("a", "First"),
    )
    assert told(seen) == ["u1 Second|", "u2 First.", "u1 Second."]


def test_commits_may_come_in_any_order() -> None:
    track = assembly()
    seen = play(
        track,
        Committed("c", "b", 2, 3),
        Committed("b", "a", 1, 2),
        Committed("a", None, 0, 1),
        Completed("c", "three"),
        Completed("b", "two"),
        Completed("a", "one"),
    )
    assert finals(seen) == ["one", "two", "three"]


def test_without_commits_the_order_is_that_of_first_mention() -> None:
    track = assembly()
    seen = play(
        track,
        SpeechStarted("a", 0),
        SpeechStarted("b", 1),
        Completed("b", "two"),
        Completed("a", "one"),
    )
    assert finals(seen) == ["one", "two"]


def test_items_that_name_each_other_as_previous_still_settle() -> None:
    track = assembly()
    seen = play(
        track,
        Committed("a", "b", 0, 1),
        Committed("b", "a", 1, 2),
        Completed("b", "two"),
        Completed("a", "one"),
    )
    assert sorted(finals(seen)) == ["one", "two"]


def test_an_item_that_never_settles_is_given_up_when_too_many_wait() -> None:
    track = assembly()
    seen = play(track, Hypothesis("lost", "?", 0.5))
    for number in range(64):
        item = f"item {number}"
        seen += play(track, SpeechStarted(item, number), Completed(item, f"{number}"))
    assert finals(seen) == [f"{number}" for number in range(64)]


def test_old_items_are_forgotten() -> None:
    track = assembly()
    for number in range(257):
        play(track, Completed(f"item {number}", f"{number}"))
    assert play(track, Completed("item 1", "1")) == []
    assert finals(play(track, Completed("item 0", "0"))) == ["0"]


def test_at_the_end_everything_open_is_settled() -> None:
    track = assembly()
    play(track, Hypothesis("a", "Hm", 1), Delta("b", "Bye", 2))
    assert told([r.caption for r in track.finish()]) == ["u1 .", "u2 Bye."]
    assert track.idle and track.finish() == []


# -- a session is lost ------------------------------------------------------------------------


def test_the_next_session_continues_the_open_captions() -> None:
    track = assembly()
    play(track, Committed("a", None, 0, 1), Completed("a", "Zero."))
    play(track, SpeechStarted("b", 2.0), Delta("b", "One two", 3.0), Hypothesis("b", " tree", 3.2))
    assert play(track, SessionLost()) == []
    seen = play(
        track,
        SpeechStarted("x", 2.1),
        Hypothesis("x", "One too", 3.0),
        Hypothesis("x", "one two three four", 3.6),
        Delta("x", "one two three", 3.7),
        Committed("x", None, 2.0, 4.0),
        Completed("x", "one two three four."),
    )
    assert told(seen) == [
        "u2 One two| three four",
        "u2 One two three| four",
        "u2 One two three four..",
    ]


def test_words_that_were_not_stable_are_replaced_by_the_next_session() -> None:
    track = assembly()
    play(track, SpeechStarted("a", 0), Hypothesis("a", "Wan two", 1), SessionLost())
    seen = play(track, Committed("x", None, 0, 2), Completed("x", "One, two."))
    assert told(seen) == ["u1 One, two.."]


def test_a_completion_that_waited_is_recognised_again() -> None:
    track = assembly()
    play(
        track,
        Committed("a", None, 0, 1),
        Committed("b", "a", 1, 2),
        Delta("a", "One", 1),
        Completed("b", "Two."),
        SessionLost(),
        SessionLost(),
    )
    seen = play(
        track,
        Committed("x", None, 0, 1),
        Committed("y", "x", 1, 2),
        Completed("y", "two"),
        Completed("x", "one"),
    )
    assert finals(seen) == ["One", "Two."]
    assert [c.id for c in seen] == ["u1", "u2"]
    assert track.settled_until == 2


def test_captions_that_another_process_left_open_are_gone_on_with() -> None:
    died = assembly()
    left = play(
        died,
        SpeechStarted("a", 1.0),
        Delta("a", "Hello ever", 2),
        Hypothesis("a", "yone", 2),
        SpeechStarted("b", 5.0),
        Hypothesis("b", "and", 6),
    )
    newest = {caption.id: caption for caption in left}
    successor = assembly()
    successor.adopt(newest.values())
    seen = play(
        successor,
        SpeechStarted("x", 1.1),
        Completed("x", "Hello everyone here."),
        SpeechStarted("y", 5.1),
        Completed("y", "And now."),
    )
    assert [(c.id, c.rev, c.text) for c in seen if c.final] == [
        ("u1", newest["u1"].rev + 1, "Hello everyone here."),
        ("u2", newest["u2"].rev + 1, "And now."),
    ]
    check_laws([*map(Released, left), *map(Released, seen)])


def test_captions_left_open_that_nobody_says_again_end_with_their_stable_text() -> None:
    successor = assembly()
    successor.adopt([Caption("u7", "en", 3, "Hello ever", 6, False, 1.0, 2.0, "mic")])
    assert told(released.caption for released in successor.finish()) == ["u7 Hello ."]


def test_items_without_times_continue_the_open_ones_in_order() -> None:
    track = assembly()
    play(track, Delta("a", "One", 1), Delta("b", "Two", 2), SessionLost())
    seen = play(track, Completed("x", "One."), Completed("y", "Two."), Completed("z", "Three."))
    assert told(seen) == ["u1 One..", "u2 Two..", "u3 Three.."]


def test_new_speech_in_front_of_a_lost_item_comes_before_it() -> None:
    track = assembly()
    play(track, SpeechStarted("b", 5.0), Delta("b", "Two", 6), SessionLost())
    seen = play(
        track,
        SpeechStarted("x", 1.0),
        SpeechStarted("y", 5.2),
        Completed("y", "two three"),
        Completed("x", "One"),
    )
    assert finals(seen) == ["One", "Two three"]


def test_lost_items_that_are_not_heard_again_settle_with_their_stable_text() -> None:
    track = assembly()
    play(track, SpeechStarted("a", 1.0), Delta("a", "One", 2))
    play(track, SpeechStarted("b", 3.0), Hypothesis("b", "hm", 4), SessionLost())
    seen = play(track, SpeechStarted("x", 20.0), Completed("x", "Much later"))
    assert told(seen) == ["u1 One.", "u2 .", "u3 Much later."]


def test_an_item_that_spans_several_lost_ones_leaves_the_later_ones_behind() -> None:
    track = assembly()
    play(track, SpeechStarted("a", 1.0), Delta("a", "One", 2))
    play(track, SpeechStarted("b", 3.0), Hypothesis("b", "two", 4), SessionLost())
    seen = play(track, Committed("x", None, 1.0, 5.0), Completed("x", "One two"))
    assert told(seen) == ["u1 One two.", "u2 ."]


def test_a_lost_item_can_expire() -> None:
    track = assembly()
    play(track, Delta("a", "One", 2), SessionLost())
    assert told(play(track, Expired("a"))) == ["u1 One."]
    assert track.idle


# -- language ---------------------------------------------------------------------------------


def test_a_track_with_a_language_keeps_it() -> None:
    (caption,) = play(assembly("en"), Completed("a", "Hola", "es"))
    assert caption.language == "en"


def test_the_language_of_an_auto_track_is_what_the_recogniser_heard() -> None:
    track = assembly("auto")
    first = play(track, Hypothesis("a", "Hola", 1, "es"), Completed("a", "Hola", "es"))
    assert {c.language for c in first} == {"es"}
    (second,) = play(track, Delta("b", "Adiós", 2))
    assert second.language == "es", "what was spoken last, until something else is known"


def test_speech_in_no_known_language_is_undetermined() -> None:
    (caption,) = play(assembly("auto"), Completed("a", "Hola"))
    assert caption.language == "und"


def test_a_caption_of_uncertain_words_is_opened_again_in_another_language() -> None:
    track = assembly("auto")
    seen = play(
        track,
        Hypothesis("a", "Hello ah", 1, "en"),
        Hypothesis("a", "", 1, "es"),
        Hypothesis("a", "Hola a", 2, "es"),
    )
    assert told(seen) == ["u1 |Hello ah", "u1 |", "u1 .", "u2 |Hola a"]
    assert [c.language for c in seen] == ["en", "en", "en", "es"]


def test_stable_words_keep_their_caption_in_its_language() -> None:
    track = assembly("auto")
    seen = play(
        track,
        Hypothesis("a", "Radio", 1, "en"),
        Delta("a", "Radio", 1),
        Completed("a", "Radio Madrid", "es"),
        Completed("b", "Hola"),
    )
    assert [c.language for c in seen] == ["en", "en", "en", "es"]


# -- phrases ----------------------------------------------------------------------------------


def test_segments_time_the_phrases_of_the_final() -> None:
    track = assembly()
    one, two = Segment("a", " Hello there.", 1.0, 1.8), Segment("a", " How are you?", 2.2, 3.0)
    seen = play(
        track,
        COMMITTED,
        Delta("a", "Hello there.", 2),
        one,
        two,
        one,
        Completed("a", "Hello there. How are you?"),
    )
    assert seen[0].phrases == ()
    assert seen[-1].phrases == (Phrase(12, 1.0, 1.8), Phrase(25, 2.2, 3.0))
