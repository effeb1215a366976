"""Captions that are to be said, and somebody who says them by the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from captioner.captions.model import Caption
from captioner.speech.plan import Part, Plan


def caption(
    number: int,
    text: str,
    *,
    start: float | None = None,
    end: float | None = None,
    rev: int = 1,
    stable: int | None = None,
    correction: bool = False,
    speaker: str | None = None,
    language: str = "es",
    track: str = "mic",
) -> Caption:
    """A revision of `u<number>`: a final, unless it says how much of it is `stable`."""
    start = float(number) if start is None else start
    final = stable is None
    return Caption(
        f"u{number}",
        language,
        rev,
        text,
        len(text) if stable is None else stable,
        final,
        start,
        start + 1.0 if end is None else end,
        track,
        speaker,
        correction,
    )


def texts(plan: Plan) -> list[str]:
    """All that can be said now, in its order."""
    parts = iter(plan.take, None)
    return [part.text for part in parts]


@dataclass
class Said:
    part: Part
    begin: float
    end: float
    tempo: float

    @property
    def lag(self) -> float:
        return self.begin - self.part.end


@dataclass
class Speech:
    """What was said of a meeting, and what was not."""

    said: list[Said] = field(default_factory=list)
    skipped: list[Caption] = field(default_factory=list)

    def of(self, id: str) -> str:
        """What was said of a caption, without spaces."""
        return "".join(
            "".join(one.part.text.split()) for one in self.said if one.part.caption.id == id
        )


def speak(
    meeting: Iterable[tuple[float, Caption]], length: Callable[[Part], float], plan: Plan
) -> Speech:
    """Say by the plan what is heard: at a time, a revision. `length`: of a part, in seconds."""
    coming = sorted(meeting, key=lambda heard: heard[0])
    speech, now = Speech(), 0.0
    while True:
        while coming and coming[0][0] <= now:
            plan.hear(coming.pop(0)[1])
        speech.skipped += plan.skip(now)
        if part := plan.take():
            tempo = plan.tempo(part, now)
            end = now + length(part) / tempo
            speech.said.append(Said(part, now, end, tempo))
            now = end
        elif coming:
            now = coming[0][0]
        else:
            return speech
