"""The transcript to read."""

from __future__ import annotations

from dataclasses import replace

from captioner.archive import text
from captioner.captions.model import Caption, Gap


def caption(
    words: str, start: float, end: float, speaker: str | None = None, track: str = "mic"
) -> Caption:
    return Caption("u1", "en", 1, words, len(words), True, start, end, track, speaker)


def test_paragraphs_end_where_the_speaker_changes_pauses_or_is_lost() -> None:
    captions = [
        caption("Good morning.", 0.0, 1.0, "Ana"),
        caption("Shall we begin?", 1.5, 2.5, "Ana"),
        caption("Yes.", 3.0, 3.5, "Ben"),
        caption("First point.", 6.0, 7.0, "Ben"),
        caption("And", 95.0, 96.0, "Ben"),
    ]
    gap = Gap("en", 8.0, 94.2, "engine_unavailable")
    assert text.render(captions, [gap], "en") == (
        "Ana: Good morning. Shall we begin?\n"
        "\n"
        "Ben: Yes.\n"
        "\n"
        "Ben: First point.\n"
        "\n"
        "[0:08–1:34 not captioned]\n"
        "\n"
        "Ben: And\n"
    )


def test_scripts_without_spaces_are_joined_without_spaces() -> None:
    captions = [caption("今日は。", 0.0, 1.0), caption("明日も。", 1.5, 2.0)]
    assert text.render(captions, [], "ja") == "今日は。明日も。\n"


def test_what_is_open_or_withdrawn_is_not_told() -> None:
    still_open = Caption("u1", "en", 1, "Hel", 3, False, 0.0, 1.0, "mic")
    assert text.render([still_open, caption("", 0.0, 1.0)], [], "en") == ""


def test_a_second_language_has_lines_of_its_own_below_each_paragraph() -> None:
    english = [
        replace(caption("Good morning.", 0.0, 1.0, "Ana"), id="u1"),
        replace(caption("Shall we begin?", 1.5, 2.5, "Ana"), id="u2"),
        replace(caption("Yes.", 3.0, 3.5, "Ben"), id="u3"),
    ]
    spanish = [
        replace(english[0], language="es", text="Buenos días.", stable=12),
        replace(english[1], language="es", text="¿Empezamos?", stable=11),
        replace(english[2], id="u4", language="es", text="Sí.", stable=3, start=9.0, end=9.5),
    ]
    assert text.render(english, [], "en", spanish) == (
        "Ana: Good morning. Shall we begin?\n"
        "Ana: Buenos días. ¿Empezamos?\n"
        "\n"
        "Ben: Yes.\n"
        "\n"
        "Ben: Sí.\n"
    )
