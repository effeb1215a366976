"""Who is spoken for by which voice."""

from __future__ import annotations

from collections.abc import Sequence


class Cast:
    """Gives speakers voices: the best to whoever is heard first, and each the same ever after."""

    def __init__(self, voices: Sequence[str]) -> None:
        """`voices`: the synthesizer's, for one language, the best first."""
        self._voices = voices
        self._given: dict[str, str] = {}

    def voice(self, speaker: str) -> str:
        """With more speakers than voices, several share one."""
        if speaker not in self._given:
            self._given[speaker] = self._voices[len(self._given) % len(self._voices)]
        return self._given[speaker]
