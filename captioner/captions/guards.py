"""Whether a recogniser made its words up: the judgement on what it completed for one item.

Of cloud models there are no probabilities. What is left is the text, how long the audio is and
for how long a local detector heard a voice in it. Real speech must pass, for a deaf reader
depends on every word; what is also said by people counts as invented only where it cannot have
been said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from captioner.captions import loops
from captioner.captions.inventions import is_credit, is_foreign, is_often_invented, sentences
from captioner.captions.pace import length, length_of
from captioner.captions.words import clean, joined, words

Verdict = Literal["hallucination", "echo", "loop", "rate"]

FASTEST = 8.0
"""Words a second; 4 are brisk, auctioneers reach 7."""
BURST = 12.0
"""Words a second that not even two or three words reach."""
NATURAL = 5.0
"""Words a second up to which speech needs no explanation."""
SLACK_S = 0.5
"""By so much an item's times, and the ear of the detector, may be wrong."""
OVERHEARD = 4.0
"""So many times more voice there may be than a detector heard: of one recording of a hoarse voice,
26 s long, it heard 12 s, and 4 s where others had spoken before."""
NEXT_TO_NOTHING_S = 0.15
"""Of voice; the shortest words take longer."""
LITTLE_S = 1.0
"""Of voice; after that somebody spoke, however long the text is."""

COPIED_RUN = 4
"""Words in a row that the prompt has too are copied from it."""
COPIED = 0.85
"""Share of a text's words from which on it says nothing of its own."""
COPIED_WORDS = 8.0
"""So long a text is not the prompt's by chance."""
COPIED_WORDS_IN_NO_TIME = 4.0
"""The same where there was no time to say it."""
COPIED_WORDS_IN_GOOD_TIME = 15.0
"""The same where a voice was heard for long enough: somebody may read the prompt's words out."""
RECITED = 4
"""So many keywords, one after the other in their order, are not said by chance."""
RECITED_IN_NO_TIME = 3

ROUNDS, SAID_AGAIN = 5, 32.0
"""A loop goes round so often, and says so many words again. A line of a chorus comes four times,
and laughter of thirty syllables is rare."""
HURRIED_ROUNDS, HURRIED_SAID_AGAIN = 4, 12.0
"""The same where the text is faster than anybody speaks at length."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a recogniser says that it heard in one item, and what is known of the item.

    `audio_s`: its length. `voiced_s`: for how much of it a local detector heard a voice; None
    where nobody listened. `language`: a BCP 47 tag, `auto` or `und`. `keywords`, `prompt`: what
    the recogniser was given to know.
    """

    text: str
    audio_s: float
    voiced_s: float | None
    language: str
    keywords: tuple[str, ...] = ()
    prompt: str = ""

    @property
    def room_s(self) -> float:
        """The time in which the words may have been said, as far as is known."""
        if self.voiced_s is None:
            return self.audio_s
        return min(self.audio_s, OVERHEARD * self.voiced_s)


def verdict(claim: Claim) -> Verdict | None:
    """What is wrong with a claim; None where somebody may well have said it."""
    if not clean(claim.text):
        return None
    if _is_hallucination(claim):
        return "hallucination"
    if _is_echo(claim):
        return "echo"
    if _is_loop(claim):
        return "loop"
    return "rate" if _is_hasty(claim) else None


def without_loop(text: str) -> str:
    """The text with the first round alone of whatever it says over and over."""
    return loops.cut(text, HURRIED_ROUNDS)


def without_credits(text: str) -> str:
    """The text without sentences that are a subtitler's signature; models append them to speech."""
    kept = ""
    for sentence in sentences(text):
        if not is_credit(sentence):
            kept = joined(kept, sentence)
    return kept


def _is_hallucination(claim: Claim) -> bool:
    text = clean(claim.text)
    if not any(map(_can_be_said, text)) or is_credit(text):
        return True
    unvoiced = _is_unvoiced(claim)
    if unvoiced and is_foreign(text, claim.language):
        return True
    return all(
        is_credit(sentence) or (unvoiced and is_often_invented(sentence))
        for sentence in sentences(text)
    )


def _can_be_said(character: str) -> bool:
    """Letters and digits, and signs that stand for words: % and + can be all there is."""
    return (
        character.isalnum()
        or unicodedata.category(character) in ("Sc", "Sm")
        or character in "%‰@&#*/\\"
    )


def _is_unvoiced(claim: Claim) -> bool:
    """Whether nobody spoke for as long as the words take at the very least."""
    if claim.voiced_s is None:
        return False
    least = length(claim.text) / BURST
    return claim.voiced_s < min(max(NEXT_TO_NOTHING_S, least), LITTLE_S)


def _is_hasty(claim: Claim) -> bool:
    """Whether nobody can say so much in the time."""
    return length(claim.text) > FASTEST * (claim.room_s + SLACK_S)


def _is_unhurried(claim: Claim) -> bool:
    """Whether a voice was heard for long enough to say all this without haste."""
    return claim.voiced_s is not None and length(claim.text) <= NATURAL * claim.voiced_s


def _is_echo(claim: Claim) -> bool:
    said, prompt = _keys(claim.text), _keys(claim.prompt)
    keywords = [key for key in map(_keys, claim.keywords) if key]
    if _is_unvoiced(claim) and said in (prompt, *keywords):
        return True
    if _is_unvoiced(claim) or _is_hasty(claim):
        copied, known = COPIED_WORDS_IN_NO_TIME, RECITED_IN_NO_TIME
    elif _is_unhurried(claim):
        return length_of(said) >= COPIED_WORDS_IN_GOOD_TIME and _is_copied(said, prompt)
    else:
        copied, known = COPIED_WORDS, RECITED
    if _recited(said, keywords) >= known:
        return True
    return length_of(said) >= copied and _is_copied(said, prompt)


def _is_copied(said: Sequence[str], source: Sequence[str]) -> bool:
    """Whether nearly all words stand in runs that the source has too."""

    def runs(keys: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(keys[at : at + COPIED_RUN]) for at in range(len(keys) - COPIED_RUN + 1)]

    theirs = set(runs(source))
    copied = {
        at + offset
        for at, run in enumerate(runs(said))
        if run in theirs
        for offset in range(COPIED_RUN)
    }
    return len(copied) >= COPIED * len(said)


def _recited(said: Sequence[str], keywords: Sequence[Sequence[str]]) -> int:
    """How many keywords the words are, in their order and with no other words; else 0."""
    for first in range(len(keywords)):
        at = count = 0
        for keyword in cycle([*keywords[first:], *keywords[:first]]):
            if not said or said[at : at + len(keyword)] != keyword:
                break
            at, count = at + len(keyword), count + 1
            if at == len(said):
                return min(count, len(keywords))
    return 0


def _is_loop(claim: Claim) -> bool:
    said = _keys(claim.text)
    if loops.stutters(clean(claim.text)) or loops.says_little(said):
        return True
    hurried = length_of(said) > FASTEST * claim.room_s
    rounds, again = (HURRIED_ROUNDS, HURRIED_SAID_AGAIN) if hurried else (ROUNDS, SAID_AGAIN)
    loop = loops.longest_loop(said, rounds)
    return loop is not None and length_of(said[loop.start + loop.period : loop.end]) >= again


def _keys(text: str) -> list[str]:
    return [word.key for word in words(clean(text))]
