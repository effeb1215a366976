from __future__ import annotations

import pytest

from captioner.engine.voices.tags import distance


def nearest(wanted: str, *offered: str) -> list[str]:
    """Those of the language, the nearest first."""
    near = [(far, tag) for tag in offered if (far := distance(tag, wanted)) is not None]
    return [tag for _, tag in sorted(near, key=lambda pair: pair[0])]


@pytest.mark.parametrize(
    ("wanted", "offered", "best"),
    [
        ("pt-BR", ["pt", "pt_PT", "pt-br"], "pt-br"),
        ("pt-BR", ["pt-PT", "pt", "es"], "pt"),
        ("es", ["es-419", "es", "es-MX"], "es"),
        ("en-GB", ["en_US", "en-gb-x-rp", "en-gb"], "en-gb"),
        ("zh-Hant-TW", ["zh_CN", "ja"], "zh_CN"),
        ("no", ["da", "nb"], "nb"),
        ("nn-NO", ["da", "no"], "no"),
        ("iw", ["he"], "he"),
    ],
)
def test_the_nearest_of_a_language_is_the_one_with_the_same_region_and_nothing_else(
    wanted: str, offered: list[str], best: str
) -> None:
    assert nearest(wanted, *offered)[0] == best


def test_another_language_is_never_near() -> None:
    assert nearest("de", "nl", "den", "d", "und") == []
