"""A transcript: the newest of everything, in the order it was said."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from captioner.archive.transcript import Transcript
from captioner.captions.model import Caption, Event, Gap, RoomChange


def final(number: int, text: str, *, rev: int = 1, language: str = "en") -> Caption:
    start = float(number)
    return Caption(f"u{number}", language, rev, text, len(text), True, start, start + 1, "mic")


def transcript_of(*events: Event) -> Transcript:
    transcript = Transcript()
    for event in events:
        transcript.add(event)
    return transcript


def test_captions_come_in_the_order_they_were_said() -> None:
    transcript = transcript_of(final(2, "Two."), final(1, "One."))
    assert transcript.captions("en") == (final(1, "One."), final(2, "Two."))


def test_a_correction_replaces_the_final() -> None:
    transcript = transcript_of(final(1, "Won."), final(1, "One.", rev=2), final(1, "Won."))
    assert transcript.captions("en") == (final(1, "One.", rev=2),)


def test_a_withdrawn_caption_is_no_part_of_it() -> None:
    transcript = transcript_of(final(1, "Hm"), final(1, "", rev=2), final(2, "", language="de"))
    assert transcript.captions("en") == ()
    assert transcript.languages == ()


def test_each_language_has_its_own() -> None:
    transcript = transcript_of(final(1, "Hello."), final(1, "Hola.", language="es"))
    assert transcript.languages == ("en", "es")
    assert transcript.captions("es") == (final(1, "Hola.", language="es"),)
    assert transcript.captions("fr") == ()


def test_gaps_are_marked_in_their_language() -> None:
    late, early = Gap("en", 5.0, 6.0, "paused"), Gap("en", 1.0, 2.0, "engine_unavailable")
    transcript = transcript_of(late, early, late, RoomChange("live", ("en",)))
    assert transcript.gaps("en") == (early, late)
    assert transcript.gaps("es") == ()


finals = st.builds(
    lambda number, rev: final(number, f"rev {rev}", rev=rev), st.integers(1, 3), st.integers(1, 4)
)


@given(st.lists(finals, max_size=12), st.randoms())
def test_neither_order_nor_doubles_change_it(events: list[Caption], random: Random) -> None:
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    assert transcript_of(*shuffled).captions("en") == transcript_of(*events).captions("en")


def test_what_was_spoken_has_no_translations() -> None:
    def translated(number: int, text: str, language: str, source: str) -> Caption:
        return replace(final(number, text, language=language), source=source, source_rev=1)

    transcript = transcript_of(
        final(1, "One."),
        translated(1, "Uno.", "es", "en"),
        final(2, "Dos.", language="es"),
        translated(2, "Two.", "en", "es"),
        final(3, "Three."),
        translated(3, "Tres.", "es", "en"),
        final(3, "", rev=2),
    )
    assert [caption.text for caption in transcript.spoken()] == ["One.", "Dos."]
