"""Where a long utterance may be cut: into sentences, clauses, cues and lines."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from captioner.captions.words import UNSPACED


class Quality(IntEnum):
    """How good a place is to cut."""

    POOR = 0  # inside a script without spaces, or behind an article
    SPACE = 1
    CONJUNCTION = 2  # before a conjunction or a preposition
    CLAUSE = 3
    SENTENCE = 4


@dataclass(frozen=True, slots=True)
class Break:
    """A place to cut: `at` is where the next part begins, behind the space if there is one."""

    at: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`, without the spaces around it."""

    start: int
    end: int


def sentences(text: str) -> list[Span]:
    """The sentences of a text. Abbreviations, initials and ordinals end none."""
    return _parts(text, Quality.SENTENCE)


def clauses(text: str) -> list[Span]:
    """The sentences of a text and, of those, the parts between commas and the like."""
    return _parts(text, Quality.CLAUSE)


def breaks(text: str) -> list[Break]:
    """Every place inside the text where a line may end, in order."""
    places = (match.end() for match in _PLACE.finditer(text) if _may_break(text, match))
    return [Break(at, _quality(text, at)) for at in places]


def _parts(text: str, quality: Quality) -> list[Span]:
    cuts = [place.at for place in breaks(text) if place.quality >= quality]
    spans = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = text[start:end]
        lead = len(part) - len(part.lstrip())
        spans.append(Span(start + lead, start + max(lead, len(part.rstrip()))))
    return [span for span in spans if span.start < span.end]


# A run of spaces, or the seam beside a character of a script without spaces.
_PLACE = re.compile(rf"(?<=\S)\s+(?=\S)|(?<=[{UNSPACED}])(?=\S)|(?<=\S)(?=[{UNSPACED}])")

_OPENING = frozenset("([{«„“‘¿¡「『（［｛〈《【〔เแโใไ")
_CLOSING = frozenset(
    ")]}»”’?!.,:;%…、。，．！？：；）」』】〉》〕］｝‥～・"
    "ー々ゝゞぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาำๅฯๆ؟،؛۔।॥"
)
_QUOTES = "\"'”’»)]}」』）］｝】〉》〕"
_FULL_STOPS = frozenset("。．！？｡")
_SENTENCE_ENDS = frozenset(".!?…‽؟۔।॥։።")
_CLAUSE_ENDS = frozenset(",;:—–、，；：،؛՝፣፤")

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev gen sen st jr mt vs fig dept approx inc ltd corp "
    "bzw ca nr hr fr evtl ggf inkl sr sra dra ud uds mme mlle sig dott "
    "см г гг ул им тыс".split()
)
_CONJUNCTIONS = frozenset(
    "and but or nor so because that which who where when while if although though than "
    "of to in on at from for with about into by as "
    "y pero o porque que cuando mientras si aunque de a en con para por sin sobre "
    "und aber oder denn weil dass wenn als obwohl von zu in auf mit für bei aus nach "
    "et mais ou parce quand lorsque comme dans avec pour sur sans chez "
    "e ma perché quando mentre anche di da per su tra mas porque enquanto em com sem "
    "и но а или потому что чтобы который которая которые когда если хотя в на с из для о "
    "و أو لكن لأن في من على إلى".split()
)
_ARTICLES = frozenset(
    "the a an el los las un una unos unas der die das den dem des ein eine einen einem einer "
    "le la les une il lo gli uno os um uma".split()
)


def _may_break(text: str, match: re.Match[str]) -> bool:
    before, after = text[match.start() - 1], text[match.end()]
    return not (
        before in _OPENING or after in _CLOSING or unicodedata.category(after)[0] in ("M", "C")
    )


def _quality(text: str, at: int) -> Quality:
    before = text[:at].rstrip()
    ending = before.rstrip(_QUOTES)[-1:]
    if ending in _FULL_STOPS:
        return Quality.SENTENCE
    if ending in _SENTENCE_ENDS:
        return _after_full_stop(before.rstrip(_QUOTES), text[at])
    if ending in _CLAUSE_ENDS or before.endswith(" -"):
        return Quality.CLAUSE
    if not text[at - 1].isspace():
        return _between_characters(text[at - 1], text[at])
    if text[at:].split(maxsplit=1)[0].casefold() in _CONJUNCTIONS:
        return Quality.CONJUNCTION
    return Quality.POOR if before.split()[-1].casefold() in _ARTICLES else Quality.SPACE


def _after_full_stop(before: str, following: str) -> Quality:
    """What a mark that may end a sentence does, by the word before it and what comes next."""
    if following.islower():
        return Quality.CLAUSE if before.endswith(("…", "...", "!", "?")) else Quality.SPACE
    word = before.split()[-1].lstrip("([{«„“‘¿¡\"'")
    if not word.endswith(".") or word.endswith(".."):
        return Quality.SENTENCE
    word = word[:-1]
    initial = len(word) == 1 and word.isupper() and word != "I"
    ordinal = word.isdigit() and len(word) <= 2
    if initial or ordinal or "." in word or word.casefold() in _ABBREVIATIONS:
        return Quality.SPACE
    if word.casefold() == "no" and following.isdigit():
        return Quality.SPACE
    return Quality.SENTENCE


def _between_characters(before: str, after: str) -> Quality:
    """Japanese words tend to begin with Han or katakana behind the hiragana of the last one."""
    hiragana = "\u3040" <= before <= "\u309f"
    return Quality.SPACE if hiragana and not "\u3040" <= after <= "\u309f" else Quality.POOR
