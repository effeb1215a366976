"""Terms of the glossary come out as given, whatever the translator does."""

from __future__ import annotations

import re

import pytest

from captioner.engine.translation.terms import with_terms


def shouted(text: str) -> str:
    """A translator that leaves alone what it does not know."""
    known = {"the sprint review is on": "LA REVISIÓN ES EL", "friday": "VIERNES"}
    for word, translation in known.items():
        text = re.sub(word, translation, text, flags=re.IGNORECASE)
    return text


def spoilt(text: str) -> str:
    """A translator that spoils every word that it does not know, with its numbers."""
    known = {"the": "el", "budget": "presupuesto", "grows": "crece"}
    words = re.findall(r"\w+|\W+", text)
    return "".join(known.get(w.lower(), w if not w.strip() else "·") for w in words)


def test_a_term_comes_out_as_given() -> None:
    said = with_terms("We met Ana on Friday.", [("ana", "Ana María")], shouted)
    assert said == "We met Ana María on VIERNES."


def test_only_whole_words_are_terms_in_any_case() -> None:
    terms = [("art", "ARTE")]
    assert with_terms("Art, art; start arts art", terms, str) == "ARTE, ARTE; start arts ARTE"


@pytest.mark.parametrize(
    ("term", "said"), [("kim", "KIM"), ("kim", "kım"), ("straße", "Straße"), ("a  b", "A b")]
)
def test_a_term_is_found_however_it_is_written(term: str, said: str) -> None:
    assert with_terms(f"of {said}!", [(term, "it")], str) == "of it!"


def test_the_longest_term_wins() -> None:
    terms = [("sprint", "iteración"), ("sprint review", "revisión")]
    assert with_terms("sprint review, sprint", terms, str) == "revisión, iteración"


def test_scripts_without_spaces_have_terms_inside_their_text() -> None:
    assert with_terms("私は東京に住む", [("東京", "Tokyo")], str) == "私はTokyoに住む"


@pytest.mark.parametrize("term", ["C++", "(beta)", "R&D", "a\\1b", "\\g<0>", "¿qué?"])
def test_terms_may_hold_any_signs(term: str) -> None:
    assert with_terms(f"about {term} again", [(term, term)], str) == f"about {term} again"


def test_what_looks_like_our_mark_is_no_mark() -> None:
    assert with_terms("XQ1 and Ana", [("Ana", "Eva")], str) == "XQ1 and Eva"


def test_where_marks_are_spoilt_the_translators_own_word_is_replaced() -> None:
    assert with_terms("The budget grows", [("budget", "plan")], spoilt) == "el plan crece"


def test_where_its_own_word_is_not_found_the_rest_is_translated_alone() -> None:
    def inflecting(text: str) -> str:
        return "presupuesto" if text == "budget" else spoilt(text).replace("presupuesto", "?")

    said = with_terms("The budget grows, the budget!", [("budget", "plan")], inflecting)
    assert said.count("plan") == 2


def test_a_translator_that_loses_everything_loses_no_term() -> None:
    terms = [("Ana", "Ana"), ("Kubernetes", "Kubernetes")]
    said = with_terms("Ana runs Kubernetes, and Ana helps.", terms, lambda _: "…")
    assert said.count("Ana") == 2
    assert said.count("Kubernetes") == 1


def test_terms_that_are_not_said_change_nothing() -> None:
    terms = [("ana", "Ana"), ("", "nothing"), (" ", "nothing"), ("friday", " ")]
    said = with_terms("On Friday.", terms, shouted)
    assert said == "On VIERNES."
