"""Captions as cues."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from captioner.captions.cuts import line_limit, wrap
from captioner.captions.layout import Cue, layout
from captioner.captions.model import Caption, Phrase
from captioner.captions.words import clean


def caption(
    text: str,
    start: float,
    end: float,
    *phrases: Phrase,
    id: str = "u1",
    language: str = "en",
    speaker: str | None = "Ana",
    track: str = "mic",
    final: bool = True,
) -> Caption:
    return Caption(
        id, language, 1, text, len(text), final, start, end, track, speaker, phrases=phrases
    )


def shown(cues: list[Cue]) -> list[tuple[str, float, float, tuple[str, ...]]]:
    return [(cue.id, cue.start, cue.end, cue.lines) for cue in cues]


LONG = (
    "So I think what we want to do here is to look at the remote control from the perspective of "
    "the user, and then we can decide whether the buttons should be made of rubber or of plastic."
)


def test_a_short_caption_is_one_cue_of_one_line() -> None:
    cues = layout([caption("Good morning.", 1.0, 2.0)])
    assert cues == [Cue("u1", 1.0, 2.0, ("Good morning.",), "Ana", "mic", "en")]


def test_a_longer_one_has_two_balanced_lines() -> None:
    (cue,) = layout([caption("We could make it out of rubber, or out of plastic.", 0, 4)])
    assert cue.lines == ("We could make it out of rubber,", "or out of plastic.")


def test_a_long_one_makes_several_cues_that_end_at_good_places() -> None:
    cues = layout([caption(LONG, 0.0, 12.0)])
    assert [(cue.id, *cue.lines) for cue in cues] == [
        ("u1", "So I think what we want to do here is"),
        ("u1.2", "to look at the remote control", "from the perspective of the user,"),
        (
            "u1.3",
            "and then we can decide whether the buttons",
            "should be made of rubber or of plastic.",
        ),
    ]


def test_without_phrases_words_have_their_share_of_the_time() -> None:
    one, two, three = layout([caption(LONG, 0.0, 12.0)])
    assert one.end <= two.start <= two.end <= three.start
    assert (one.start, three.end) == (0.0, 12.0)
    assert two.start == pytest.approx(12.0 * LONG.index("to look") / len(LONG), abs=0.001)


def test_phrases_time_the_cues() -> None:
    text = "Let us look at the remote control again today. And what about the buttons on it then?"
    first = text.index(" And")
    cues = layout([caption(text, 0, 9, Phrase(first, 0.5, 3.5), Phrase(len(text), 5, 8.75))])
    assert [(cue.start, cue.end) for cue in cues] == [(0.5, 3.5), (5.0, 8.75)]


def test_a_pause_between_phrases_parts_cues() -> None:
    text = "We wait for the others now, then we begin with the first point"
    pause = text.index(" then")
    phrases = Phrase(pause, 0.0, 2.0), Phrase(len(text), 6.0, 8.0)
    cues = layout([caption(text, 0, 8, *phrases)])
    assert [(cue.start, cue.end) for cue in cues] == [(0.0, 2.0), (6.0, 8.0)]


def test_phrases_that_contradict_the_caption_are_kept_inside_it() -> None:
    text = "One two. Three four. Five"
    odd = Phrase(8, -1.0, 1.0), Phrase(8, 3.0, 4.0), Phrase(20, 9.0, 0.5), Phrase(99, 0.0, 1.0)
    for cue in layout([caption(text, 0.0, 2.0, *odd)]):
        assert 0.0 <= cue.start < cue.end <= 2.0


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Hm.", 10.833),
        ("That is more than one can read in so little time.", 12.4),
    ],
)
def test_a_quick_cue_stays_into_the_silence_behind_it(said: str, until: float) -> None:
    (cue,) = layout([caption(said, 10.0, 10.3)])
    assert (cue.start, cue.end) == (10.0, until)


def test_cues_that_almost_touch_do() -> None:
    one, two = caption("Good morning.", 0.0, 1.8, id="u1"), caption("Hello.", 2.0, 3.0, id="u2")
    assert [(cue.start, cue.end) for cue in layout([one, two])] == [(0.0, 2.0), (2.0, 3.0)]


def test_a_slow_cue_goes_after_seven_seconds() -> None:
    (cue,) = layout([caption("Hm.", 10.0, 30.0)])
    assert cue.end == 17.0


def test_a_cue_makes_way_for_the_next_one_of_its_track() -> None:
    one = caption("I have said this so often, and again.", 0.0, 1.0, id="u1")
    two = caption("And now?", 1.0, 2.0, id="u2")
    other = caption("Me too.", 1.0, 2.0, id="u3", track="phone")
    assert [(cue.id, cue.start, cue.end) for cue in layout([two, other, one])] == [
        ("u1", 0.0, 1.0),
        ("u2", 1.0, 2.0),
        ("u3", 1.0, 2.0),
    ]


def test_captions_that_overlap_make_cues_that_do_not() -> None:
    one = caption(LONG, 0.0, 12.0, id="u1")
    two = caption("No, wait a moment.", 9.0, 13.0, id="u2")
    cues = layout([one, two])
    assert [cue.id for cue in cues] == ["u1", "u1.2", "u1.3", "u2"]
    assert all(cue.end <= following.start for cue, following in pairwise(cues))


def test_a_cue_too_short_to_read_is_joined_with_its_neighbour() -> None:
    cues = layout(
        [
            caption("Shall we begin?", 0.0, 1.5, id="u1"),
            caption("Yes.", 1.6, 1.8, id="u2"),
            caption("Then let us look at it.", 2.0, 4.0, id="u3"),
        ]
    )
    assert shown(cues) == [
        ("u1", 0.0, 2.0, ("Shall we begin? Yes.",)),
        ("u3", 2.0, 4.0, ("Then let us look at it.",)),
    ]


def test_cues_of_two_speakers_are_not_joined() -> None:
    cues = layout(
        [
            caption("Shall we?", 0.0, 0.4, id="u1"),
            caption("Yes.", 0.5, 0.9, id="u2", speaker="Ben"),
            caption("Then.", 1.0, 4.0, id="u3"),
        ]
    )
    assert [cue.id for cue in cues] == ["u1", "u2", "u3"]


def test_a_short_cue_beside_a_full_one_stays_short() -> None:
    cues = layout([caption("Yes.", 0.0, 0.2, id="u1"), caption(LONG[:82], 0.3, 6.0, id="u2")])
    assert [(cue.id, cue.start, cue.end) for cue in cues] == [("u1", 0.0, 0.3), ("u2", 0.3, 6.0)]


def test_captions_that_begin_together_still_make_cues_in_a_row() -> None:
    one, two = caption("One.", 1.0, 1.0, id="u1"), caption(LONG[:82], 1.0, 1.0, id="u2")
    first, second = layout([one, two])
    assert first.start < first.end <= second.start < second.end


def test_what_is_open_or_withdrawn_makes_no_cue() -> None:
    open_one = Caption("u1", "en", 1, "Hel", 0, False, 0.0, 1.0, "mic")
    assert layout([open_one, caption("", 1.0, 2.0), caption(" ", 1.0, 2.0)]) == []


@pytest.mark.parametrize(
    ("language", "text", "limit"),
    [
        ("en", "Hello", 42),
        ("ru", "Привет", 42),
        ("ja", "こんにちは", 13),
        ("ja-JP", "OK", 13),
        ("und", "東京タワーへ行く", 13),
        ("zh-Hans", "你好", 16),
        ("und", "你好", 16),
        ("ko", "안녕하세요", 16),
        ("auto", "안녕 world", 42),
    ],
)
def test_each_script_has_its_own_length_of_line(language: str, text: str, limit: int) -> None:
    assert line_limit(text, language) == limit


def test_japanese_lines_break_between_words_and_not_before_punctuation() -> None:
    text = "今日は天気がいいので、東京タワーに行きました。そこでおいしいラーメンを食べました。"
    cues = layout([caption(text, 0.0, 9.0, language="ja")])
    assert [cue.lines for cue in cues] == [
        ("今日は天気がいいので、", "東京タワーに行きました。"),
        ("そこでおいしい", "ラーメンを食べました。"),
    ]


def test_a_word_longer_than_a_line_is_cut_but_not_before_its_marks() -> None:
    assert wrap("a" * 60, 42) == ("a" * 42, "a" * 18)
    assert wrap("e\u0323" * 30, 41) == ("e\u0323" * 20, "e\u0323" * 10)
    assert wrap("\u0323" * 60, 42) == ("\u0323" * 42, "\u0323" * 18)
    assert wrap("a" * 90, 42) is None


def test_line_ends_in_the_text_do_not_show() -> None:
    assert wrap("one\ntwo", 42) == ("one two",)


words = st.sampled_from(
    ["yes", "I", "and", "remote", "control,", "so.", "Mr.", "wonderful", "x" * 50, "今日は、", "—"]
)  # fmt: skip


@st.composite
def tracks(draw: st.DrawFn) -> list[Caption]:
    captions = []
    for track in draw(st.sampled_from([["mic"], ["mic", "phone"]])):
        clock = 0
        for number in range(draw(st.integers(0, 6))):
            start = clock + draw(st.integers(-300, 4000))
            end = max(start, 0) + draw(st.integers(0, 12_000))
            clock = end
            text = clean(" ".join(draw(st.lists(words, min_size=1, max_size=16))))
            middle = draw(st.integers(0, len(text)))
            timed = (
                Phrase(middle, max(start, 0) / 1000, (start + end) / 2000),
                Phrase(len(text), (start + end) / 2000, end / 1000),
            )
            phrases = timed if draw(st.booleans()) else ()
            captions.append(
                caption(
                    text, max(start, 0) / 1000, end / 1000, *phrases,
                    id=f"{track}{number}", track=track,
                    language=draw(st.sampled_from(["en", "ja", "ko"])),
                    speaker=draw(st.sampled_from(["Ana", None])),
                )
            )  # fmt: skip
    return captions


@settings(max_examples=25)
@given(tracks())
@example([caption(LONG, 0.0, 3.0)])
def test_cues_keep_their_limits_unless_the_speech_is_faster(captions: list[Caption]) -> None:
    languages = {c.id: c.language for c in captions}
    cues = sorted(layout(captions), key=lambda cue: cue.track)
    for _, group in groupby(cues, key=lambda cue: cue.track):
        in_track = list(group)
        for cue, following in zip(in_track, [*in_track[1:], None], strict=True):
            language = languages[cue.id.split(".")[0]]
            duration = round(cue.end - cue.start, 3)
            assert 1 <= len(cue.lines) <= 2
            assert all(0 < len(line) <= line_limit("", language) for line in cue.lines)
            assert 0 < duration <= 7
            readable = max(0.833, sum(map(len, cue.lines)) / 20)
            faster = following is not None and following.start == cue.end
            assert duration >= min(readable, 7) or faster
            assert following is None or cue.end <= following.start


@settings(max_examples=25)
@given(tracks())
def test_cues_say_what_the_captions_say(captions: list[Caption]) -> None:
    for track in ("mic", "phone"):
        said = "".join(c.text for c in captions if c.track == track)
        cues = [cue for cue in layout(captions) if cue.track == track]
        lines = "".join(line for cue in cues for line in cue.lines)
        assert sorted(lines.replace(" ", "")) == sorted(said.replace(" ", ""))
