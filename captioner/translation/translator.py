"""Who translates, as the rest sees it: a sentence in, its translation out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is to be translated, with what helps to do it well.

    `text`: a clause, a sentence or a few of them. `source`, `target`: BCP 47 tags. `context`: the
    sentences before it with their translations, oldest first. `terms`: of the room's glossary,
    those that occur in the text, and what they are called in the target language. `title` and
    `keywords`: the room's. `room`: its id, for its account; empty, it is nobody's.
    """

    text: str
    source: str
    target: str
    context: tuple[tuple[str, str], ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    title: str = ""
    keywords: tuple[str, ...] = ()
    room: str = ""


class Translator(Protocol):
    """One way to have text translated. Safe to be asked for several sentences at once."""

    @property
    def name(self) -> str:
        """For people and metrics."""
        ...

    async def translate(self, sentence: Sentence) -> str:
        """The translation, which is never empty.

        Raises `NoSuchPair` where it will never know these languages, `TranslationUnavailable`
        where it cannot just now. Cancelling it is clean.
        """
        ...
