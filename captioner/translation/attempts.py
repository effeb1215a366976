"""How patiently a translator is asked."""

from __future__ import annotations

import asyncio

from captioner.errors import BudgetSpent, TranslationUnavailable
from captioner.rooms.languages import is_same_language
from captioner.translation.translator import Sentence, Translator

TIMEOUT_S = 10.0
"""How long one attempt may take."""
AGAIN_S = 0.5
"""After so long what could not be translated is tried once more."""


class Attempts:
    """Asks a translator, which may be slow or fail."""

    def __init__(
        self, translator: Translator, *, timeout_s: float = TIMEOUT_S, again_s: float = AGAIN_S
    ) -> None:
        self._translator = translator
        self._timeout_s = timeout_s
        self._again_s = again_s

    @property
    def translator(self) -> str:
        """The name of who is asked."""
        return self._translator.name

    async def translate(self, sentence: Sentence, *, again: bool = True) -> str:
        """The translation; what is in the language already is passed on as it is.

        `again`: whether it is worth a second attempt. Raises `NoSuchPair`, and
        `TranslationUnavailable` once that has failed too; a budget that is spent is at once.
        """
        if is_same_language(sentence.source, sentence.target):
            return sentence.text
        try:
            return await self._once(sentence)
        except BudgetSpent:
            raise
        except TranslationUnavailable:
            if not again:
                raise
        await asyncio.sleep(self._again_s)
        return await self._once(sentence)

    async def _once(self, sentence: Sentence) -> str:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._translator.translate(sentence)
        except TimeoutError:
            raise TranslationUnavailable(
                f"{self._translator.name} did not translate in {self._timeout_s:g} s."
            ) from None
