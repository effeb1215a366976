"""What in the models folder is a model, and what is said about the rest."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from captioner.engine.translation import archives
from captioner.engine.translation.packages import models_in
from tests.unit.engine.translation.tiny import cut_off, save_archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "translation"
    place.mkdir()
    return place


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def languages(folder: Path, cache: Path) -> list[tuple[str, str]]:
    return [(model.source, model.target) for model in models_in(folder, cache)]


def copied(package: Path, target: Path, **about: str) -> Path:
    shutil.copytree(package, target)
    metadata = target / "metadata.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | about))
    return target


def test_an_archive_is_unpacked_into_the_cache_once(
    folder: Path, cache: Path, package: Path
) -> None:
    save_archive(folder / "translate-en_de-1_0.argosmodel", package)
    (first,) = models_in(folder, cache)
    assert (first.source, first.target) == ("en", "de")
    assert first.folder.is_relative_to(cache)
    unpacked = {path.relative_to(cache): path.stat().st_ino for path in cache.rglob("*")}
    assert not any("stanza" in str(path) for path in unpacked), "only the model is needed"
    assert list(models_in(folder, cache)) == [first]
    assert {path.relative_to(cache): path.stat().st_ino for path in cache.rglob("*")} == unpacked


def test_an_archive_that_was_replaced_is_unpacked_again(
    folder: Path, cache: Path, package: Path, tmp_path: Path
) -> None:
    archive = folder / "model.argosmodel"
    save_archive(archive, package)
    assert languages(folder, cache) == [("en", "de")]
    save_archive(archive, copied(package, tmp_path / "other", to_code="sv", package_version="1.10"))
    assert languages(folder, cache) == [("en", "sv")]


def test_codes_of_argos_translate_become_language_tags(
    folder: Path, cache: Path, package: Path
) -> None:
    for code in ("zh", "zt", "pb", "fr"):
        copied(package, folder / f"en_{code}", to_code=code)
    found = sorted(target for _, target in languages(folder, cache))
    assert found == ["fr", "pt-BR", "zh-Hans", "zh-Hant"]


def test_names_in_an_archive_lead_nowhere_else(
    folder: Path, cache: Path, package: Path, tmp_path: Path
) -> None:
    archive = folder / "evil.argosmodel"
    save_archive(archive, package)
    link = zipfile.ZipInfo(f"{package.name}/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as out:
        for name in (
            "../escaped",
            f"{package.name}/../../escaped",
            f"{package.name}/model/../../../escaped",
            str(tmp_path / "escaped"),
        ):
            out.writestr(name, b"outside")
        out.writestr(link, "/etc/passwd")
    assert languages(folder, cache) == [("en", "de")]
    assert not list(tmp_path.rglob("escaped"))
    assert not list(cache.rglob("link"))


def test_nothing_is_left_of_an_archive_that_could_not_be_unpacked(
    folder: Path, cache: Path, package: Path
) -> None:
    archive = folder / "half.argosmodel"
    save_archive(archive, package)
    content = bytearray(archive.read_bytes())
    content[5000:5400] = bytes(400)  # the directory at its end is whole, a file is not
    archive.write_bytes(content)
    assert languages(folder, cache) == []
    assert list(cache.iterdir()) == []


def test_an_archive_that_grows_too_much_is_left_out(
    folder: Path, cache: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_archive(folder / "bomb.argosmodel", package)
    monkeypatch.setattr(archives, "LARGEST_BYTES", 10_000)
    assert languages(folder, cache) == []


def rewritten(name: str, text: str) -> Callable[[Path], object]:
    return lambda model: (model / name).write_text(text)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights cut off": (lambda model: cut_off(model / "model/model.bin"), "cut off"),
    "weights of something else": (rewritten("model/model.bin", "<html>" * 99), "no model of"),
    "weights empty": (rewritten("model/model.bin", ""), "cut off"),
    "weights missing": (lambda model: (model / "model/model.bin").unlink(), "No such file"),
    "words missing": (lambda model: (model / "sentencepiece.model").unlink(), "no sentencepiece"),
    "words damaged": (lambda model: cut_off(model / "sentencepiece.model"), "SentencePiece"),
    "vocabulary missing": (
        lambda model: (model / "model/shared_vocabulary.json").unlink(),
        "vocabulary is missing",
    ),
    "metadata no JSON": (rewritten("metadata.json", "{"), "not JSON"),
    "metadata no object": (rewritten("metadata.json", "[]"), "not a JSON object"),
    "metadata empty": (rewritten("metadata.json", "{}"), "names no languages"),
    "no metadata": (lambda model: (model / "metadata.json").unlink(), "not named after two"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_left_out_with_one_line_in_the_log(
    folder: Path, cache: Path, package: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    copied(package, folder / "a whole one", to_code="sv")
    harm, said = DAMAGE[damage]
    harm(copied(package, folder / "damaged"))
    with caplog.at_level(logging.WARNING):
        assert languages(folder, cache) == [("en", "sv")]
    (line,) = [record.getMessage() for record in caplog.records]
    assert str(folder / "damaged") in line
    assert said in line


def test_a_file_that_is_no_archive_is_left_out_with_one_line_in_the_log(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "page.argosmodel").write_text("<html>Not found</html>")
    with zipfile.ZipFile(folder / "photos.argosmodel", "w") as out:
        out.writestr("photo.jpg", b"")
    with caplog.at_level(logging.WARNING):
        assert languages(folder, cache) == []
    page, photos = [record.getMessage() for record in caplog.records]
    assert "page.argosmodel is left out: it is damaged, or no zip file" in page
    assert photos.endswith("photos.argosmodel is left out: it has no metadata.json.")


def test_what_else_lies_in_the_folder_is_nobodys_business(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "README.txt").touch()
    (folder / ".downloading-x").mkdir()
    with caplog.at_level(logging.WARNING):
        assert languages(folder, cache) == []
    assert caplog.records == []
