"""Right-to-left lines and names among others."""

from __future__ import annotations

import pytest

from captioner.archive.direction import is_rtl, shown_lines
from captioner.captions.layout import Cue

ARABIC, HEBREW = "صباح الخير.", "בוקר טוב."


def cue(*lines: str, language: str, speaker: str | None = None, below: str = "") -> Cue:
    translated = (below,) if below else ()
    return Cue("u1", 0.0, 1.0, lines, speaker, "mic", language, translated, "en" if below else None)


@pytest.mark.parametrize(
    "language", ["ar", "AR-eg", "he", "fa", "ur-PK", "az-Arab", "pa-Arab-PK", "yi"]
)
def test_these_run_to_the_left(language: str) -> None:
    assert is_rtl(language, "Kubernetes 2.0")


@pytest.mark.parametrize("language", ["en", "ar-Latn", "ja", "az", "zh-Hant"])
def test_these_do_not(language: str) -> None:
    assert not is_rtl(language, ARABIC)


def test_an_unknown_language_runs_as_most_of_its_letters() -> None:
    assert is_rtl("und", f"{ARABIC} OK")
    assert not is_rtl("und", "All right, خير")
    assert not is_rtl("und", "12:30")


def test_each_line_that_runs_to_the_left_is_isolated() -> None:
    assert shown_lines(cue(ARABIC, ARABIC, language="ar")) == [f"\u2067{ARABIC}\u2069"] * 2
    assert shown_lines(cue(HEBREW, language="he", below="Good morning.")) == [
        f"\u2067{HEBREW}\u2069",
        "Good morning.",
    ]
    assert shown_lines(cue("Good morning.", language="en")) == ["Good morning."]


@pytest.mark.parametrize(
    ("language", "speaker", "line"),
    [
        ("ar", "Ana", "\u2067\u2068Ana\u2069: x\u2069"),
        ("ar", "دانا", "\u2067دانا: x\u2069"),
        ("en", "دانا", "\u2068دانا\u2069: x"),
        ("en", "Ana  Li", "Ana Li: x"),
        ("en", None, "x"),
    ],
)
def test_a_name_that_runs_the_other_way_is_isolated_in_its_line(
    language: str, speaker: str | None, line: str
) -> None:
    assert shown_lines(cue("x", language=language, speaker=speaker), named=True) == [line]
