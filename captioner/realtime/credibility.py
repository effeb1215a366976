"""Whether what a server completed was said: what is doubtful is heard again, once, then dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from captioner.captions.guards import Claim, Verdict, verdict, without_credits, without_loop
from captioner.metrics import Outcome
from captioner.realtime.configuration import Wishes
from captioner.realtime.trouble import Doubted, Unanswered
from captioner.realtime.utterances import Item

CLEARLY_VOICED_S = 2.0
"""A server that has no words for so much voice did not listen."""
_MOST_VOICES = 64

Guarded = Callable[[Verdict, Outcome], None]
"""Is told what was found, and what became of it."""


class Credibility:
    """Of one session. `retried_until`: audio before this was heard twice already."""

    def __init__(self, server: str, wishes: Wishes, retried_until: float, guarded: Guarded) -> None:
        self._server = server
        self._wishes = wishes
        self._retried_until = retried_until
        self._guarded = guarded
        self._voices: deque[tuple[float, float, float]] = deque(maxlen=_MOST_VOICES)

    def overheard(self, start: float, end: float, voiced_s: float) -> None:
        """A voice was heard on this side, for so long between these times."""
        self._voices.append((start, end, voiced_s))

    def completed(self, item: Item, end: float, text: str) -> str:
        """What of it somebody may have said; raises `Unanswered` where to hear it again."""
        claim = self._claim(item, end, without_credits(text))
        found = verdict(claim)
        if found is None:
            if not text and (claim.voiced_s or 0) >= CLEARLY_VOICED_S:
                self.failed(item)
            return claim.text
        if found != "hallucination" and self._may_be_retried(item):
            self._guarded(found, "retried")
            raise Doubted(self._server, found)
        self._guarded(found, "replaced" if found == "loop" else "dropped")
        return without_loop(claim.text) if found == "loop" else ""

    def failed(self, item: Item) -> None:
        """There are no words for it; raises `Unanswered` where to hear it again."""
        if self._may_be_retried(item):
            raise Unanswered(self._server)

    def _may_be_retried(self, item: Item) -> bool:
        return item.start >= self._retried_until

    def _claim(self, item: Item, end: float, text: str) -> Claim:
        wishes, voiced_s = self._wishes, item.voiced_s
        voices = [v for start, stop, v in self._voices if start < end and stop > item.start]
        if voiced_s is None and voices:
            voiced_s = sum(voices)
        audio_s = end - item.start
        return Claim(text, audio_s, voiced_s, wishes.language, wishes.keywords, wishes.prompt)
