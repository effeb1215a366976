"""English and Portuguese, by the real models."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from captioner.engine.translation.bergamot import Bergamot
from captioner.engine.translation.pairs import Pair


@pytest.fixture(scope="module")
def bergamot() -> Iterator[Bergamot]:
    backend = Bergamot()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def pairs(bergamot: Bergamot) -> dict[str, Pair]:
    return {pair.source: pair for pair in bergamot.pairs()}


def test_it_knows_english_and_brazilian_portuguese(pairs: dict[str, Pair]) -> None:
    assert {(pair.source, pair.target, pair.kind) for pair in pairs.values()} == {
        ("en", "pt-BR", "neural"),
        ("pt-BR", "en", "neural"),
    }


def test_in_the_is_not_made_a_not(bergamot: Bergamot, pairs: dict[str, Pair]) -> None:
    said = "We hired three new engineers and a designer last month."
    translation = bergamot.translate(said, pairs["en"])
    assert "no mês passado" in translation
    assert "não" not in translation


def test_both_directions_translate(bergamot: Bergamot, pairs: dict[str, Pair]) -> None:
    assert "quer dizer" in bergamot.translate("What do you mean by that?", pairs["en"])
    assert "mean" in bergamot.translate("O que você quer dizer com isso?", pairs["pt-BR"])


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("We’re done with the budget.", "We're done with the budget."),
        ("He said “yes” and left.", 'He said "yes" and left.'),
        ("We met — finally — on Friday.", "We met - finally - on Friday."),
        ("So… the budget is ready.", "So... the budget is ready."),
    ],
)
def test_printers_signs_are_read_as_those_of_a_keyboard(
    bergamot: Bergamot, pairs: dict[str, Pair], printed: str, typed: str
) -> None:
    assert bergamot.translate(printed, pairs["en"]) == bergamot.translate(typed, pairs["en"])


def test_threads_get_what_they_would_get_alone(bergamot: Bergamot, pairs: dict[str, Pair]) -> None:
    said = [f"The release has been delayed by {number} weeks." for number in range(2, 18)]
    alone = [bergamot.translate(sentence, pairs["en"]) for sentence in said]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda text: bergamot.translate(text, pairs["en"]), said))
    assert together == alone


def test_it_is_loaded_again_after_it_was_closed(pairs: dict[str, Pair]) -> None:
    backend = Bergamot()
    first = backend.translate("Good morning.", pairs["en"])
    backend.close()
    assert backend.translate("Good morning.", pairs["en"]) == first
