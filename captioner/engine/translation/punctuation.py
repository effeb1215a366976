"""How a translated sentence begins and ends: as the one it was made of."""

from __future__ import annotations

import re

from captioner.engine.translation.tags import parsed

_END = re.compile(r"[.!?…。！？؟।]+(?=[\"'”’»)\]」』）]*\Z)")
_FULL_WIDTH = {".": "。", "!": "！", "?": "？"}
_FULL_WIDTH_LANGUAGES = frozenset({"zh", "ja", "yue"})
_INVERTED_LANGUAGES = frozenset({"es", "ast", "an"})
_INVERTED = {"?": "¿", "!": "¡"}


def punctuated(translation: str, sentence: str, target: str) -> str:
    """The translation of `sentence`, with its end mark and its capital.

    Models add full stops to what is not finished, and lose them where it is.
    """
    language = parsed(target).language
    text = _with_end_of(sentence, translation.strip(), language)
    text = _inverted(text) if language in _INVERTED_LANGUAGES else text.lstrip("¿¡ ")
    if sentence[:1].isupper() and text[:1].islower():
        text = text[:1].upper() + text[1:]
    return text


def _with_end_of(sentence: str, text: str, language: str) -> str:
    wanted, there = _END.search(sentence), _END.search(text)
    if wanted is None:
        return text[: there.start()].rstrip() if there and there[0] in (".", "。") else text
    if there is not None:
        return text
    mark = wanted[0]
    if language in _FULL_WIDTH_LANGUAGES:
        mark = _FULL_WIDTH.get(mark, mark)
    return text.rstrip(",;:") + mark


def _inverted(text: str) -> str:
    """Spanish opens its questions and exclamations; rules from English forget that."""
    mark = _INVERTED.get(text[-1:])
    if mark is None or mark in text or _INVERTED["?"] in text:
        return text
    return mark + text
