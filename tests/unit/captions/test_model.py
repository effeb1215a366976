"""What a caption cannot be."""

from __future__ import annotations

import pytest

from captioner.captions.model import Caption


@pytest.mark.parametrize(
    ("stable", "final", "end", "complaint"),
    [
        (6, False, 1.0, "stable 6 outside the text of 5 code points"),
        (4, True, 1.0, "the whole text of a final is stable"),
        (5, True, -1.0, "ends at -1.0, before its start 0.0"),
    ],
)
def test_a_caption_does_not_contradict_itself(
    stable: int, final: bool, end: float, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Caption("u1", "en", 1, "Hello", stable, final, 0.0, end, "mic")


def test_a_final_without_text_is_withdrawn() -> None:
    assert Caption("u1", "en", 2, "", 0, True, 0.0, 1.0, "mic").withdrawn
    assert not Caption("u1", "en", 1, "", 0, False, 0.0, 1.0, "mic").withdrawn
