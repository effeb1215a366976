"""Words that are nearly a term which was to be expected become the term."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from captioner.captions.common_words import COMMON
from captioner.captions.sounds import (
    ALIKE,
    distance,
    distance_to_beginning,
    first_sound,
    letters,
)
from captioner.captions.words import UNSPACED, is_letter

_ALLOWED = ((13, 2.0), (10, 1.5), (8, 1.0), (6, 0.5))
"""By the term's letters, how far from it a spelling may be; a shorter term must be said whole."""
_SHORTEST = 5
"""Letters. Whoever says two words rarely means one that is shorter."""
_ENDING = 2
"""So many last letters may be another form of the same word."""
_MOST_WORDS = 4
_MOST_REMEMBERED = 4096

_TOKEN = re.compile(r"\S+")
_POSSESSIVE = re.compile(r"['’]s\Z", re.IGNORECASE)
_NO_SPACES = re.compile(f"[{UNSPACED}]")
_INNER_CAPITAL = re.compile(r"[^\W\d_A-Z][A-Z]")
_SMALL_WORDS = frozenset(
    "a an and are as at be but by do for from go had has he her his i if in is it its me my no not "
    "of on or our she so that the their them they this to up us was we were who will with you your "
    "al con de del el en es la las le les lo los para por que se su un una y "
    "das dem den der des die ein eine er es ich im ist mit nicht sich sie und von zu "
    "au aux ce dans du est et il je ne nous pas pour qui sur une vous "
    "che da di il in mi non per si sono com do em na não o os para".split()
)
"""What stands beside a word rather than being a part of it."""


class NearMisses:
    """Corrects text by the terms that are likely to be said.

    One word or several become a term of nearly the same sound: `cube flow` is `Kubeflow`. Common
    words stay, other forms of a term do too, and so does its case, but for capitals inside it.
    """

    def __init__(self, terms: Iterable[str] = ()) -> None:
        terms = [term for term in dict.fromkeys(terms) if not _NO_SPACES.search(term)]
        self._terms = {key: term for term in reversed(terms) if (key := letters(term))}
        self._keys: dict[str, list[str]] = {}
        """The terms' letters, by their first sound."""
        for key in self._terms:
            self._keys.setdefault(first_sound(key), []).append(key)
        most = max((len(term.split()) for term in self._terms.values()), default=0) + 1
        self._most_words = min(max(most, 3), _MOST_WORDS)
        self._nearest = lru_cache(_MOST_REMEMBERED)(self._find)
        self._begins_one = lru_cache(_MOST_REMEMBERED)(self._is_beginning)

    def corrected(self, text: str) -> str:
        """The text with its terms as they are written."""
        return self._read(text)[0] if self._terms else text

    def settled(self, text: str) -> str:
        """As much from the front of the corrected text as stays so, however the text goes on."""
        if not self._terms:
            return text
        corrected, until = self._read(text)
        return corrected[:until].rstrip()

    def _read(self, text: str) -> tuple[str, int]:
        """The corrected text, and up to where it does not depend on what may follow."""
        words = list(_words(text))
        parts: list[str] = []
        length = done = index = 0
        until: int | None = None
        while index < len(words):
            if until is None and self._may_go_on(words[index:]):
                until = length + words[index].start - done
            run = words[index : index + self._best_run(text, words[index:])]
            index += len(run)
            term = self._term(text, run)
            if term is not None:
                parts += [text[done : run[0].start], term]
                length += run[0].start - done + len(term)
                done = run[-1].end
        corrected = "".join([*parts, text[done:]])
        return corrected, len(corrected) if until is None else until

    def _may_go_on(self, words: Sequence[_Word]) -> bool:
        """Whether the last words of a text may be the beginning of a term."""
        if len(words) > self._most_words:
            return False
        # What is a p now may be the beginning of ph.
        return self._begins_one("".join(word.letters for word in words).removesuffix("p"))

    def _is_beginning(self, spelling: str) -> bool:
        return not spelling or any(
            len(spelling) - len(key) <= _allowed(key) / ALIKE
            and distance_to_beginning(spelling, key) <= _allowed(key)
            for key in self._beginning_as(spelling)
        )

    def _beginning_as(self, spelling: str) -> Sequence[str]:
        return self._keys.get(first_sound(spelling), ())

    def _best_run(self, text: str, words: Sequence[_Word]) -> int:
        """How many words from the front are nearest to a term; 1 where none are."""
        best, fewest = 1, float("inf")
        for count in range(1, min(self._most_words, len(words)) + 1):
            if count > 1 and not _is_gap(text, words[count - 2], words[count - 1]):
                break
            match = self._match(words[:count])
            if match is not None and match.distance < fewest:
                best, fewest = count, match.distance
        return best

    def _term(self, text: str, run: Sequence[_Word]) -> str | None:
        """What is to be written for a run of words; None where it stays as it is."""
        match = self._match(run)
        written = text[run[0].start : run[-1].end]
        if match is None or match.distance == 0 and _is_written(written, match.term):
            return None
        begins_sentence = written[0].isupper() and match.term.islower()
        return match.term[0].upper() + match.term[1:] if begins_sentence else match.term

    def _match(self, run: Sequence[_Word]) -> _Match | None:
        spelling = "".join(word.letters for word in run)
        if len(run) == 1:
            return self._nearest(spelling, False)
        if len(spelling) < _SHORTEST:
            return None
        return self._nearest(spelling, any(word.letters in _SMALL_WORDS for word in run))

    def _find(self, spelling: str, exact: bool) -> _Match | None:
        """The term that is nearest to a spelling, or (`exact`) spelt like it."""
        if spelling in self._terms:
            return _Match(0.0, self._terms[spelling])
        if exact or spelling in COMMON:
            return None
        near = [
            _Match(apart, self._terms[key])
            for key in self._beginning_as(spelling)
            if _may_be(spelling, key) and (apart := distance(spelling, key)) <= _allowed(key)
        ]
        return min(near, key=lambda match: match.distance, default=None)


NO_TERMS = NearMisses()
"""Corrects nothing."""


@dataclass(frozen=True, slots=True)
class _Match:
    distance: float
    term: str


@dataclass(frozen=True, slots=True)
class _Word:
    """`text[start:end]` without the punctuation around it, and its letters."""

    letters: str
    start: int
    end: int


def _words(text: str) -> Iterator[_Word]:
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        while start < end and not is_letter(text[start]):
            start += 1
        while start < end and not is_letter(text[end - 1]):
            end -= 1
        if possessive := _POSSESSIVE.search(text, start, end):
            end = possessive.start()
        if spelling := letters(text[start:end]):
            yield _Word(spelling, start, end)


def _is_gap(text: str, before: _Word, after: _Word) -> bool:
    """Whether nothing parts two words but a space."""
    return text[before.end : after.start].isspace()


def _may_be(spelling: str, key: str) -> bool:
    """Whether a spelling may be the misheard one of a term, rather than another word or form."""
    return (
        abs(len(spelling) - len(key)) <= _allowed(key) / ALIKE
        and _digits(spelling) == _digits(key)
        and not _is_form(spelling, key)
    )


def _is_form(spelling: str, key: str) -> bool:
    """Whether two spellings differ in their ending only, as forms of one word do."""
    stem = min(len(spelling), len(key)) - _ENDING
    return spelling[:stem] == key[:stem]


def _is_written(written: str, term: str) -> bool:
    """Whether the words are the term's, in a case that may be meant."""
    if _INNER_CAPITAL.search(term) and "-" not in written:
        return written == term
    return written.casefold().replace("-", " ") == term.casefold().replace("-", " ")


def _digits(spelling: str) -> str:
    return "".join(filter(str.isdigit, spelling))


def _allowed(key: str) -> float:
    return next((cost for length, cost in _ALLOWED if len(key) >= length), 0.0)
