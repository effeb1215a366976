"""Which of a glossary's terms a text speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.glossary import Term, terms_in

GLOSSARY = (
    Term("learning", {"es": "aprendizaje"}),
    Term("machine learning", {"es": "aprendizaje automático", "pt": "aprendizado de máquina"}),
    Term("Kubeflow", {"es": "Kubeflow", "pt": "Kubeflow"}),
    Term("bus", {"en": "bus", "es": "autobús", "zh": "公交车", "zh-Hant": "公車"}),
    Term("Straße", {"en": "street"}),
    Term("東京", {"en": "Tokyo"}),
    Term("쿠버네티스", {"en": "Kubernetes"}),
    Term("untranslated", {}),
)


def found(text: str, target: str = "es", source: str = "en") -> list[tuple[str, str]]:
    return list(terms_in(text, GLOSSARY, source, target))


def test_terms_are_found_in_whatever_case_longest_first() -> None:
    assert found("KUBEFLOW is about Machine  Learning.") == [
        ("machine learning", "aprendizaje automático"),
        ("Kubeflow", "Kubeflow"),
    ]


def test_only_whole_words_are_terms() -> None:
    assert found("A busy omnibus, a bús") == []
    assert found("The bus's door, (bus)-stop") == [("bus", "autobús")]


def test_a_part_of_a_longer_term_is_a_term_only_where_it_stands_alone() -> None:
    assert found("machine learning") == [("machine learning", "aprendizaje automático")]
    assert ("learning", "aprendizaje") in found("learning machine learning")


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("es-419", "autobús"),
        ("ES", "autobús"),
        ("zh-Hant-TW", "公車"),
        ("zh-Hans", "公交车"),
        ("zh-x-hant", "公交车"),
    ],
)
def test_a_variant_of_a_language_calls_it_as_the_language_does(target: str, called: str) -> None:
    assert found("the bus", target) == [("bus", called)]


def test_a_term_without_a_translation_is_left_out() -> None:
    assert found("untranslated machine learning bus", "pt-BR") == [
        ("machine learning", "aprendizado de máquina")
    ]


def test_a_term_is_known_by_its_name_in_the_language_spoken() -> None:
    assert found("Un autobús.", "en", "es-MX") == [("autobús", "bus")]


def test_letters_that_are_written_in_two_ways_are_the_same() -> None:
    assert found("in der STRASSE", "en", "de") == [("Straße", "street")]
    assert found("un autobu\u0301s", "en", "es") == [("autobús", "bus")]


def test_scripts_without_spaces_have_terms_too() -> None:
    assert found("私は東京に行く", "en", "ja") == [("東京", "Tokyo")]
    assert found("このKubeflowは") == [("Kubeflow", "Kubeflow")]


def test_a_korean_term_may_have_its_particle() -> None:
    assert found("쿠버네티스를 써요", "en", "ko") == [("쿠버네티스", "Kubernetes")]
    assert found("신쿠버네티스", "en", "ko") == []


@given(st.text(), st.lists(st.builds(Term, st.text(), st.just({"es": "x"})), max_size=5))
def test_whatever_is_said_terms_come_once_and_longest_first(
    text: str, glossary: list[Term]
) -> None:
    names = [name for name, _ in terms_in(text, glossary, "en", "es")]
    assert len(set(names)) == len(names)
    assert names == sorted(names, key=len, reverse=True)
