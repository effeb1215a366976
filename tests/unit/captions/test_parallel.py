"""Two languages on one screen: the same cues, each within its own limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, zip_longest

from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.cuts import cut, divide, line_limit
from captioner.captions.layout import Cue, layout
from captioner.captions.model import Caption
from captioner.captions.timeline import Timeline
from captioner.captions.words import clean


def caption(id: str, language: str, text: str, start: float = 0.0, end: float = 4.0) -> Caption:
    return Caption(id, language, 1, text, len(text), True, start, end, "mic", "Ana")


LONG = (
    "So the first point for today is the remote control, and whether it is made of rubber or of "
    "plastic."
)
SPANISH = (
    "Así que el primer punto de hoy es el mando a distancia, y si está hecho de goma o de plástico."
)


def test_a_translation_is_shown_below_what_it_translates() -> None:
    cues = layout([caption("u1", "en", "Hello.")], [caption("u1", "es", "Hola.")])
    assert cues == [Cue("u1", 0.0, 4.0, ("Hello.",), "Ana", "mic", "en", ("Hola.",), "es")]


def test_the_first_language_decides_ids_and_times() -> None:
    english = [caption("u1", "en", LONG, 3.0, 10.0)]
    alone = layout(english)
    both = layout(english, [caption("u1", "es", SPANISH, 3.0, 10.0)])
    assert [replace(cue, below=(), below_language=None) for cue in both] == alone
    assert " ".join(line for cue in both for line in cue.below) == SPANISH
    assert [" ".join(cue.below).split()[-1] for cue in both] == ["distancia,", "plástico."]


def test_a_translation_that_needs_more_cues_gets_them_in_the_silence_behind() -> None:
    cues = layout([caption("u1", "en", "OK", 0.0, 0.5)], [caption("u1", "es", SPANISH, 0.0, 0.5)])
    assert [cue.id for cue in cues] == ["u1", "u1.2"]
    assert [cue.lines for cue in cues] == [("OK",), ()]
    assert all(cue.end - cue.start > 2 for cue in cues)
    assert " ".join(line for cue in cues for line in cue.below) == SPANISH


def test_what_is_there_in_one_language_is_shown_alone() -> None:
    english = [caption("u1", "en", "One.", 0.0, 2.0), caption("u2", "en", "Two.", 3.0, 5.0)]
    spanish = [caption("u1", "es", "Uno.", 0.0, 2.0), caption("u3", "es", "Tres.", 6.0, 8.0)]
    shown = [(cue.language, cue.lines, cue.below) for cue in layout(english, spanish)]
    assert shown == [
        ("en", ("One.",), ("Uno.",)),
        ("en", ("Two.",), ()),
        ("es", ("Tres.",), ()),
    ]


def test_each_language_has_its_own_length_of_line() -> None:
    japanese = "今日の最初の議題はリモコンについてで、ゴム製かプラスチック製かということです。"
    english = caption("u1", "en", LONG, 3.0, 10.0)
    for cue in layout([english], [caption("u1", "ja", japanese, 3.0, 10.0)]):
        assert all(len(line) <= 42 for line in cue.lines)
        assert cue.below and all(len(line) <= 13 for line in cue.below)


def test_short_cues_are_joined_in_both_languages_or_not_at_all() -> None:
    english = [caption("u1", "en", "No.", 0.0, 0.4), caption("u2", "en", "Never.", 0.4, 2.0)]
    spanish = [caption("u1", "es", "No.", 0.0, 0.4), caption("u2", "es", "Nunca.", 0.4, 2.0)]
    assert [(cue.lines, cue.below) for cue in layout(english, spanish)] == [
        (("No. Never.",), ("No. Nunca.",))
    ]
    assert [(cue.lines, cue.below) for cue in layout(english, spanish[:1])] == [
        (("No.",), ("No.",)),
        (("Never.",), ()),
    ]


WORDS = {
    "en": st.sampled_from(["yes", "and", "remote", "control,", "so.", "x" * 50]),
    "ar": st.sampled_from(["نعم", "و", "جهاز", "التحكم،", "اليوم."]),
    "ja": st.sampled_from(["今日は、", "リモコン", "です。", "OK"]),
}


@st.composite
def meetings(draw: st.DrawFn) -> tuple[list[Caption], list[Caption]]:
    first, second = draw(st.permutations(list(WORDS)))[:2]
    both: dict[str, list[Caption]] = {first: [], second: []}
    clock = 0
    for number in range(draw(st.integers(0, 4))):
        start = clock + draw(st.integers(0, 3000))
        clock = start + draw(st.integers(0, 9000))
        for language, captions in both.items():
            text = clean(" ".join(draw(st.lists(WORDS[language], max_size=24))))
            captions.append(caption(f"u{number}", language, text, start / 1000, clock / 1000))
    return both[first], both[second]


@settings(max_examples=40, deadline=None)
@given(meetings())
def test_two_languages_keep_the_limits_and_lose_no_word(
    meeting: tuple[list[Caption], list[Caption]],
) -> None:
    first, second = meeting
    cues = layout(first, second)
    for cue, following in zip_longest(cues, cues[1:]):
        assert 0 < cue.end - cue.start <= 7.001
        assert following is None or cue.end <= following.start
        for lines, language in ((cue.lines, cue.language), (cue.below, cue.below_language)):
            assert len(lines) <= 2
            assert all(0 < len(line) <= line_limit("", language or "") for line in lines)
        assert cue.lines or cue.below
    shown: dict[str, str] = {}
    for cue in cues:
        for lines, tag in ((cue.lines, cue.language), (cue.below, cue.below_language)):
            shown[tag or ""] = shown.get(tag or "", "") + "".join(lines)
    for captions in (first, second):
        for language, spoken in groupby(captions, key=lambda caption: caption.language):
            said = "".join(caption.text for caption in spoken)
            assert shown.get(language, "").replace(" ", "") == said.replace(" ", "")


@given(st.lists(WORDS["en"], min_size=1, max_size=30).map(" ".join), st.integers(0, 4))
def test_a_divided_text_has_all_its_words_in_their_order(text: str, more: int) -> None:
    count = len(cut(text, 42, Timeline(caption("u1", "en", text)))) + more
    spans = divide(text, 42, [number / count for number in range(1, count + 1)])
    assert len(spans) == count
    assert "".join(text[s.start : s.end] for s in spans).replace(" ", "") == text.replace(" ", "")
