"""Who is spoken for by which voice."""

from __future__ import annotations

from captioner.speech.cast import Cast


def test_whoever_is_heard_first_gets_the_best_voice_and_keeps_it() -> None:
    cast = Cast(("alba", "bruno"))
    assert [cast.voice(name) for name in ("Eva", "Juan", "Eva", "Juan")] == [
        "alba",
        "bruno",
        "alba",
        "bruno",
    ]


def test_more_speakers_than_voices_share_them() -> None:
    cast = Cast(("alba", "bruno"))
    assert [cast.voice(name) for name in ("Eva", "Juan", "Luz")] == ["alba", "bruno", "alba"]
