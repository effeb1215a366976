"""What a voice is made with."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.speech.encoder import Encoders
from captioner.speech.shape import Plain, Shapes
from captioner.speech.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class Studio:
    """Whoever speaks, whoever encodes it, and who changes its tempo."""

    synthesizer: Synthesizer
    encoders: Encoders
    shapes: Shapes = Plain
