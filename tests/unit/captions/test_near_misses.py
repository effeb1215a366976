"""Words that are nearly a term become the term, and no others do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.near_misses import NO_TERMS, NearMisses
from tests.unit.captions.natural import DEMO, NATURAL, TECHNICAL

TERMS = NearMisses(TECHNICAL)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("we use cube flow, as you know", "we use Kubeflow, as you know"),
        ("Post gres and git hub.", "Postgres and GitHub."),
        ("(elastic search)", "(Elasticsearch)"),
        ("the gravana's board", "the Grafana's board"),
        ("Cubernetes and promethious", "Kubernetes and promethious"),
        ("on github’s pages", "on GitHub’s pages"),
        ("Machinelearning is", "Machine learning is"),
        ("tensor flow or pie torch", "TensorFlow or pie torch"),
    ],
)
def test_what_is_nearly_a_term_becomes_it(heard: str, meant: str) -> None:
    assert TERMS.corrected(heard) == meant


@pytest.mark.parametrize(
    "said",
    [
        "Kubernetes, redis and DOCKER",  # a term, in whatever case
        "dockers, Ansible's, terraforming, machine-learning",  # other forms of it
        "console the victor, a doctor transforms",  # common words
        "cube. Flow",  # a sentence ends between them
        "Jenkins is jenkin is",  # no part of a term
        "Nginx",
        "",
    ],
)
def test_other_words_stay(said: str) -> None:
    assert TERMS.corrected(said) == said


def test_numbers_are_not_misheard() -> None:
    assert NearMisses(["Release 2024"]).corrected("release 2025") == "release 2025"


def test_letters_get_their_marks_back() -> None:
    assert NearMisses(["Zürich", "São Paulo"]).corrected("Zurich, sao paulo") == "Zürich, São Paulo"


def test_without_terms_nothing_changes() -> None:
    assert NO_TERMS.corrected("cube flow") == NO_TERMS.settled("cube flow") == "cube flow"


@pytest.mark.parametrize("said", [DEMO, *(text for _, text, _ in NATURAL)])
def test_no_word_that_was_really_said_is_changed(said: str) -> None:
    assert TERMS.corrected(said) == said


PIECES = st.sampled_from(
    [
        "cube",
        " flow",
        "Kuber",
        " ",
        "netes",
        " post",
        " gres",
        "'s",
        ", ",
        "gra",
        "p",
        "hana",
        " is",
    ]
)


@given(st.lists(PIECES, max_size=12), st.integers(0, 60))
def test_what_is_settled_stays_however_the_text_goes_on(pieces: list[str], until: int) -> None:
    text = "".join(pieces).strip()
    assert TERMS.corrected(text).startswith(TERMS.settled(text[:until].rstrip()))


@given(st.text(max_size=40), st.integers(0, 40))
def test_any_text_settles(text: str, until: int) -> None:
    assert TERMS.corrected(text).startswith(TERMS.settled(text[:until]))


def test_terms_of_scripts_without_spaces_are_left_to_the_recogniser() -> None:
    assert NearMisses(["東京都"]).corrected("東京 都へ") == "東京 都へ"


def test_the_nearest_of_two_terms_is_meant() -> None:
    terms = NearMisses(["Kubeflow", "Cubaflow"])
    assert terms.corrected("cube flow, cuba flow") == "Kubeflow, Cubaflow"
