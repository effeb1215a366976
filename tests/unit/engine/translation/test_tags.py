"""Which language of a model serves which language that is asked for."""

from __future__ import annotations

import pytest

from captioner.engine.translation.tags import distance, same_language


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("pt", "pt-BR"),
        ("pt-BR", "pt"),
        ("pt-PT", "pt-BR"),
        ("es-MX", "es"),
        ("es-419", "es"),
        ("EN_us", "en"),
        ("no", "nb"),
        ("iw", "he"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh"),
        ("zh-TW", "zh-Hant"),
        ("sr-Cyrl-RS", "sr"),
        ("ru-Cyrl", "ru"),
    ],
)
def test_a_language_is_served_by_its_dialects(asked: str, offered: str) -> None:
    assert same_language(asked, offered)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("zh-Hant", "zh-Hans"),
        ("zh-Hant", "zh"),
        ("zh-TW", "zh"),
        ("zh", "zh-Hant"),
        ("sr-Latn", "sr"),
        ("nn", "nb"),
        ("es", "en"),
    ],
)
def test_another_language_or_another_script_does_not_serve(asked: str, offered: str) -> None:
    assert not same_language(asked, offered)


def test_the_region_asked_for_comes_before_none_and_none_before_another() -> None:
    distances = [distance("pt-BR", offered) for offered in ("pt-BR", "pt", "pt-PT")]
    assert distances == [0, 1, 2]
    assert distance("en", "en") == 0
    assert distance("en", "en-US") == 1
