"""Revisions of captions that were shown before the bus could number them. No I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from captioner.captions.model import Caption

Key = tuple[str, str]


class Unsent:
    """The newest revision of every open caption that the bus does not have.

    A final that was shown while it could not be journalled was shown as one more revision of an
    open caption: from then on the caption's revisions are numbered one higher.
    """

    def __init__(self) -> None:
        self._waiting: dict[Key, Caption] = {}
        self._ahead: dict[Key, int] = {}
        self._news = asyncio.Event()

    def numbered(self, caption: Caption) -> Caption:
        """The caption with the revision that readers know it by."""
        ahead = self._ahead.get(_key(caption), 0)
        return replace(caption, rev=caption.rev + ahead) if ahead else caption

    def one_more(self, caption: Caption) -> Caption:
        """The caption, behind the revision of it that was just shown."""
        key = _key(caption)
        self._ahead[key] = self._ahead.get(key, 0) + 1
        return replace(caption, rev=caption.rev + 1)

    def add(self, caption: Caption) -> None:
        self._waiting[_key(caption)] = caption
        self._news.set()

    def add_older(self, caption: Caption) -> None:
        """One that was taken, and could not be sent after all: a newer one goes before it."""
        self._waiting.setdefault(_key(caption), caption)
        self._news.set()

    def drop(self, caption: Caption) -> None:
        """A later revision is on its way."""
        self._waiting.pop(_key(caption), None)

    async def some(self) -> None:
        """Wait until something is unsent."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()

    def take(self) -> Sequence[Caption]:
        """All that is unsent; it counts as sent now."""
        waiting, self._waiting = list(self._waiting.values()), {}
        return waiting


def _key(caption: Caption) -> Key:
    return caption.id, caption.language
