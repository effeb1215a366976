"""The items that wait to be settled, in the order in which they were spoken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from captioner.captions.item import Item
from captioner.captions.model import Caption

_SAME_SPEECH = 0.5
"""Seconds by which two recognitions of the same sound may differ on where an item ends."""
_SAME_START = 0.9
"""The same for where it begins: the pause before its first word may count as part of it or not."""
_ENDING = 0.3
"""So close to its end an item is not begun again: the next one is."""


class Chain:
    """Items behind the ones that they name as previous; without that, by first mention.

    Items of a lost session wait behind the others, for the item that hears their sound again: one
    that begins where they began takes their place, one that begins or ends later leaves them
    behind, settled with what was stable.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """In order, each behind the item that it names as previous."""
        known = {item.name: item for item in self._items if not item.lost}
        placed: dict[int, Item] = {}
        for mentioned in self._items:
            path: dict[int, Item] = {}
            item: Item | None = mentioned
            while item is not None and id(item) not in placed and id(item) not in path:
                path[id(item)] = item
                item = None if item.previous is None else known.get(item.previous)
            placed |= dict(reversed(path.items()))
        return iter(placed.values())

    def find(self, name: str) -> Item | None:
        return next((item for item in self._items if item.name == name and not item.lost), None)

    def open(self, name: str, start: float | None) -> Item:
        """A new item, or the lost one whose sound it is, under its new name."""
        item = self._heard_again(start)
        if item is None:
            item = Item(name)
            lost = self._lost()
            self._items.insert(self._items.index(lost[0]) if lost else len(self._items), item)
        else:
            item.name, item.lost = name, False
        return item

    def adopt(self, captions: Iterable[Caption]) -> None:
        """Captions that another process left open are those of a lost session."""
        self._items += [
            Item.left_open(caption) for caption in sorted(captions, key=lambda open: open.start)
        ]

    def leave_behind(self, until: float) -> None:
        """Settle the lost items that an item ending at `until` has heard again as its own."""
        for item in takewhile(lambda item: item.begin < until - _SAME_SPEECH, self._lost()):
            item.give_up()

    def expire(self, name: str) -> None:
        """Give up the item of that name, lost or not."""
        for item in self._items:
            if item.name == name:
                item.give_up()

    def expire_all(self) -> None:
        for item in self._items:
            item.give_up()

    def lose(self, names: Collection[str] | None = None) -> None:
        """A session ended: what waits of these (None: of all) will be said again, by its time."""
        ordered = sorted(self, key=lambda item: item.begin)
        lost = [item for item in ordered if names is None or item.name in names]
        self._items = [item for item in ordered if item not in lost] + lost
        for item in lost:
            item.lose()

    def settled(self) -> Iterator[Item]:
        """Remove and return the items from the front that are settled."""
        for item in takewhile(lambda item: item.text is not None, list(self)):
            self._items.remove(item)
            yield item

    def _lost(self) -> list[Item]:
        """The lost items that wait to be heard again."""
        return [item for item in self._items if item.lost and item.text is None]

    def _heard_again(self, start: float | None) -> Item | None:
        """The lost item that one beginning at `start` continues; those before it are settled."""
        lost = self._lost()
        if start is None:
            return lost[0] if lost else None
        latest = start + _SAME_START
        begun = list(takewhile(lambda item: item.start is None or item.start <= latest, lost))
        sounding = [item for item in begun if start <= item.last + _SAME_SPEECH]
        again = min(sounding, key=lambda item: _apart(item, start), default=None)
        for item in takewhile(lambda item: item is not again, begun):
            item.give_up()
        return again


def _apart(item: Item, start: float) -> float:
    """How far an item that begins at `start` is from being this one."""
    inside = item.begin <= start <= item.last - _ENDING
    return 0.0 if inside else abs(item.begin - start)
