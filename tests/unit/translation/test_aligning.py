"""Words that come without captions, laid onto captions: whatever comes, and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.model import Caption
from captioner.translation.aligning import BEHIND_S, LATE_S, Alignment


def said(
    number: int, start: float, end: float, *, rev: int = 1, final: bool = True, language: str = "en"
) -> Caption:
    text = f"Said {number}."
    stable = len(text) if final else 0
    return Caption(f"u{number}", language, rev, text, stable, final, start, end, "mic", "Ana")


@dataclass
class Readers:
    """What readers of the translation have, once it is checked that they may have it."""

    alignment: Alignment
    shown: dict[str, Caption] = field(default_factory=dict)
    now: float = 0.0

    def look(self) -> None:
        for revision in self.alignment.revisions(self.now):
            before = self.shown.get(revision.id)
            if before is not None:
                assert not before.final, "a final is the last"
                assert revision.rev == before.rev + 1
                assert revision.text.startswith(before.text[: before.stable])
            assert revision.stable == len(revision.text) > 0
            self.shown[revision.id] = revision

    @property
    def texts(self) -> dict[str, str]:
        return {id_: caption.text for id_, caption in self.shown.items()}

    @property
    def finals(self) -> dict[str, str]:
        return {id_: caption.text for id_, caption in self.shown.items() if caption.final}


def spanish(*captions: Caption) -> Readers:
    readers = Readers(Alignment("es"))
    for caption in captions:
        readers.alignment.hear(caption)
    return readers


def test_words_go_to_the_caption_in_whose_time_they_were_heard() -> None:
    readers = spanish(said(1, 0.0, 2.0), said(2, 3.0, 5.0, final=False))
    for text, time in [("Uno", 0.5), (" dos.", 2.8), (" Tres", 3.0), (" cuatro", 4.0)]:
        readers.alignment.say(text, time, 0.0)
    readers.look()
    assert readers.texts == {"u1": "Uno dos.", "u2": "Tres cuatro"}
    assert readers.finals == {"u1": "Uno dos."}, "the words have moved on"
    made = readers.shown["u1"]
    assert (made.start, made.end, made.track, made.speaker) == (0.0, 2.0, "mic", "Ana")
    assert (made.source, made.source_rev, made.untranslated) == ("en", 1, False)


def test_a_word_is_not_torn_apart() -> None:
    readers = spanish(said(1, 0.0, 2.0), said(2, 3.0, 5.0))
    for text, time in [("Bue", 1.0), ("nas, a", 3.1), ("quí", 3.2), (" estamos", 3.3), (".", 9.0)]:
        readers.alignment.say(text, time, 0.0)
    readers.look()
    assert readers.texts == {"u1": "Buenas,", "u2": "aquí estamos."}


def test_scripts_without_spaces_are_parted_between_any_two_characters() -> None:
    readers = Readers(Alignment("ja"))
    readers.alignment.hear(said(1, 0.0, 2.0))
    readers.alignment.hear(said(2, 3.0, 5.0))
    for text, time in [("こんにち", 1.0), ("は", 1.2), ("。始め", 3.1), ("ます", 3.5)]:
        readers.alignment.say(text, time, 0.0)
    readers.look()
    assert readers.texts == {"u1": "こんにちは。", "u2": "始めます"}


def test_words_wait_for_a_caption_that_is_recognised_later() -> None:
    readers = spanish(said(1, 0.0, 2.0, final=False))
    readers.alignment.say("Dos.", 2.0 + BEHIND_S + 0.1, readers.now)
    readers.look()
    assert readers.texts == {}
    assert readers.alignment.due() == LATE_S
    readers.alignment.hear(said(2, 3.0, 5.0, final=False))
    readers.look()
    assert readers.texts == {"u2": "Dos."}


def test_words_for_which_no_caption_comes_go_to_the_one_before() -> None:
    readers = spanish(said(1, 0.0, 2.0, final=False))
    readers.alignment.say("Dos.", 60.0, readers.now)
    readers.now = LATE_S
    readers.look()
    assert readers.texts == {"u1": "Dos."}


def test_a_caption_without_words_says_what_was_said_and_is_marked() -> None:
    readers = spanish(said(1, 0.0, 2.0))
    readers.alignment.heard(1.9)
    readers.now = 100.0
    readers.look()
    assert readers.texts == {}, "its end was not heard yet"
    readers.alignment.heard(2.0)
    readers.look()
    assert readers.alignment.due() == 100.0 + LATE_S
    readers.now += LATE_S
    readers.look()
    assert readers.finals == {"u1": "Said 1."}
    assert readers.shown["u1"].untranslated


def test_what_was_said_before_anybody_heard_takes_no_words() -> None:
    readers = Readers(Alignment("es", 2.0))
    readers.alignment.hear(said(1, 0.0, 2.0))
    readers.alignment.say("Dos.", 3.0, 0.0)
    readers.look()
    assert readers.finals == {"u1": "Said 1."}
    readers.alignment.hear(said(2, 2.5, 4.0, final=False))
    readers.look()
    assert readers.texts == {"u1": "Said 1.", "u2": "Dos."}


def test_what_is_said_in_the_language_needs_no_words() -> None:
    readers = spanish(said(1, 0.0, 1.0, language="es"), said(2, 2.0, 3.0, language="es-MX"))
    readers.alignment.heard(inf)
    readers.look()
    assert readers.finals == {"u2": "Said 2."}
    assert not readers.shown["u2"].untranslated


def test_what_a_predecessor_left_open_is_gone_on_with() -> None:
    readers = spanish()
    source = said(1, 0.0, 2.0)
    open_ = replace(source, language="es", rev=4, text="Uno", stable=3, final=False, source="en")
    readers.shown["u1"] = open_
    readers.alignment.hear(source, open_)
    readers.alignment.say(" dos.", 1.0, 0.0)
    readers.alignment.heard(inf)
    readers.look()
    assert readers.finals == {"u1": "Uno dos."}


def test_a_caption_that_turned_out_to_be_nothing_is_nothing_in_any_language() -> None:
    readers = spanish(replace(said(1, 0.0, 2.0), text="", stable=0))
    readers.alignment.heard(inf)
    readers.look()
    assert readers.texts == {}
    assert readers.alignment.done


@st.composite
def meetings(draw: st.DrawFn) -> tuple[list[list[Caption]], list[tuple[str, float]]]:
    """Captions, each as its revisions, and words with times that never go back."""
    captions, clock = [], 0.0
    for number in range(draw(st.integers(1, 6))):
        start = clock + draw(st.floats(0.0, 4.0))
        clock = start + draw(st.floats(0.0, 6.0))
        revisions = draw(st.integers(1, 3))
        captions.append(
            [
                said(number, start, clock, rev=n + 1, final=n + 1 == revisions)
                for n in range(revisions)
            ]
        )
    times = sorted(draw(st.lists(st.floats(0.0, clock + 5.0), max_size=20)))
    pieces = draw(st.lists(st.sampled_from(["", " "]), min_size=20, max_size=20))
    return captions, [(f"{s}w{n}", t) for n, (s, t) in enumerate(zip(pieces, times, strict=False))]


@given(meetings(), st.randoms(use_true_random=False))
def test_every_word_is_in_one_caption_in_order_and_every_final_ends_in_one_final(
    meeting: tuple[list[list[Caption]], list[tuple[str, float]]], chance: object
) -> None:
    captions, words = meeting
    choose = getattr(chance, "random")  # noqa: B009
    readers = spanish()
    sources = [revision for revisions in captions for revision in revisions]
    waiting = list(words)
    while sources or waiting:
        if sources and (not waiting or choose() < 0.5):
            readers.alignment.hear(sources.pop(0))
        else:
            text, time = waiting.pop(0)
            readers.alignment.say(text, time, readers.now)
        readers.now += choose()
        readers.look()
    readers.alignment.heard(inf)
    readers.alignment.end()
    readers.look()
    assert readers.alignment.done
    assert readers.finals.keys() == {revisions[0].id for revisions in captions}
    made = [readers.shown[revisions[0].id] for revisions in captions]
    told = "".join(caption.text for caption in made if not caption.untranslated)
    assert told.replace(" ", "") == "".join(text for text, _ in words).replace(" ", "")


@given(meetings())
def test_words_that_come_when_everything_is_said_are_where_they_were_heard(
    meeting: tuple[list[list[Caption]], list[tuple[str, float]]],
) -> None:
    captions, words = meeting
    readers = spanish(*[revisions[-1] for revisions in captions])
    for text, time in words:
        readers.alignment.say(f" {text.strip()}", time, 0.0)
    readers.alignment.end()
    readers.alignment.heard(inf)
    readers.look()
    for index, (text, time) in enumerate(words):
        begun = [r[-1] for r in captions if r[-1].start <= time] or [captions[0][-1]]
        assert text.strip() in readers.texts[begun[-1].id].split(), index
