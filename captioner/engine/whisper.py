"""Whisper on CTranslate2 with an encoder context as short as the audio allows.

faster-whisper pads every clip to 30 s; the encoder then costs the same for one word as for half
a minute. CTranslate2 takes shorter inputs: a context of 10 s costs a ninth at equal word error
rate, provided that it is never shorter than 10 s, that the log-mel is padded with zeros (not the
audio with silence), and that timestamp tokens stay on. Contexts are quantised so that the
allocator sees few shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Samples, TimedText, Word

CONTEXTS_S = (10.0, 12.5, 15.0, 20.0, 30.0)
"""Encoder contexts, in seconds of audio; above 15 s the cost grows faster than the length."""
CONTEXT_MARGIN_S = 1.0
"""Zeros that must follow the audio: without them the decoder repeats itself at the end."""
MEL_FRAMES_PER_S = 100
TIMESTAMP_S = 0.02
"""One timestamp token, and one frame of the encoder's output."""
MAX_TOKENS = 448
"""What the decoder can hold, prompt included."""
_RENAMED = {"jv": "jw", "nb": "no", "fil": "tl", "iw": "he", "cmn": "zh"}
MAX_PROMPT_TOKENS = MAX_TOKENS // 2 - 1


@dataclass(frozen=True, slots=True)
class Search:
    """How to look for the words.

    `context_s`: None takes the shortest. `words`: whether words get times. `repeat`: how many
    tokens in a row may not come twice; 0: any may.
    """

    beam: int = 1
    context_s: float | None = None
    words: bool = True
    repeat: int = 0


class Whisper:
    """One model, shared by all threads; a call blocks until its clips are decoded."""

    def __init__(self, folder: Path, *, device: str, workers: int) -> None:
        self._model = ctranslate2.models.Whisper(
            str(folder),
            device=device,
            compute_type="float16" if device == "cuda" else "int8",
            inter_threads=workers,
            intra_threads=1,
        )
        self._mel = FeatureExtractor(feature_size=self._model.n_mels)
        self._vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def multilingual(self) -> bool:
        """Whether it knows more than English."""
        return bool(self._model.is_multilingual)

    def detect_language(self, clip: Samples) -> tuple[str, float]:
        """The language that is most likely spoken in `clip` (BCP 47), and how likely it is."""
        if not self.multilingual:
            return "en", 1.0
        features = self._features([clip], context_s(clip.size / SAMPLE_RATE))
        token, probability = self._model.detect_language(features)[0][0]
        return token.strip("<|>"), float(probability)

    def decode(
        self, clips: Sequence[Samples], language: str, search: Search, *, prompt: str = ""
    ) -> list[Hypothesis]:
        """Decode clips of one language and prompt in one batch."""
        tokenizer = self._tokenizer(language)
        seconds = [clip.size / SAMPLE_RATE for clip in clips]
        context = search.context_s or context_s(max(seconds))
        encoded = self._model.encode(self._features(clips, context))
        start = self._start(tokenizer, prompt)
        results = self._model.generate(
            encoded,
            [start] * len(clips),
            beam_size=search.beam,
            sampling_temperature=0,
            no_repeat_ngram_size=search.repeat,
            max_length=min(len(start) + max_tokens(max(seconds)), MAX_TOKENS),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed(tokenizer),
        )
        tokens = [result.sequences_ids[0] for result in results]
        words = (
            self._align(tokenizer, encoded, tokens, seconds) if search.words else [()] * len(clips)
        )
        return [
            _hypothesis(tokenizer, result, seconds=length, words=timed)
            for result, length, timed in zip(results, seconds, words, strict=True)
        ]

    def _tokenizer(self, language: str) -> Tokenizer:
        """Kept by language, since its list of signs that are not speech takes 80 look-ups."""
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._vocabulary, self.multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _features(self, clips: Sequence[Samples], seconds: float) -> ctranslate2.StorageView:
        frames = round(seconds * MEL_FRAMES_PER_S)
        mels = np.zeros((len(clips), self._model.n_mels, frames), np.float32)
        for mel, clip in zip(mels, clips, strict=True):
            found = self._mel(_long_enough(clip))[:, :frames]
            mel[:, : found.shape[1]] = found
        return ctranslate2.StorageView.from_array(mels)

    def _start(self, tokenizer: Tokenizer, prompt: str) -> list[int]:
        before: list[int] = []
        if prompt.strip():
            hint = tokenizer.encode(" " + prompt.strip())
            before = [tokenizer.sot_prev, *hint[-MAX_PROMPT_TOKENS:]]
        return [*before, *tokenizer.sot_sequence]

    @staticmethod
    def _suppressed(tokenizer: Tokenizer) -> list[int]:
        """Signs of non-speech annotation, and the tokens that only a prompt may hold."""
        special = (
            tokenizer.transcribe,
            tokenizer.translate,
            tokenizer.sot,
            tokenizer.sot_prev,
            tokenizer.sot_lm,
            tokenizer.no_speech,
        )
        return sorted({*tokenizer.non_speech_tokens, *(s for s in special if s is not None)})

    def _align(
        self,
        tokenizer: Tokenizer,
        encoded: ctranslate2.StorageView,
        tokens: Sequence[list[int]],
        seconds: Sequence[float],
    ) -> list[tuple[Word, ...]]:
        """Times and probabilities of the words, in one parallel pass over what was decoded."""
        spoken = [[token for token in ids if token < tokenizer.eot] for ids in tokens]
        if not any(spoken):
            return [()] * len(tokens)
        frames = [max(round(length * MEL_FRAMES_PER_S), 2) for length in seconds]
        aligned = self._model.align(encoded, tokenizer.sot_sequence, spoken, frames)
        return [
            _timed_words(tokenizer, ids, found) for ids, found in zip(spoken, aligned, strict=True)
        ]


def language_code(tag: str) -> str | None:
    """Whisper's word for the language of a BCP 47 tag; None if it does not know it."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    code = _RENAMED.get(primary, primary)
    return code if code in _LANGUAGE_CODES else None


def context_s(audio_s: float) -> float:
    """The shortest context that holds `audio_s` and the zeros after it."""
    fitting = (context for context in CONTEXTS_S if context >= audio_s + CONTEXT_MARGIN_S)
    return next(fitting, CONTEXTS_S[-1])


def max_tokens(audio_s: float) -> int:
    """More tokens than anybody says in `audio_s`; it ends a loop early."""
    return round(12 + 9 * audio_s)


def _long_enough(clip: Samples) -> Samples:
    """The spectrogram needs half a window on either side to mirror."""
    return clip if clip.size >= 400 else np.pad(clip, (0, 400 - clip.size))


def _hypothesis(
    tokenizer: Tokenizer, result: Any, *, seconds: float, words: tuple[Word, ...]
) -> Hypothesis:
    tokens = result.sequences_ids[0]
    segments = _segments(tokenizer, tokens, seconds)
    return Hypothesis(
        text="".join(segment.text for segment in segments).strip(),
        segments=segments,
        words=words,
        language=tokenizer.language_code,
        no_speech=float(result.no_speech_prob),
        avg_logprob=float(result.scores[0]) * len(tokens) / (len(tokens) + 1),
    )


def _segments(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> tuple[TimedText, ...]:
    """Cut at the timestamp tokens; what they leave open ends where the audio ends."""
    segments: list[TimedText] = []
    start, text = 0.0, list[int]()
    for token in tokens:
        if token < tokenizer.timestamp_begin:
            text.append(token)
            continue
        time = min((token - tokenizer.timestamp_begin) * TIMESTAMP_S, seconds)
        if text:
            segments.append(TimedText(tokenizer.decode(text), start, max(time, start)))
            text = []
        start = time
    if text:
        segments.append(TimedText(tokenizer.decode(text), start, max(seconds, start)))
    return tuple(segments)


def _timed_words(tokenizer: Tokenizer, tokens: Sequence[int], aligned: Any) -> tuple[Word, ...]:
    if not tokens:
        return ()
    texts, token_groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    bounds = np.cumsum([0, *(len(group) for group in token_groups[:-1])])
    times = _token_times(np.array(aligned.alignments))
    probabilities = np.array(aligned.text_token_probs)
    return tuple(
        Word(
            text=text,
            start=float(times[first]),
            end=float(times[last]),
            probability=float(probabilities[first:last].mean()),
        )
        for text, first, last in zip(texts[:-1], bounds[:-1], bounds[1:], strict=True)
    )


def _token_times(path: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Where each token begins, in seconds, from the (token, frame) pairs of the warping path."""
    first_of_token = np.diff(path[:, 0], prepend=-1) > 0
    times: npt.NDArray[np.float64] = path[first_of_token, 1] * TIMESTAMP_S
    return times
