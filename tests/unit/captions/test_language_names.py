"""Languages by their names."""

from __future__ import annotations

import pytest

from captioner.captions.language_names import language_name, same_language


@pytest.mark.parametrize(
    ("tag", "name"),
    [("de", "German (de)"), ("pt-BR", "Portuguese (pt-BR)"), ("tlh", "tlh"), ("und", "und")],
)
def test_a_language_is_called_by_its_name_and_its_tag(tag: str, name: str) -> None:
    assert language_name(tag) == name


def test_a_language_is_the_same_wherever_it_is_spoken() -> None:
    assert same_language("en-GB", "EN")
    assert not same_language("en", "de")
