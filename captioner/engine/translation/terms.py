"""The glossary: terms come out as they are given, whatever the translator makes of them.

Each is replaced by a word that no language has and that models leave alone, and put in its place
afterwards. Of 21 kinds of such words, tried on 72 sentences with up to five of them, in six
directions (neural English and Portuguese, rules among English, Spanish and Italian), this kind
came back whole every time; brackets, tags, # and @ did not. Where a model does not leave it alone,
its own translation of the term is replaced, and where that cannot be found either, what stands
between the terms is translated alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from captioner.captions.words import UNSPACED, joined

Terms = Sequence[tuple[str, str]]
"""Each as it is said, and what it is called in the other language."""

_MARK = "XQ"
_UNSPACED = re.compile(f"[{UNSPACED}]")


def with_terms(text: str, terms: Terms, translate: Callable[[str], str]) -> str:
    """Have `text` translated so that its terms come out as given."""
    called = {said.casefold(): wanted for said, wanted in terms if said.strip()}
    pattern = _any_of(called)
    if pattern is None or not pattern.search(text):
        return translate(text)
    wanted = [called[match[0].casefold()] for match in pattern.finditer(text)]
    return (
        _by_marks(text, pattern, wanted, translate)
        or _by_own_words(text, pattern, wanted, translate)
        or _between(text, pattern, wanted, translate)
    )


def _by_marks(
    text: str, pattern: re.Pattern[str], wanted: list[str], translate: Callable[[str], str]
) -> str | None:
    stem = _MARK
    while stem.casefold() in text.casefold():
        stem += "Z"
    marks = [f"{stem}{number}" for number in range(1, len(wanted) + 1)]
    unused = iter(marks)
    translation = translate(pattern.sub(lambda _: next(unused), text))
    for mark, term in zip(marks, wanted, strict=True):
        translation, times = re.subn(rf"(?<!\w){mark}(?!\w)", _literally(term), translation)
        if times != 1:
            return None
    return translation


def _by_own_words(
    text: str, pattern: re.Pattern[str], wanted: list[str], translate: Callable[[str], str]
) -> str | None:
    translation = translate(text)
    for match, term in zip(pattern.finditer(text), wanted, strict=True):
        if term not in translation:
            own = _any_of([translate(match[0]).strip(" .,;:!?¿¡。")])
            translation = own.sub(_literally(term), translation) if own else translation
    complete = all(translation.count(term) >= wanted.count(term) for term in wanted)
    return translation if complete else None


def _between(
    text: str, pattern: re.Pattern[str], wanted: list[str], translate: Callable[[str], str]
) -> str:
    rest, *parts = (part.strip() for part in pattern.split(text))
    translation = translate(rest) if rest else ""
    for term, part in zip(wanted, parts, strict=True):
        translation = joined(translation, term)
        if part:
            separate = part[0].isalnum() or part[0] in "([{«“¿¡"
            translated = translate(part)
            translation = joined(translation, translated) if separate else translation + translated
    return translation


def _literally(term: str) -> Callable[[re.Match[str]], str]:
    """For `re.sub`, which would read a backslash in the term."""
    return lambda _match: term


def _any_of(terms: Sequence[str] | dict[str, str]) -> re.Pattern[str] | None:
    """Finds any of them as whole words, the longest first."""
    found = sorted((term for term in terms if term), key=len, reverse=True)
    return re.compile("|".join(map(_whole, found)), re.IGNORECASE) if found else None


def _whole(term: str) -> str:
    """Scripts without spaces have no ends of words to look for."""
    before = "" if _UNSPACED.match(term) or not term[0].isalnum() else r"(?<!\w)"
    after = "" if _UNSPACED.match(term[-1]) or not term[-1].isalnum() else r"(?!\w)"
    words = r"\s+".join(map(re.escape, term.split()))
    return before + words + after
