"""A room's transcript: the newest revision of every caption that is kept, and the gaps."""

from __future__ import annotations

from collections.abc import Iterable

from captioner.captions.model import Caption, Event, Gap


class Transcript:
    """The sum of a room's kept events, in whatever order and how often they are added."""

    def __init__(self) -> None:
        self._captions: dict[str, dict[str, Caption]] = {}
        self._gaps: dict[Gap, None] = {}

    def add(self, event: Event) -> None:
        """Take in a final, a correction or a gap; the state of the room is not part of it."""
        if isinstance(event, Gap):
            self._gaps.setdefault(event)
        elif isinstance(event, Caption):
            captions = self._captions.setdefault(event.language, {})
            known = captions.get(event.id)
            if known is None or known.rev < event.rev:
                captions[event.id] = event

    def newest(self, caption: str, language: str) -> Caption | None:
        """The newest revision of a caption, which may have been withdrawn by it."""
        return self._captions.get(language, {}).get(caption)

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that something is written in."""
        return tuple(language for language in self._captions if self.captions(language))

    def captions(self, language: str) -> tuple[Caption, ...]:
        """In the order they were said; withdrawn ones are not among them."""
        return _in_order(self._captions.get(language, {}).values())

    def spoken(self) -> tuple[Caption, ...]:
        """What was said as it was said, in whatever languages that was; no translations."""
        kept = (caption for captions in self._captions.values() for caption in captions.values())
        return _in_order(caption for caption in kept if caption.source is None)

    def gaps(self, language: str) -> tuple[Gap, ...]:
        """In the order of their start."""
        missed = (gap for gap in self._gaps if gap.language == language)
        return tuple(sorted(missed, key=lambda gap: (gap.start, gap.end)))


def _in_order(captions: Iterable[Caption]) -> tuple[Caption, ...]:
    said = (caption for caption in captions if caption.text)
    return tuple(sorted(said, key=lambda caption: (caption.start, caption.end)))
