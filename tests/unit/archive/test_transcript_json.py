"""The transcript as JSON."""

from __future__ import annotations

import json

from captioner.archive import transcript_json
from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Gap


def caption(text: str, start: float, final: bool = True) -> Caption:
    return Caption("u1", "es", 1, text, len(text), final, start, start + 1, "mic", "Ana")


def test_finals_and_gaps_are_told_as_on_the_wire_and_by_time() -> None:
    later, earlier = caption("Adiós", 2.0), caption("¡Hola!", 0.0)
    late_gap, early_gap = Gap("es", 9.0, 10.0, "pause"), Gap("es", 5.0, 6.0, "pause")
    unfinished = [caption("Ho", 4.0, final=False), caption("", 5.0)]
    rendered = transcript_json.render([later, earlier, *unfinished], [late_gap, early_gap], "es")
    assert json.loads(rendered) == {
        "language": "es",
        "captions": [to_message(earlier), to_message(later)],
        "gaps": [to_message(early_gap), to_message(late_gap)],
    }
    assert "¡Hola!" in rendered
