"""What is read of which rooms at this process, by whatever way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

HOLDS_S = 30.0
"""For so long a language that was asked for once counts as read."""

Languages = Mapping[str, frozenset[str]]
"""By room."""


class Reading:
    """Of those who stay, and of those who ask once and go: for a file, or for a correction."""

    def __init__(
        self, *staying: Callable[[], Languages], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`staying`: what is read just now."""
        self._staying = staying
        self._clock = clock
        self._asked: dict[tuple[str, str], float] = {}
        self.on_news: Callable[[], None] = lambda: None
        """Called when something is asked for."""

    def ask(self, room: str, languages: Iterable[str]) -> None:
        """Somebody wants these languages of the room, all that was said of it."""
        for language in languages:
            self._asked[room, language] = self._clock()
        self.on_news()

    def languages(self) -> dict[str, frozenset[str]]:
        """By room; `*` stands for all that there are."""
        now = self._clock()
        self._asked = {key: at for key, at in self._asked.items() if now - at < HOLDS_S}
        found: dict[str, set[str]] = {}
        for read in self._staying:
            for room, languages in read().items():
                found.setdefault(room, set()).update(languages)
        for room, language in self._asked:
            found.setdefault(room, set()).add(language)
        return {room: frozenset(languages) for room, languages in found.items()}
