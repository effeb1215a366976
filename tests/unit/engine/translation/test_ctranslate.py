"""Models that somebody put into the folder, by real models of CTranslate2."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece

from captioner.engine.translation.ctranslate import BEAM, Ctranslate
from captioner.engine.translation.pairs import Pair
from captioner.errors import TranslationUnavailable
from tests.unit.engine.translation.tiny import SENTENCES, save_model, save_package, train_pieces


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "translation"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def english_german(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ctranslate]:
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(package, folder / package.name)
    backend = Ctranslate(folder, cache=folder / "cache")
    yield backend
    backend.close()


def directly(
    model: Path, source: Path, target: Path, text: str, *, end: bool = False, prefix: str = ""
) -> str:
    """What CTranslate2 and SentencePiece say themselves."""
    tokens = sentencepiece.SentencePieceProcessor(model_file=str(source)).encode(text, out_type=str)
    (result,) = ctranslate2.Translator(str(model), compute_type="auto").translate_batch(
        [[*tokens, "</s>"] if end else tokens],
        target_prefix=[[prefix]] if prefix else None,
        beam_size=BEAM,
        max_decoding_length=bool(prefix) + 32 + 2 * len(tokens),
        replace_unknowns=True,
    )
    said = result.hypotheses[0][bool(prefix) :]
    return str(sentencepiece.SentencePieceProcessor(model_file=str(target)).decode(said)).strip()


def only_pair(backend: Ctranslate) -> Pair:
    (pair,) = backend.pairs()
    return pair


def test_a_package_of_argos_translate_says_what_its_model_says(
    english_german: Ctranslate, package: Path
) -> None:
    pair = only_pair(english_german)
    assert (pair.source, pair.target, pair.kind) == ("en", "de", "neural")
    pieces = package / "sentencepiece.model"
    for text in SENTENCES:
        expected = directly(package / "model", pieces, pieces, text)
        assert english_german.translate(text, pair) == expected != ""


@pytest.mark.parametrize("adds_end", [False, True])
def test_a_model_of_opus_mt_reads_an_end_and_has_two_ways_to_cut_words(
    folder: Path, adds_end: bool
) -> None:
    """One of its two converters leaves the end to whoever uses the model."""
    model = folder / "en-fi"
    model.mkdir()
    train_pieces(model / "source.spm")
    shutil.copy(model / "source.spm", model / "target.spm")
    save_model(model, model / "source.spm", adds_end=adds_end)
    backend = Ctranslate(folder, cache=folder)
    spoken = directly(
        model, model / "source.spm", model / "target.spm", SENTENCES[0], end=not adds_end
    )
    assert backend.translate(SENTENCES[0], only_pair(backend)) == spoken
    unended = directly(model, model / "source.spm", model / "target.spm", SENTENCES[0])
    assert (spoken == unended) is adds_end
    backend.close()


def test_a_folder_with_one_way_to_cut_words_is_used_without_an_end(folder: Path) -> None:
    model = folder / "en-zh_Hant"
    model.mkdir()
    train_pieces(model / "spm.model")
    save_model(model, model / "spm.model")
    backend = Ctranslate(folder, cache=folder)
    pair = only_pair(backend)
    assert (pair.source, pair.target) == ("en", "zh-Hant")
    spoken = directly(model, model / "spm.model", model / "spm.model", SENTENCES[1])
    assert backend.translate(SENTENCES[1], pair) == spoken
    backend.close()


def test_the_prefix_of_a_package_is_said_to_the_model_and_not_shown(folder: Path) -> None:
    save_package(folder / "en_nb", "en", "nb", prefix="▁meeting")
    backend = Ctranslate(folder, cache=folder)
    pieces = folder / "en_nb" / "sentencepiece.model"
    spoken = directly(folder / "en_nb/model", pieces, pieces, SENTENCES[0], prefix="▁meeting")
    assert backend.translate(SENTENCES[0], only_pair(backend)) == spoken
    backend.close()


def test_threads_get_what_they_would_get_alone(english_german: Ctranslate) -> None:
    pair = only_pair(english_german)
    alone = [english_german.translate(text, pair) for text in SENTENCES]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda text: english_german.translate(text, pair), SENTENCES * 5)
        assert list(together) == alone * 5


def test_a_model_that_cannot_be_loaded_is_no_pair_from_then_on(
    folder: Path, package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(package, folder / "en_de")
    backend = Ctranslate(folder, cache=folder)
    pair = only_pair(backend)
    (folder / "en_de/model/shared_vocabulary.json").write_text("[]")
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(TranslationUnavailable, match="en_de does not work"),
    ):
        backend.translate("Hello", pair)
    assert backend.pairs() == ()
    assert len(caplog.records) == 1


def test_without_a_folder_there_are_no_pairs(tmp_path: Path) -> None:
    assert Ctranslate(tmp_path / "nothing", cache=tmp_path).pairs() == ()
