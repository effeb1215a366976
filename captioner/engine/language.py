"""The language that a session speaks: told, or found out once and kept."""

from __future__ import annotations

from captioner.engine.configuration import primary
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job
from captioner.engine.session_config import Transcription

RELIABLE_S = 3.0
"""Speech from which the language is detected reliably; it is never detected again after that."""


class SessionLanguage:
    """What to decode in. Shorter speech is decoded in what was found so far."""

    def __init__(self, transcription: Transcription) -> None:
        choice = transcription.languages or []
        given = transcription.language or (choice[0] if len(choice) == 1 else None)
        self._choice = [primary(tag) for tag in choice]
        self._known = primary(given) if given else None
        self.settled = given is not None

    def of(self, samples: int) -> str | None:
        """The language for so much audio; None: it is to be detected."""
        reliable = samples >= RELIABLE_S * SAMPLE_RATE
        return None if reliable and not self.settled else self._known

    def take(self, job: Job, hypothesis: Hypothesis) -> bool:
        """Learn from a decode; False if it was in a language that cannot be the right one.

        A decode without words says nothing: noise has no language.
        """
        if self.settled or job.language is not None or not hypothesis.text:
            return True
        possible = not self._choice or hypothesis.language in self._choice
        self._known = hypothesis.language if possible else self._choice[0]
        self.settled = not possible or job.audio.size >= RELIABLE_S * SAMPLE_RATE
        return possible
