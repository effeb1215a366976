"""Translation by conversation sessions: our own engine's, or those of a general model."""

from __future__ import annotations

import orjson

from captioner.errors import NoSuchPair, TranslationUnavailable
from captioner.realtime.answers import Request, RequestFailed
from captioner.realtime.conversations import Conversations
from captioner.translation.guards import doubt, tidied
from captioner.translation.instructions import instructions, most_tokens
from captioner.translation.translator import Sentence

TRIES = 2
"""A general model may write something else the second time; our own engine does not."""


class RealtimeTranslator:
    """Translates over a pool of sessions that answer in text."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._prompts = conversations.partner.prompts

    @property
    def name(self) -> str:
        return self._conversations.partner.name

    async def translate(self, sentence: Sentence) -> str:
        request = _prompted(sentence) if self._prompts else _instructed(sentence)
        found: str | None = None
        for _ in range(1 if self._prompts else TRIES):
            text = tidied(await self._asked(sentence, request), sentence.text)
            if (found := doubt(sentence, text)) is None:
                return text
        raise TranslationUnavailable(f"{self.name} wrote {found}")

    async def _asked(self, sentence: Sentence, request: Request) -> str:
        try:
            return await self._conversations.text(request)
        except RequestFailed as error:
            if self._prompts and error.is_about("source", "target"):
                pair = f"{sentence.source} into {sentence.target}"
                raise NoSuchPair(f"{self.name} does not translate {pair}") from None
            raise


def _prompted(sentence: Sentence) -> Request:
    variables = {"source": sentence.source, "target": sentence.target}
    if sentence.terms:
        variables["terms"] = orjson.dumps(sentence.terms).decode()
    return Request(sentence.text, prompt="translate", variables=variables, room=sentence.room)


def _instructed(sentence: Sentence) -> Request:
    return Request(
        sentence.text,
        instructions=instructions(sentence),
        terms=sentence.terms,
        most_tokens=most_tokens(sentence.text),
        room=sentence.room,
    )
