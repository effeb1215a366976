"""Captions as a TTML document, in the IMSC 1.1 text profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from captioner.archive.direction import is_rtl
from captioner.captions.layout import Cue, layout
from captioner.captions.model import Caption, Gap

_ROOT = {
    "xmlns": "http://www.w3.org/ns/ttml",
    "xmlns:ttp": "http://www.w3.org/ns/ttml#parameter",
    "xmlns:tts": "http://www.w3.org/ns/ttml#styling",
    "xmlns:ttm": "http://www.w3.org/ns/ttml#metadata",
    "ttp:contentProfiles": "http://www.w3.org/ns/ttml/profile/imsc1.1/text",
    "ttp:timeBase": "media",
}
_STYLE = {
    "tts:fontFamily": "proportionalSansSerif",
    "tts:fontSize": "100%",
    "tts:lineHeight": "125%",
    "tts:textAlign": "center",
    "tts:color": "#ffffff",
}
_REGION = {
    "tts:origin": "10% 55%",
    "tts:extent": "80% 40%",
    "tts:displayAlign": "after",
    "tts:overflow": "visible",
}
_BACKGROUND = {"tts:backgroundColor": "#000000c0"}
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEFT = {"tts:direction": "rtl", "tts:unicodeBidi": "embed"}


def render(
    captions: Iterable[Caption], gaps: Iterable[Gap], language: str, also: Iterable[Caption] = ()
) -> str:
    """The final captions as paragraphs under their ids; a translation is a span below.

    The format has no place for gaps.
    """
    cues = layout(captions, also)
    speakers = list(dict.fromkeys(cue.speaker for cue in cues if cue.speaker))
    root = ElementTree.Element("tt", {**_ROOT, "xml:lang": language})
    root.append(_head(speakers))
    body = ElementTree.SubElement(root, "body", {"region": "below", "style": "plain"})
    group = ElementTree.SubElement(body, "div")
    ElementTree.indent(root)
    group.extend(_paragraph(cue, speakers, language) for cue in cues)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _head(speakers: Sequence[str]) -> ElementTree.Element:
    head = ElementTree.Element("head")
    if speakers:
        metadata = ElementTree.SubElement(head, "metadata")
        for number, speaker in enumerate(speakers, 1):
            named = {"xml:id": _agent(number), "type": "person"}
            agent = ElementTree.SubElement(metadata, "ttm:agent", named)
            name = ElementTree.SubElement(agent, "ttm:name", {"type": "full"})
            name.text = _NO_XML.sub("", " ".join(speaker.split()))
    styling = ElementTree.SubElement(head, "styling")
    ElementTree.SubElement(styling, "style", {"xml:id": "plain", **_STYLE})
    ElementTree.SubElement(styling, "style", {"xml:id": "line", **_BACKGROUND})
    regions = ElementTree.SubElement(head, "layout")
    ElementTree.SubElement(regions, "region", {"xml:id": "below", **_REGION})
    return head


def _paragraph(cue: Cue, speakers: Sequence[str], language: str) -> ElementTree.Element:
    """Without space between its parts: that would be text."""
    times = {"begin": _clock(cue.start), "end": _clock(cue.end)}
    paragraph = ElementTree.Element("p", {"xml:id": cue.id, **times})
    if cue.speaker:
        paragraph.set("ttm:agent", _agent(speakers.index(cue.speaker) + 1))
    if is_rtl(cue.language, " ".join(cue.lines)):
        paragraph.set("tts:direction", "rtl")
    for lines, tag in ((cue.lines, cue.language), (cue.below, cue.below_language)):
        for line in lines:
            if len(paragraph):
                ElementTree.SubElement(paragraph, "br")
            span = ElementTree.SubElement(paragraph, "span", _span(line, tag or language, language))
            span.text = _NO_XML.sub("", line)
    paragraph.tail = "\n"
    return paragraph


def _span(line: str, language: str, document: str) -> dict[str, str]:
    told = {"style": "line"} | ({} if language == document else {"xml:lang": language})
    return told | _LEFT if is_rtl(language, line) else told


def _agent(number: int) -> str:
    return f"speaker-{number}"


def _clock(seconds: float) -> str:
    total, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}.{milliseconds:03}"
