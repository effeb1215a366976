"""What the tests of translation share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from captioner.engine.translation.apertium import MODES, Apertium
from captioner.engine.translation.bergamot import Bergamot
from captioner.engine.translation.translator import Translator
from tests.unit.engine.translation.tiny import save_package

NEEDED = ("eng-spa", "spa-eng", "spa-ita")


@pytest.fixture(scope="session")
def modes() -> Path:
    """Apertium's pairs that the tests need, and no others that may be installed here."""
    missing = [name for name in NEEDED if not (MODES / f"{name}.mode").exists()]
    assert shutil.which("lt-proc") and not missing, (
        "Install Apertium: sudo apt install apertium apertium-eng-spa apertium-spa-ita"
    )
    return MODES


@pytest.fixture(scope="session")
def some_modes(modes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modes")
    for name in NEEDED:
        shutil.copy(modes / f"{name}.mode", folder)
    return folder


@pytest.fixture(scope="session")
def apertium(some_modes: Path) -> Iterator[Apertium]:
    backend = Apertium(some_modes)
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def translator(some_modes: Path) -> Iterator[Translator]:
    """English and Portuguese by a model, English to Spanish to Italian by rules."""
    made = Translator(Bergamot(), Apertium(some_modes))
    yield made
    made.close()


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model from English into German in the layout of Argos Translate. Copy it to change it."""
    folder = tmp_path_factory.mktemp("package") / "translate-en_de-1_0"
    save_package(folder, "en", "de")
    return folder
