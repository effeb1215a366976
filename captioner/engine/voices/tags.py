"""Which of the languages on offer is nearest to the one that is wanted (BCP 47)."""

from __future__ import annotations

from itertools import takewhile

_SAME = {"no": "nb", "nn": "nb", "iw": "he", "in": "id", "mo": "ro", "cmn": "zh"}
"""Languages under an old or a wider tag, and the one that a voice for them speaks."""


def distance(offered: str, wanted: str) -> tuple[int, int] | None:
    """The smaller the nearer; None: another language. Regions and scripts may differ."""
    ours, theirs = _subtags(offered), _subtags(wanted)
    pairs = zip(ours, theirs, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return (len(theirs) - shared, len(ours) - shared) if shared else None


def _subtags(tag: str) -> list[str]:
    language, *rest = tag.lower().replace("_", "-").split("-")
    return [_SAME.get(language, language), *rest]
