"""What the engine can do with texts, if it is given somebody who can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from captioner.audio.pcm import Samples
from captioner.engine.protocol_error import ProtocolError

INSTALL = "pip install 'captioner[embedded]'"


class Translates(Protocol):
    def translate(
        self, text: str, source: str, target: str, terms: Sequence[tuple[str, str]] = ()
    ) -> str:
        """The text in another language. Blocks; may be called from several threads at once.

        `source`, `target`: BCP 47 tags. `terms`: what must be called what. Raises NoSuchPair where
        it will never know these languages, TranslationUnavailable where it cannot just now.
        """


class Speaks(Protocol):
    def names(self, language: str) -> tuple[str, ...]:
        """The voices for a language, the usual one first; none: it does not speak it."""

    def prepare(self, language: str, voice: str = "") -> None:
        """Begin to load what will speak; soon back. Raises as speaking does."""

    def speak(
        self, text: str, language: str, voice: str = "", speed: float = 1.0
    ) -> Iterator[Samples]:
        """The sound, mono 24 kHz, in pieces of any size as they are made.

        Iterating blocks, and may happen on another thread each time. Raises NoSuchPair and
        TranslationUnavailable as translating does.
        """


@dataclass(frozen=True, slots=True)
class Abilities:
    """None: the engine was not given it."""

    translates: Translates | None = None
    speaks: Speaks | None = None

    def translator(self) -> Translates:
        """Raises ProtocolError, with what to do about it, where there is none."""
        if self.translates is None:
            raise ProtocolError(
                "unsupported", f"This engine does not translate here: {INSTALL} and restart it."
            )
        return self.translates

    def speaker(self) -> Speaks:
        """Raises ProtocolError, with what to do about it, where there is none."""
        if self.speaks is None:
            raise ProtocolError(
                "unsupported", f"This engine does not speak here: {INSTALL} and restart it."
            )
        return self.speaks
