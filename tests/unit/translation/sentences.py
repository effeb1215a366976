"""Sentences to translate."""

from __future__ import annotations

from typing import Any

from captioner.translation.translator import Sentence


def sentence(text: str = "The board will meet on Friday.", **fields: Any) -> Sentence:
    return Sentence(text, **{"source": "en", "target": "de", **fields})


TRANSLATION = "Der Vorstand tagt am Freitag."
