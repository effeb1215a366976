"""The TTML document, as XML and as the IMSC 1.1 text profile wants it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from captioner.archive import ttml
from captioner.captions.layout import layout
from captioner.captions.model import Caption

TT = "{http://www.w3.org/ns/ttml}"
TTM = "{http://www.w3.org/ns/ttml#metadata}"
TTP = "{http://www.w3.org/ns/ttml#parameter}"
TTS = "{http://www.w3.org/ns/ttml#styling}"
XML = "{http://www.w3.org/XML/1998/namespace}"


def caption(
    id: str, text: str, start: float, end: float, language: str = "en", speaker: str | None = "Ana"
) -> Caption:
    return Caption(id, language, 1, text, len(text), True, start, end, "mic", speaker)


MEETING = [
    caption("u1", "If a < b & c", 1.0, 2.5),
    caption("u17", "the first line of two lines and the second line", 3601.0, 3604.0, speaker=None),
]


def paragraphs(document: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(document.encode()).iter(f"{TT}p"))


def lines(paragraph: ElementTree.Element) -> list[str]:
    return [span.text or "" for span in paragraph.iter(f"{TT}span")]


def test_a_document_names_its_profile_and_language() -> None:
    root = ElementTree.fromstring(ttml.render([], [], "pt-BR").encode())
    assert root.tag == f"{TT}tt"
    assert root.get(f"{XML}lang") == "pt-BR"
    assert root.get(f"{TTP}contentProfiles") == "http://www.w3.org/ns/ttml/profile/imsc1.1/text"
    assert [child.tag for child in root] == [f"{TT}head", f"{TT}body"]
    assert not list(root.iter(f"{TT}p"))


def test_what_is_referred_to_is_there() -> None:
    root = ElementTree.fromstring(ttml.render(MEETING, [], "en").encode())
    known = {element.get(f"{XML}id"): element.tag for element in root.iter()}
    for element in root.iter():
        for name, tag in (
            ("region", f"{TT}region"),
            ("style", f"{TT}style"),
            (f"{TTM}agent", f"{TTM}agent"),
        ):
            if reference := element.get(name):
                assert known[reference] == tag


def test_cues_are_paragraphs_with_times_to_the_millisecond() -> None:
    first, second = paragraphs(ttml.render(MEETING, [], "en"))
    assert (first.get(f"{XML}id"), first.get("begin"), first.get("end")) == (
        "u1",
        "00:00:01.000",
        "00:00:02.500",
    )
    assert lines(first) == ["If a < b & c"]
    assert (second.get(f"{XML}id"), second.get("begin")) == ("u17", "01:00:01.000")
    assert lines(second) == ["the first line of two lines", "and the second line"]
    assert len(second.findall(f"{TT}br")) == 1


def test_a_speaker_is_an_agent() -> None:
    root = ElementTree.fromstring(ttml.render(MEETING, [], "en").encode())
    assert [name.text for name in root.iter(f"{TTM}name")] == ["Ana"]
    assert [p.get(f"{TTM}agent") for p in root.iter(f"{TT}p")] == ["speaker-1", None]


def test_a_translation_is_below_with_its_language_and_direction() -> None:
    also = [caption("u1", "إذا كان", 1.0, 2.5, "ar")]
    first, second = paragraphs(ttml.render(MEETING, [], "en", also))
    english, arabic = first.iter(f"{TT}span")
    assert (english.get(f"{XML}lang"), arabic.get(f"{XML}lang")) == (None, "ar")
    assert (english.get(f"{TTS}direction"), arabic.get(f"{TTS}direction")) == (None, "rtl")
    assert len(second.findall(f"{TT}span")) == 2


def test_a_document_that_runs_to_the_left_says_so() -> None:
    [paragraph] = paragraphs(ttml.render([caption("u1", "נכון", 0.0, 1.0, "he")], [], "he"))
    assert paragraph.get(f"{TTS}direction") == "rtl"


@given(
    st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.none() | st.text(min_size=1)),
        max_size=4,
    )
)
def test_whatever_is_said_is_well_formed(said: list[tuple[str, str | None]]) -> None:
    captions = [
        caption(f"u{number}", text, number * 5, number * 5 + 4, speaker=speaker)
        for number, (text, speaker) in enumerate(said)
    ]
    found = paragraphs(ttml.render(captions, [], "en"))
    ids = [paragraph.get(f"{XML}id") or "" for paragraph in found]
    assert ids == [cue.id for cue in layout(captions)]
    assert all(re.fullmatch(r"u\d+(\.\d+)?", id) for id in ids)
