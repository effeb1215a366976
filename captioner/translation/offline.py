"""A whole transcript in another language, at once."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable

from captioner.captions.model import Caption
from captioner.errors import TranslationUnavailable
from captioner.translation.attempts import Attempts
from captioner.translation.draft import Draft
from captioner.translation.session import CONTEXT
from captioner.translation.translator import Sentence, Translator


async def translations(
    finals: Iterable[Caption], language: str, translator: Translator
) -> AsyncIterator[Caption]:
    """The translation of each final, in order, made as a live session makes it.

    Raises `NoSuchPair`, which says what is known. What fails otherwise says what was said, and is
    marked as `untranslated`.
    """
    attempts = Attempts(translator)
    context: deque[tuple[str, str]] = deque(maxlen=CONTEXT)
    for source in finals:
        draft = Draft(language, source)
        while (piece := draft.next()) is not None:
            sentence = Sentence(piece.text, source.language, language, context=tuple(context))
            try:
                translation = await attempts.translate(sentence)
            except TranslationUnavailable:
                draft.take(piece, piece.text, untranslated=True)
            else:
                draft.take(piece, translation)
                context.append((piece.text, translation))
        if (final := draft.revision()) is not None:
            yield final
