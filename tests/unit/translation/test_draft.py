"""A caption in another language, from its first clause to its final."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.model import Caption, Phrase
from captioner.captions.segments import sentences
from captioner.captions.words import joined
from captioner.translation.draft import LONG, Draft, is_translated

SPOKEN = "So we begin. The budget, as you know, is late, and nobody has read it. Questions?"


def spoken(text: str, stable: int | None = None, rev: int = 1, *, final: bool = False) -> Caption:
    stable = len(text) if final or stable is None else stable
    return Caption("u1", "en", rev, text, stable, final, 1.0, 9.0, "mic", "Ana")


def shouted(text: str) -> str:
    """A translation that can be told from what it translates."""
    return text.upper()


def worked(draft: Draft) -> list[Caption]:
    """What readers see while all that can be translated is."""
    revisions = []
    while (piece := draft.next()) is not None:
        draft.take(piece, shouted(piece.text))
        revisions += [draft.revision()]
    revisions += [draft.revision()]
    return [revision for revision in revisions if revision is not None]


def test_a_final_is_translated_sentence_by_sentence() -> None:
    draft = Draft("es", spoken(SPOKEN, final=True))
    pieces = []
    while (piece := draft.next()) is not None:
        pieces.append(piece.text)
        draft.take(piece, shouted(piece.text))
    assert pieces == [SPOKEN[span.start : span.end] for span in sentences(SPOKEN)]
    final = draft.revision()
    assert final is not None
    assert (final.id, final.language, final.text) == ("u1", "es", SPOKEN.upper())
    assert (final.start, final.end, final.track, final.speaker) == (1.0, 9.0, "mic", "Ana")
    assert (final.source, final.source_rev, final.final) == ("en", 1, True)
    assert draft.done
    assert draft.revision() is None


def test_a_sentence_that_is_over_stays_while_the_next_is_spoken() -> None:
    draft = Draft("es", spoken("So we begin. The budget, as you"))
    (*_, last) = worked(draft)
    assert last.text == "SO WE BEGIN. THE BUDGET,"
    assert last.text[: last.stable] == "SO WE BEGIN."


def test_the_clauses_of_the_sentence_that_is_spoken_are_translated_as_they_come() -> None:
    draft = Draft("es", spoken("The budget"))
    assert worked(draft) == []
    draft.hear(spoken("The budget, as you know, is", rev=2))
    (first,) = worked(draft)
    assert (first.text, first.stable) == ("THE BUDGET, AS YOU KNOW,", 0)
    draft.hear(spoken("The budget, as you know, is late, and", rev=3))
    (second,) = worked(draft)
    assert (second.text, second.stable, second.rev) == ("THE BUDGET, AS YOU KNOW, IS LATE,", 0, 2)


def test_words_that_may_still_change_are_not_translated() -> None:
    draft = Draft("es", spoken("So we begin. And then, well", stable=3))
    assert worked(draft) == []


def test_a_sentence_that_goes_on_for_long_is_settled_by_clauses() -> None:
    clause = "and there is a lot to say about it before anybody can go home, "
    draft = Draft("es", spoken(clause * 3 + "and"))
    (*_, last) = worked(draft)
    assert last.stable >= LONG


def test_a_withdrawn_caption_is_withdrawn() -> None:
    draft = Draft("es", spoken("The budget, as"))
    worked(draft)
    draft.hear(replace(spoken("", rev=2, final=True), stable=0))
    (final,) = worked(draft)
    assert final.withdrawn


def test_nothing_is_said_of_a_withdrawn_caption_that_nobody_saw() -> None:
    draft = Draft("es", spoken("", final=True))
    assert draft.done
    assert worked(draft) == []


def test_a_correction_is_translated_anew_and_shown_when_it_is_all_there() -> None:
    draft = Draft("es", spoken("We begin. Now.", final=True))
    (*_, before) = worked(draft)
    corrected = replace(spoken("We began. Then.", rev=2, final=True), correction=True)
    draft = Draft("es", corrected, before)
    (after,) = worked(draft)
    assert (after.text, after.rev, after.correction) == ("WE BEGAN. THEN.", before.rev + 1, True)
    assert is_translated(after, corrected)


def test_what_readers_saw_as_stable_is_ended_before_it_is_corrected() -> None:
    draft = Draft("es", spoken("So we begin. The budget, as you"))
    (*_, before) = worked(draft)
    draft.hear(replace(spoken("We began.", rev=3, final=True), correction=True))
    closed, corrected = worked(draft)
    assert (closed.text, closed.final, closed.correction) == (
        before.text[: before.stable],
        True,
        False,
    )
    assert (corrected.text, corrected.correction, corrected.rev) == (
        "WE BEGAN.",
        True,
        before.rev + 2,
    )


def test_the_translation_of_what_was_corrected_meanwhile_is_thrown_away() -> None:
    draft = Draft("es", spoken("We begin.", final=True))
    piece = draft.next()
    assert piece is not None
    draft.hear(replace(spoken("We began.", rev=2, final=True), correction=True))
    draft.take(piece, "WE BEGIN.")
    assert [revision.text for revision in worked(draft)] == ["WE BEGAN."]


def test_a_persons_correction_of_the_translation_stays() -> None:
    source = spoken("We begin.", final=True)
    draft = Draft("es", source)
    (*_, made) = worked(draft)
    human = replace(made, rev=made.rev + 1, text="Empezamos.", stable=10, correction=True)
    assert is_translated(human, source)
    assert Draft("es", source, human).next() is None


def test_a_translation_that_was_given_up_is_tried_again_by_the_next_session() -> None:
    source = spoken("We begin.", final=True)
    draft = Draft("es", source)
    piece = draft.next()
    assert piece is not None
    draft.take(piece, piece.text, untranslated=True)
    given_up = draft.revision()
    assert given_up is not None and given_up.untranslated and given_up.text == "We begin."
    assert not is_translated(given_up, source)
    (made,) = worked(Draft("es", source, given_up))
    assert (made.text, made.correction, made.untranslated) == ("WE BEGIN.", True, False)


def test_phrases_follow_the_times_of_the_sentences() -> None:
    source = replace(
        spoken("So we begin. Now.", final=True),
        phrases=(Phrase(12, 1.0, 4.0), Phrase(17, 6.0, 9.0)),
    )
    (*_, final) = worked(Draft("es", source))
    assert [(p.until, p.start, p.end) for p in final.phrases] == [(12, 1.0, 4.0), (17, 6.0, 9.0)]


WORDS = st.sampled_from(
    ["we", "begin.", "the", "budget,", "and", "late;", "It", "no?", "of", "Mr."]
)


def revisions_of(words: list[str], counts: list[int]) -> Iterator[Caption]:
    """A caption as it grows, its last word never stable before its final."""
    text = " ".join(words)
    for rev, count in enumerate(sorted(counts), 1):
        shown = " ".join(words[:count])
        stable = len(" ".join(words[: max(count - 1, 0)]))
        yield spoken(shown, stable, rev)
    yield spoken(text, rev=len(counts) + 1, final=True)


@given(
    words=st.lists(WORDS, min_size=1, max_size=40),
    counts=st.lists(st.integers(0, 40), max_size=8),
    deaths=st.sets(st.integers(0, 8)),
)
def test_what_is_stable_stays_and_the_final_is_the_translation_of_every_sentence(
    words: list[str], counts: list[int], deaths: set[int]
) -> None:
    draft: Draft | None = None
    seen: list[Caption] = []
    for number, source in enumerate(revisions_of(words, counts)):
        if draft is None or number in deaths:  # another process goes on
            draft = Draft("es", source, seen[-1] if seen else None)
        draft.hear(source)
        seen += worked(draft)
    for before, after in zip(seen, seen[1:], strict=False):
        assert after.rev == before.rev + 1
        assert after.text.startswith(before.text[: before.stable])
        assert after.stable >= before.stable
    assert [caption.final for caption in seen] == [False] * (len(seen) - 1) + [True]
    assert not any(caption.correction for caption in seen)
    final = ""
    if not deaths:
        for span in sentences(" ".join(words)):
            final = joined(final, shouted(" ".join(words)[span.start : span.end]))
        assert seen[-1].text == final
