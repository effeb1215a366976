"""eSpeak NG: a voice for some 120 languages, plainly a machine's, in 30 ms.

It is a program of its own under the GPL. The text goes in at its standard input and the sound
comes out at its standard output; nothing of it is linked or imported.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, from_floats, to_floats
from captioner.audio.resample import Resampler
from captioner.engine.voices.tags import distance
from captioner.engine.voices.voice import Sound, Voice
from captioner.errors import TranslationUnavailable

PROGRAM = "espeak-ng"
REMEDY = f"apt install {PROGRAM}"
SPEAKERS = ("", "+f2", "+m3", "+f5", "+m1", "+f1")
"""Variants of each accent, the plain one a man's. Of the 14 that are numbered these are understood

best: of what they say in English, German, Italian and Spanish, Whisper base takes 18 (plain), 36,
26, 42, 22 and 45 words in a hundred for others; of `+f3` and `+f4` it takes 50.
"""
UNINTELLIGIBLE = ("ja", "cmn", "fa-latn")
"""They say "Chinese letter" for each kanji, read pinyin as if it were English, where

`cmn-latn-pinyin` does not, and know Persian in Latin letters only.
"""

_WORDS_A_MINUTE = 175
"""Its usual speed."""
_WAV_HEADER = 44
_RATE_AT = 24
_PIECE = 4410
"""Bytes, at its rate 100 ms."""
_LONGEST_LISTING_S = 30.0


@dataclass(frozen=True, slots=True)
class Accent:
    """A line of `espeak-ng --voices`. `tags`: the languages that it is for, the smaller the rank

    of one the better.
    """

    name: str
    tags: tuple[tuple[str, int], ...]

    def fitness(self, language: str) -> tuple[int, int, int] | None:
        """The smaller the better; None: it is another language's."""
        near = ((distance(tag, language), rank) for tag, rank in self.tags)
        return min(((*far, rank) for far, rank in near if far is not None), default=None)


class Espeak:
    """The program where it is installed."""

    def __init__(self, program: str, accents: tuple[Accent, ...]) -> None:
        self._program = program
        self._accents = accents

    @classmethod
    def find(cls) -> Espeak | None:
        """None where it is not installed, or does not work."""
        program = shutil.which(PROGRAM)
        if program is None:
            return None
        try:
            listing = subprocess.run(
                [program, "--voices"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST_LISTING_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return cls(program, tuple(accents(listing.stdout.decode(errors="replace"))))

    @property
    def summary(self) -> str:
        languages = {accent.tags[0][0].partition("-")[0] for accent in self._accents}
        return f"{PROGRAM} for {len(languages)} languages"

    def voices(self, language: str) -> tuple[Voice, ...]:
        fitting = [(fit, each) for each in self._accents if (fit := each.fitness(language))]
        ordered = [accent for _, accent in sorted(fitting, key=lambda pair: pair[0])]
        return tuple(
            Voice(accent.name + speaker, accent.tags[0][0], PROGRAM, quality=0)
            for accent in ordered
            for speaker in SPEAKERS
        )

    def prepare(self, voice: Voice) -> None:
        """It is ready in 10 ms."""

    def speak(self, text: str, voice: Voice, speed: float = 1.0) -> Sound:
        with self._started(voice, round(_WORDS_A_MINUTE * speed)) as process:
            try:
                _say(process, text)
                yield from _sound(process.stdout)
                _check(process)
            finally:
                process.kill()

    def close(self) -> None:
        """Every sentence is a process of its own, which ends with it."""

    def _started(self, voice: Voice, words_a_minute: int) -> subprocess.Popen[bytes]:
        command = [self._program, "--stdin", "--stdout", "-z", "-b", "1"]
        try:
            return subprocess.Popen(
                [*command, "-s", str(words_a_minute), "-v", voice.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TranslationUnavailable(
                f"{PROGRAM} cannot be started: {error.strerror}"
            ) from error


def accents(listing: str) -> Iterator[Accent]:
    """What `espeak-ng --voices` prints below its head, without those that nobody understands."""
    left_out = set(UNINTELLIGIBLE)
    for line in listing.splitlines()[1:]:
        rank, tag, _gender, _title, _file, *others = line.split(maxsplit=5)
        if tag not in left_out:
            left_out.add(tag)
            more = re.findall(r"\((\S+) (\d+)\)", " ".join(others))
            yield Accent(tag, ((tag, int(rank)), *((other, int(rank)) for other, rank in more)))


def _say(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    # Where it has ended already, `_check` says why.
    with suppress(BrokenPipeError):
        # Two brackets would begin phonemes.
        process.stdin.write(text.replace("[[", "[ [").encode())
    with suppress(BrokenPipeError):
        process.stdin.close()


def _sound(output: IO[bytes] | None) -> Sound:
    assert output is not None
    header = output.read(_WAV_HEADER)
    if len(header) < _WAV_HEADER:
        return
    (rate,) = struct.unpack_from("<I", header, _RATE_AT)
    resampler = Resampler(rate, SAMPLE_RATE)
    while data := output.read(_PIECE):
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16, copy=False)
        yield from_floats(resampler.feed(to_floats(samples)))
    yield from_floats(resampler.flush())


def _check(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace").strip()
    if process.wait() != 0:
        raise TranslationUnavailable(f"{PROGRAM} failed: {said or process.returncode}")
