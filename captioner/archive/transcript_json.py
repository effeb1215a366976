"""Captions as JSON, in the objects that the wire carries."""

from __future__ import annotations

import json
from collections.abc import Iterable

from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Gap


def render(
    captions: Iterable[Caption], gaps: Iterable[Gap], language: str, also: Iterable[Caption] = ()
) -> str:
    """`{"language", "captions", "gaps"}`: the final captions and the gaps, by time.

    `also`: captions in a second language, each behind the one that it translates.
    """
    final = sorted((c for c in [*captions, *also] if c.final and c.text), key=lambda c: c.start)
    transcript = {
        "language": language,
        "captions": [to_message(caption) for caption in final],
        "gaps": [to_message(gap) for gap in sorted(gaps, key=lambda gap: gap.start)],
    }
    return json.dumps(transcript, ensure_ascii=False, indent=1) + "\n"
