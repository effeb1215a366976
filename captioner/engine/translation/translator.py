"""The embedded engine's translator: the best way that this machine has between two languages."""

from __future__ import annotations

import threading
from pathlib import Path

from captioner.captions.words import clean, joined
from captioner.engine.models import default_cache
from captioner.engine.translation.apertium import MODES, Apertium
from captioner.engine.translation.bergamot import Bergamot
from captioner.engine.translation.ctranslate import Ctranslate
from captioner.engine.translation.pairs import Backend, Pair, route, routes
from captioner.engine.translation.punctuation import punctuated
from captioner.engine.translation.sentences import parts, says_something
from captioner.engine.translation.terms import Terms, with_terms
from captioner.errors import NoSuchPair, TranslationUnavailable

_MOST_NAMED = 40


def models_folder(cache: Path | None = None) -> Path:
    """Where people put translation models, and where they are downloaded to."""
    return (cache or default_cache()) / "models" / "translation"


def unpacked_folder(cache: Path | None = None) -> Path:
    """Where archives among them are unpacked."""
    return (cache or default_cache()) / "translation"


class Translator:
    """All that translates here. Blocks; may be used by several threads at once.

    It looks for pairs when it is made, and loads each when it is first needed.
    """

    def __init__(self, *backends: Backend) -> None:
        """Of equally good ways the first backend's is taken."""
        self._backends = backends
        self._lock = threading.Lock()
        self._known: tuple[Pair, ...] = ()
        self._routes: tuple[Pair, ...] = ()

    def pairs(self) -> tuple[Pair, ...]:
        """Every pair that works here, those by way of another language last."""
        direct = self._direct()
        with self._lock:
            if direct != self._known:
                self._known, self._routes = direct, routes(direct)
            return self._routes

    def translate(self, text: str, source: str, target: str, terms: Terms = ()) -> str:
        """The translation of `text`, sentence by sentence; not empty unless `text` is.

        Raises NoSuchPair where there is no way between these languages, TranslationUnavailable
        where there is one that does not work just now.
        """
        direct = self._direct()
        way = route(direct, source, target)
        if not way:
            raise NoSuchPair(self._no_way(source, target))
        try:
            return self._by(way, text, target, terms)
        except TranslationUnavailable:
            if self._direct() == direct:
                raise
        return self.translate(text, source, target, terms)  # without what turned out to be broken

    def close(self) -> None:
        for backend in self._backends:
            backend.close()

    def _by(self, way: tuple[Pair, ...], text: str, target: str, terms: Terms) -> str:
        translation = ""
        for part in parts(clean(text)):
            translation = joined(translation, self._part(part, way, target, terms))
        return clean(translation)

    def _part(self, text: str, way: tuple[Pair, ...], target: str, terms: Terms) -> str:
        def along(words: str) -> str:
            return punctuated(self._along(words, way), words, target)

        return with_terms(text, terms, along)

    def _along(self, text: str, way: tuple[Pair, ...]) -> str:
        """Leg by leg. What has no words, or would be left without any, stays as it is."""
        for pair in way:
            if says_something(text):
                translation = clean(self._backend(pair).translate(text, pair))
                text = translation if says_something(translation) else text
        return text

    def _direct(self) -> tuple[Pair, ...]:
        return tuple(pair for backend in self._backends for pair in backend.pairs())

    def _backend(self, pair: Pair) -> Backend:
        for backend in self._backends:
            if pair in backend.pairs():
                return backend
        raise TranslationUnavailable(f"{pair.origin} does not work any more.")

    def _no_way(self, source: str, target: str) -> str:
        known = [f"{pair.source} to {pair.target}" for pair in self.pairs()]
        if len(known) > _MOST_NAMED:
            known = [*known[:_MOST_NAMED], f"{len(known) - _MOST_NAMED} more"]
        return (
            f"Nothing on this machine translates {source} into {target}. "
            f"It knows: {', '.join(known) or 'no languages yet'}."
        )


def translator(
    *, folder: Path | None = None, cache: Path | None = None, modes: Path = MODES
) -> Translator:
    """A translator over everything that is on this machine.

    `folder`: of the models that people put there; what they put there comes first.
    """
    models = Ctranslate(folder or models_folder(cache), cache=unpacked_folder(cache))
    return Translator(models, Bergamot(), Apertium(modes))
