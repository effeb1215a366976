"""Captions as a WebVTT file."""

from __future__ import annotations

from collections.abc import Iterable

from captioner.archive.direction import shown_lines
from captioner.captions.layout import Cue, layout
from captioner.captions.model import Caption, Gap

_FULL_WIDTH = str.maketrans("&<>", "＆＜＞")


def render(
    captions: Iterable[Caption], gaps: Iterable[Gap], language: str, also: Iterable[Caption] = ()
) -> str:
    """The final captions as cues, under the captions' ids, and a `NOTE gap` for each gap.

    `also`: captions in a second language, shown below.
    """
    blocks = [(cue.start, _cue(cue)) for cue in layout(captions, also)]
    blocks += [(gap.start, _note(gap)) for gap in gaps]
    blocks.sort(key=lambda block: block[0])
    header = f"WEBVTT\nKind: captions\nLanguage: {language}\n"
    return "\n".join([header, *(block for _, block in blocks)])


def _cue(cue: Cue) -> str:
    voice = f"<v {_name(cue.speaker)}>" if cue.speaker else ""
    text = _escaped("\n".join(shown_lines(cue)))
    return f"{cue.id}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{voice}{text}\n"


def _note(gap: Gap) -> str:
    # No `-->` in a note: it would end it.
    reason = " ".join(gap.reason.replace("-->", "→").split())
    return f"NOTE gap {_clock(gap.start)} to {_clock(gap.end)} {reason}\n"


def _name(speaker: str) -> str:
    # Escapes are allowed here too, but ffmpeg takes what follows one for the cue's text.
    return " ".join(speaker.split()).translate(_FULL_WIDTH)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float) -> str:
    total, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}.{milliseconds:03}"
