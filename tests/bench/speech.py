"""Speech to measure on, what was said in it, and how far a text is from that."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "speech"
RATE = 16_000
CHARACTER_LANGUAGES = frozenset({"ja", "zh", "ko"})

Pcm = npt.NDArray[np.int16]


def load(path: Path, until: float | None = None) -> Pcm:
    """The recording, or its seconds before `until`, as mono 16-bit samples at 16 kHz."""
    samples: npt.NDArray[np.float32] = decode_audio(str(path), sampling_rate=RATE)
    end = None if until is None else round(until * RATE)
    return (np.clip(samples[:end], -1, 1) * 32767).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is said in it, up to the second `until` if that is not all."""

    path: Path
    language: str
    reference: str
    until: float | None = None


def meeting(seconds: int | None = None) -> Clip:
    """The long English meeting, or what of it ends within its first `seconds`."""
    with (SPEECH / "meeting_a_clean.ref.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    said = [row for row in rows if seconds is None or float(row["end"]) <= seconds]
    text = " ".join(row["reference"] for row in said)
    until = None if seconds is None else float(said[-1]["end"])
    return Clip(SPEECH / "meeting_a_clean.opus", "en", text, until)


def clips(language: str) -> list[Clip]:
    """Every recording of one language."""
    with (SPEECH / "manifest.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Clip(SPEECH / row["file"], language, row["reference"])
        for row in rows
        if row["language"] == language and (SPEECH / row["file"]).exists()
    ]


@cache
def _normalizer(language: str) -> Any:
    if language == "en":
        return EnglishTextNormalizer()
    return BasicTextNormalizer(remove_diacritics=True)


def normalize(text: str, language: str) -> str:
    """The text as it is scored: Whisper's normaliser; characters for scripts without spaces."""
    plain: str = _normalizer(language)(unicodedata.normalize("NFC", text))
    if language in CHARACTER_LANGUAGES:
        return " ".join(re.sub(r"\s+", "", plain))
    return plain


def error_rate(references: Sequence[str], texts: Sequence[str], language: str) -> float:
    """Percent of words (characters where there are no words) that are wrong."""
    scored = [normalize(text, language) for text in references]
    heard = [normalize(text, language) for text in texts]
    return 100 * float(jiwer.wer(scored, heard))
