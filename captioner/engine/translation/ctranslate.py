"""Neural models that somebody put into the models folder, on CTranslate2."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

import ctranslate2
import sentencepiece

from captioner.engine.translation.packages import ModelFiles, models_in
from captioner.engine.translation.pairs import Pair
from captioner.errors import TranslationUnavailable

_log = logging.getLogger(__name__)

BEAM = 2
"""Most of what a wider beam wins, for half of its time."""
THREADS = 2
"""Sentences that one model translates at once; each on one core."""
_LEAST_TOKENS = 32
_END = "</s>"
_TRIAL = "1"
"""What a model is asked first: not all that is wrong with one shows when it is loaded."""


class Ctranslate:
    """A model is loaded when it is first needed, and stays.

    It may be used by several threads at once, and lets others run while it works.
    """

    def __init__(self, folder: Path, *, cache: Path, device: str = "cpu") -> None:
        """`folder` is looked through now; what comes into it later is not seen."""
        self._device = device
        self._models = {
            Pair(files.source, files.target, "neural", origin=files.origin): _Model(files)
            for files in models_in(folder, cache)
        }

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for pair, model in self._models.items() if not model.broken)

    def translate(self, text: str, pair: Pair) -> str:
        model = self._models[pair]
        try:
            return model.loaded(self._device).translate(text)
        except (RuntimeError, ValueError, OSError) as error:
            raise TranslationUnavailable(
                f"The translation model {pair.origin} does not work: {error}"
            ) from error

    def close(self) -> None:
        for model in self._models.values():
            model.unload()


@dataclass(slots=True)
class _Model:
    files: ModelFiles
    broken: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: _Running | None = None

    def loaded(self, device: str) -> _Running:
        with self._lock:
            if self._running is None:
                try:
                    self._running = _Running(self.files, device)
                except (RuntimeError, ValueError, OSError) as error:
                    self.broken = True
                    _log.warning(
                        "The translation model %s is left out: %s.", self.files.origin, error
                    )
                    raise
            return self._running

    def unload(self) -> None:
        with self._lock:
            self._running = None


class _Running:
    def __init__(self, files: ModelFiles, device: str) -> None:
        source, target = files.pieces
        self._source = sentencepiece.SentencePieceProcessor(model_file=str(source))
        self._target = sentencepiece.SentencePieceProcessor(model_file=str(target))
        self._end = [_END] if files.ends else []
        self._prefix = [files.prefix] if files.prefix else []
        self._model = ctranslate2.Translator(
            str(files.folder),
            device=device,
            compute_type="auto",
            inter_threads=THREADS,
            intra_threads=1,
        )
        self.translate(_TRIAL)

    def translate(self, text: str) -> str:
        tokens = self._source.encode(text, out_type=str)
        result = self._model.translate_batch(
            [tokens + self._end],
            target_prefix=[self._prefix] if self._prefix else None,
            beam_size=BEAM,
            max_decoding_length=len(self._prefix) + _LEAST_TOKENS + 2 * len(tokens),
            replace_unknowns=True,
        )[0]
        return str(self._target.decode(result.hypotheses[0][len(self._prefix) :])).strip()
