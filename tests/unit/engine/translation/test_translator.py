"""The translator over everything: the right way, whole sentences, never nothing."""

from __future__ import annotations

import shutil
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from captioner.engine.translation.bergamot import Bergamot
from captioner.engine.translation.ctranslate import Ctranslate
from captioner.engine.translation.pairs import Pair
from captioner.engine.translation.translator import Translator, models_folder
from captioner.engine.translation.translator import translator as here
from captioner.errors import NoSuchPair, TranslationUnavailable

MEETING = (
    "Let's start with a quick update on the budget for next quarter. "
    "I don't think we should change the deadline without talking to the customer first. "
    "What do you mean by that? "
    "We hired three new engineers and a designer last month."
)
GLOSSARY = [
    ("sprint review", "revisão da sprint"),
    ("Captioner", "Captioner"),
    ("deadline", "data-limite"),
    ("San José", "San José"),
]


class Scripted:
    """A backend that says what it is told to say, or fails."""

    def __init__(self, pair: Pair, answer: str | None) -> None:
        self._pair = pair
        self._answer = answer
        self._works = True

    def pairs(self) -> tuple[Pair, ...]:
        return (self._pair,) if self._works else ()

    def translate(self, text: str, pair: Pair) -> str:
        if self._answer is None:
            self._works = False
            raise TranslationUnavailable("The model is broken.")
        return self._answer

    def close(self) -> None:
        pass


def test_all_ways_through_this_machine_are_known(translator: Translator) -> None:
    found = {(pair.source, pair.target): pair for pair in translator.pairs()}
    assert found.keys() == {
        ("en", "pt-BR"),
        ("pt-BR", "en"),
        ("en", "es"),
        ("es", "en"),
        ("es", "it"),
        ("en", "it"),
        ("pt-BR", "es"),
        ("es", "pt-BR"),
    }
    assert (found["en", "pt-BR"].kind, found["en", "pt-BR"].via) == ("neural", ())
    assert (found["en", "es"].kind, found["en", "es"].via) == ("rules", ())
    assert (found["en", "it"].kind, found["en", "it"].via) == ("rules", ("es",))
    assert (found["pt-BR", "es"].kind, found["pt-BR", "es"].via) == ("rules", ("en",))


@pytest.mark.parametrize(
    ("target", "heard"),
    [
        ("pt", ("orçamento", "prazo", "O que você quer dizer", "no mês passado.")),
        ("pt-PT", ("orçamento", "prazo")),
        ("es-MX", ("presupuesto", "fecha límite", "¿Qué", "tres ingenieros")),
        ("it", ("data limite", "tre ingegneri")),
    ],
)
def test_a_meeting_is_translated_sentence_by_sentence(
    translator: Translator, target: str, heard: tuple[str, ...]
) -> None:
    translation = translator.translate(MEETING, "en-US", target)
    assert [word for word in heard if word not in translation] == []
    assert translation.count(".") == 3
    assert translation.count("?") == 1


def test_what_is_not_finished_gets_no_full_stop(translator: Translator) -> None:
    assert translator.translate("let's start with a quick", "en", "pt")[-1].isalpha()


@pytest.mark.parametrize("text", ["🙂", "...", "—", "?!", "你好", "🎉 🎉", "x", "7"])
@pytest.mark.parametrize("target", ["pt", "es", "it"])
def test_something_is_never_translated_into_nothing(
    translator: Translator, text: str, target: str
) -> None:
    assert translator.translate(text, "en", target).strip()


def test_nothing_is_translated_into_nothing(translator: Translator) -> None:
    assert translator.translate(" \n ", "en", "pt") == ""


def test_a_model_that_says_nothing_leaves_the_sentence_as_it_is() -> None:
    silent = Translator(Scripted(Pair("en", "de", "neural"), " … "))
    assert silent.translate("Hello there.", "en", "de") == "Hello there."


def test_text_goes_in_and_comes_out_composed(translator: Translator) -> None:
    decomposed = unicodedata.normalize("NFD", "A reunião começa às três.")
    translation = translator.translate(decomposed, "pt", "en")
    assert translation == translator.translate("A reunião começa às três.", "pt", "en")
    back = translator.translate("The meeting begins at three.", "en", "pt")
    assert unicodedata.is_normalized("NFC", back)


@pytest.mark.parametrize(
    "text",
    [
        "The sprint review of Captioner is on Friday.",
        "Captioner missed the deadline, so there is no Sprint Review in San José.",
        "captioner, captioner and captioner: deadline!",
        "Is the deadline before the sprint review?",
        "so um deadline",
    ],
)
@pytest.mark.parametrize("target", ["pt", "es", "it"])
def test_terms_come_out_as_given(translator: Translator, text: str, target: str) -> None:
    translation = translator.translate(text, "en", target, GLOSSARY)
    for said, wanted in GLOSSARY:
        assert translation.count(wanted) == text.casefold().count(said.casefold())
    assert "XQ" not in translation


def test_terms_hold_with_a_model_that_makes_a_mess_of_everything(
    package: Path, tmp_path: Path
) -> None:
    shutil.copytree(package, tmp_path / "models" / "en_de")
    messy = Translator(Ctranslate(tmp_path / "models", cache=tmp_path))
    translation = messy.translate("Captioner shows the deadline.", "en", "de", GLOSSARY)
    assert "Captioner" in translation
    assert "data-limite" in translation
    messy.close()


@pytest.mark.parametrize(
    ("source", "target"), [("en", "ja"), ("ja", "en"), ("pt-BR", "pt-PT"), ("en", "en-GB")]
)
def test_an_unknown_pair_is_refused_with_those_that_are_known(
    translator: Translator, source: str, target: str
) -> None:
    with pytest.raises(NoSuchPair, match=rf"{source} into {target}.*en to pt-BR.*es to it"):
        translator.translate("Hello.", source, target)


def test_a_broken_model_is_gone_around() -> None:
    broken = Scripted(Pair("en", "pt", "neural", origin="broken"), None)
    whole = Bergamot()
    both = Translator(broken, whole)
    assert "Bom dia" in both.translate("Good morning.", "en", "pt")
    assert [pair.origin for pair in both.pairs()] == [pair.origin for pair in whole.pairs()]


def test_a_backend_that_fails_is_said() -> None:
    class Failing(Scripted):
        def translate(self, text: str, pair: Pair) -> str:
            raise TranslationUnavailable("Apertium eng-spa failed: it ended")

    failing = Translator(Failing(Pair("en", "es", "rules"), None))
    with pytest.raises(TranslationUnavailable, match="it ended"):
        failing.translate("Hello.", "en", "es")


def test_threads_get_what_they_would_get_alone(translator: Translator) -> None:
    asked = [(f"Room {number} is ready.", to) for number in range(8) for to in ("pt", "es", "it")]
    alone = [translator.translate(text, "en", to) for text, to in asked]
    with ThreadPoolExecutor(6) as threads:
        together = threads.map(lambda one: translator.translate(one[0], "en", one[1]), asked)
        assert list(together) == alone


def test_models_that_people_put_there_come_before_those_that_ship(
    package: Path, tmp_path: Path
) -> None:
    shutil.copytree(package, models_folder(tmp_path) / "en_de")
    made = here(cache=tmp_path, modes=tmp_path / "none")
    found = [(pair.source, pair.target, pair.via) for pair in made.pairs()]
    assert found == [
        ("en", "de", ()),
        ("en", "pt-BR", ()),
        ("pt-BR", "en", ()),
        ("pt-BR", "de", ("en",)),
    ]
    made.close()
