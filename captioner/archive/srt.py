"""Captions as a SubRip file."""

from __future__ import annotations

from collections.abc import Iterable

from captioner.archive.direction import shown_lines
from captioner.captions.layout import Cue, layout
from captioner.captions.model import Caption, Gap


def render(
    captions: Iterable[Caption], gaps: Iterable[Gap], language: str, also: Iterable[Caption] = ()
) -> str:
    """The final captions as numbered cues; whoever begins to speak is named.

    `also`: captions in a second language, shown below. The format has no place for gaps and for the
    language.
    """
    blocks = []
    speaker = None
    for number, cue in enumerate(layout(captions, also), 1):
        blocks.append(_block(number, cue, named=cue.speaker != speaker))
        speaker = cue.speaker
    return "\n".join(blocks)


def _block(number: int, cue: Cue, *, named: bool) -> str:
    text = "\n".join(shown_lines(cue, named=named))
    # The format knows no escapes: a line with an arrow would be read as times.
    text = text.replace("-->", "→")
    return f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{text}\n"


def _clock(seconds: float) -> str:
    total, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02},{milliseconds:03}"
