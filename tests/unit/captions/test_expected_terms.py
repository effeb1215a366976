"""Terms that a track expects: misheard ones become them, and no stable text changes."""

from __future__ import annotations

from captioner.captions.recognition import Committed, Completed, Delta, Expired, Failed, Segment
from tests.unit.captions.assembling import assembly, finals, play, told


def test_a_word_that_is_nearly_a_term_becomes_it_before_it_is_stable() -> None:
    track = assembly()
    track.expect(["Kubeflow"])
    captions = play(
        track,
        Delta("a", "we use", 1.0),
        Delta("a", " cube", 1.5),
        Delta("a", " flow", 2.0),
        Delta("a", " here", 2.5),
        Segment("a", "we use cube", 0.0, 1.5),
        Segment("a", " flow here", 1.5, 2.5),
        Committed("a", None, 0.0, 2.5),
        Completed("a", "we use cube flow here"),
    )
    assert told(captions) == [
        "u1 we use|",
        "u1 we use| cube",
        "u1 we use| Kubeflow",
        "u1 we use Kubeflow here|",
        "u1 we use Kubeflow here.",
    ]
    assert captions[-1].phrases[-1].until == len("we use Kubeflow here")


def test_new_terms_are_expected_from_the_next_item_on() -> None:
    track = assembly()
    play(track, Delta("a", "cube", 1.0))
    track.expect(["Kubeflow"])
    said = [("a", None, "cube flow"), ("b", "a", "cube flow")]
    captions = [
        caption
        for name, previous, text in said
        for caption in play(track, Committed(name, previous, 0.0, 2.0), Completed(name, text))
    ]
    assert finals(captions) == ["cube flow", "Kubeflow"]


def test_an_item_without_a_completion_has_its_last_words_as_terms_too() -> None:
    track = assembly()
    track.expect(["Kubeflow"])
    captions = play(
        track, Delta("a", "cube flow", 1.0), Committed("a", None, 0.0, 2.0), Failed("a", "no")
    )
    assert finals(captions) == ["Kubeflow"]


def test_a_late_completion_has_its_terms() -> None:
    track = assembly()
    track.expect(["Kubeflow"])
    captions = play(
        track,
        Delta("a", "tube", 1.0),
        Committed("a", None, 0.0, 2.0),
        Expired("a"),
        Completed("a", "cube flow"),
    )
    assert captions[-1].correction
    assert captions[-1].text == "Kubeflow"
