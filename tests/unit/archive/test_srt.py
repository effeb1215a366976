"""The SubRip file."""

from __future__ import annotations

from dataclasses import replace

from captioner.archive import srt
from captioner.captions.model import Caption, Gap


def caption(id: str, text: str, start: float, speaker: str | None) -> Caption:
    return Caption(id, "en", 1, text, len(text), True, start, start + 1.5, "mic", speaker)


def test_cues_are_numbered_and_name_whoever_begins_to_speak() -> None:
    captions = [
        caption("u1", "Good morning.", 1.0, "Ana"),
        caption("u2", "Shall we?", 3.0, "Ana"),
        caption("u4", "A --> B", 5.0, "Ben"),
        caption("u5", "Who is that?", 3600.0, None),
    ]
    assert srt.render(captions, [Gap("en", 9.0, 10.0, "engine_unavailable")], "en") == (
        "1\n00:00:01,000 --> 00:00:02,500\nAna: Good morning.\n"
        "\n"
        "2\n00:00:03,000 --> 00:00:04,500\nShall we?\n"
        "\n"
        "3\n00:00:05,000 --> 00:00:06,500\nBen: A → B\n"
        "\n"
        "4\n01:00:00,000 --> 01:00:01,500\nWho is that?\n"
    )


def test_nothing_said_is_an_empty_file() -> None:
    assert srt.render([], [], "en") == ""


def test_a_second_language_is_below_and_names_nobody_again() -> None:
    hello = caption("u1", "Good morning.", 1.0, "Ana")
    shalom = replace(hello, language="he", text="בוקר טוב.", stable=9)
    assert srt.render([shalom], [], "he", [hello]) == (
        "1\n00:00:01,000 --> 00:00:02,500\n\u2067\u2068Ana\u2069: בוקר טוב.\u2069\nGood morning.\n"
    )
