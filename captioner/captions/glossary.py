"""A room's glossary: terms, what they are called elsewhere, and which of them a text speaks of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from captioner.captions.words import UNSPACED, is_letter


@dataclass(frozen=True, slots=True)
class Term:
    """A term with a fixed translation for each language (a BCP 47 tag) that has one."""

    term: str
    translations: Mapping[str, str] = field(default_factory=dict)

    def called(self, language: str) -> str | None:
        """Its translation into the language; None where there is none.

        What is said for a language is said for its variants: `pt` for `pt-BR` (RFC 4647, 3.4).
        """
        known = {tag.lower(): text for tag, text in self.translations.items()}
        return next((known[tag] for tag in _lookup(language) if tag in known), None)


def terms_in(
    text: str, glossary: Sequence[Term], source: str, target: str
) -> tuple[tuple[str, str], ...]:
    """The terms that occur in a text, each with what it is called in the target language.

    Longest first. They occur as whole words in whatever case, as the term itself or by its name in
    the source language, and not where they are a part of a longer one. A term without a translation
    is left out.
    """
    names = [
        (name, called)
        for term in glossary
        if (called := term.called(target)) is not None
        for name in dict.fromkeys((term.called(source) or term.term, term.term))
    ]
    names.sort(key=lambda pair: -len(pair[0]))
    rest = _folded(text)
    found: dict[str, str] = {}
    for name, called in names:
        without = _without(rest, _folded(name))
        if without != rest:
            rest = without
            found.setdefault(name, called)
    return tuple(found.items())


_TAKEN = "\0"
"""In the place of what a longer term has taken: no letter, and in no term."""
_NO_SPACE = re.compile(f"[{UNSPACED}]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


def _lookup(language: str) -> Iterator[str]:
    """The tag, then what is left of it as its last parts are taken away."""
    subtags = language.lower().split("-")
    while subtags:
        if len(subtags[-1]) > 1:  # a single letter only announces what follows it
            yield "-".join(subtags)
        subtags.pop()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _without(text: str, name: str) -> str:
    """The text with every occurrence of a name, both folded, taken out."""
    parts, rest = [], 0
    for start in _occurrences(text, name):
        if start >= rest:
            parts += [text[rest:start], _TAKEN]
            rest = start + len(name)
    return "".join([*parts, text[rest:]])


def _occurrences(text: str, name: str) -> Iterable[int]:
    start = text.find(name) if name else -1
    while start >= 0:
        if _is_seam(text, start) and _may_end(text, start + len(name)):
            yield start
        start = text.find(name, start + 1)


def _is_seam(text: str, at: int) -> bool:
    """Whether one word may end there and another begin."""
    before, after = text[at - 1 : at], text[at : at + 1]
    if not before or not after or not is_letter(before) or not is_letter(after):
        return True
    if unicodedata.category(after)[0] == "M":
        return False
    return bool(_NO_SPACE.match(before) or _NO_SPACE.match(after))


def _may_end(text: str, at: int) -> bool:
    """Whether a word may end there; in Korean its particle follows without a space."""
    return _is_seam(text, at) or bool(_HANGUL.match(text, at))
