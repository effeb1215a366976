"""What is being said in one session: the items that the server names, in the order of speech.

Where the caller finds the utterances and commits each, they are known here before the server has
a name for them: it names them in the order of the commits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_MOST_REMEMBERED = 256
"""Settled items whose repeated events are still known as such."""


@dataclass(slots=True)
class Item:
    """An item on the caller's clock, until it is settled."""

    start: float
    end: float | None = None
    heard: float | None = None
    """How far the server says to have heard it, where it does."""
    committed: bool = False
    previous: str | None = None
    said: str = ""
    """What its deltas say."""
    voiced_s: float | None = None
    """For how long a voice was heard in it on this side."""


@dataclass(slots=True)
class Commit:
    """A commit that the server has not acknowledged. `start`: None where it found the turn."""

    start: float | None
    end: float | None = None
    event_id: str = ""
    item: str | None = None
    voiced_s: float | None = None


class Utterances:
    """Times are seconds on the caller's clock."""

    def __init__(self, base: float) -> None:
        """`base`: the time of the session's first sample."""
        self._items: dict[str, Item] = {}
        self._commits: deque[Commit] = deque()
        """Oldest first; the last may be an utterance that is still open."""
        self._known: dict[str, None] = {}
        self._last: str | None = None
        self._retired = False
        self.settled_until = base
        """The latest end of an item that was settled."""
        self.committed_until = base

    def __len__(self) -> int:
        return len(self._items) + len(self._commits)

    @property
    def names(self) -> tuple[str, ...]:
        """Items that are not settled."""
        return tuple(self._items)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Items that are committed and not settled."""
        return tuple(name for name, item in self._items.items() if item.committed)

    @property
    def speaking(self) -> float | None:
        """Where the open utterance began, if there is one."""
        open_ones = [item.start for item in self._items.values() if not item.committed]
        open_ones += [c.start for c in self._commits if c.end is None and c.start is not None]
        return min(open_ones, default=None)

    @property
    def unsettled(self) -> float | None:
        """Where the first utterance begins whose words may still come."""
        begun = [item.start for item in self._items.values()]
        begun += [commit.start for commit in self._commits if commit.start is not None]
        return min(begun, default=None)

    @property
    def acknowledged(self) -> bool:
        """Whether the server has answered every commit, and nobody is speaking."""
        return self.speaking is None and not self._commits

    @property
    def owed(self) -> str | None:
        """What the server has to answer next: an item or a commit, by its name."""
        asked = (commit.event_id for commit in self._commits if commit.end is not None)
        return next(iter(self.waiting), None) or next(asked, None)

    @property
    def owed_commits(self) -> int:
        """Commits that the server has not answered."""
        return sum(commit.end is not None for commit in self._commits)

    def find(self, name: str) -> Item | None:
        """The item of that name, unless it is settled, or none of ours."""
        return self._items.get(name)

    def is_over(self, name: str) -> bool:
        """Whether the item is settled, or came up when another session had taken over."""
        return name in self._known or (self._retired and name not in self._items)

    def begin(self, start: float) -> None:
        """The caller heard somebody begin to speak."""
        self._commits.append(Commit(start))

    def commit(
        self, end: float, event_id: str, *, found: bool, voiced_s: float | None = None
    ) -> None:
        """A commit is sent; `found`: the caller found the utterance that it ends."""
        commit = self._commits[-1] if found else Commit(None)
        commit.end, commit.event_id, commit.voiced_s = end, event_id, voiced_s
        if not found:
            self._commits.append(commit)

    def start(self, name: str, start: float) -> Item:
        """The server heard somebody begin to speak."""
        item = self._items.setdefault(name, Item(start))
        if not item.committed:
            item.start = start
        return item

    def mention(self, name: str) -> tuple[Item, bool]:
        """The item, and whether this is the first that is said of it.

        It is the first utterance without a name; else it begins where the last one ended.
        """
        if (found := self._items.get(name)) is not None:
            return found, False
        commit = next((c for c in self._commits if c.start is not None and c.item is None), None)
        if commit is None or commit.start is None:
            item = Item(self.committed_until)
        else:
            commit.item, item = name, Item(commit.start)
        self._items[name] = item
        return item, True

    def acknowledge(self, name: str, previous: str | None, position: float) -> Item | None:
        """The server committed the item; None where it has said so before."""
        item, _ = self.mention(name)
        if item.committed:
            return None
        commit = self._answered(name, item)
        asked = commit.end if commit is not None and commit.end is not None else position
        item.voiced_s = commit.voiced_s if commit is not None else None
        item.end = max(item.start, asked if item.end is None else item.end)
        item.committed = True
        item.previous = previous or self._last
        self._last = name
        self.committed_until = max(self.committed_until, item.end)
        return item

    def pass_over(self, until: float) -> dict[str, Item]:
        """The server went on without a word of the items that began before: they ended there."""
        passed = {
            name: item
            for name, item in self._items.items()
            if not item.committed and item.start < until
        }
        for item in passed.values():
            item.end, item.committed = until if item.end is None else item.end, True
        return passed

    def refuse(self, event_id: object) -> Commit | None:
        """The server did not commit: the commit it answers, by its id or the oldest."""
        asked = [commit for commit in self._commits if commit.end is not None]
        refused = next((c for c in asked if c.event_id == event_id), asked[0] if asked else None)
        if refused is not None:
            self._commits.remove(refused)
        return refused

    def forget_commit(self) -> None:
        """The server does not answer the oldest commit."""
        self._commits.popleft()

    def settle(self, name: str) -> None:
        """Nothing more is expected of the item."""
        item = self._items.pop(name, None)
        ends = [commit.end for commit in self._commits if commit.item == name]
        ends += [item.end] if item is not None else []
        self.settled_until = max([self.settled_until, *(end for end in ends if end is not None)])
        self._commits = deque(c for c in self._commits if c.item != name or c.end is None)
        self._known[name] = None
        if len(self._known) > _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def retire(self) -> tuple[str, ...]:
        """Another session goes on: the open items, which only that one counts from now on."""
        self._retired = True
        open_items = tuple(name for name, item in self._items.items() if not item.committed)
        for name in open_items:
            del self._items[name]
        self._commits = deque(c for c in self._commits if c.start is not None and c.end is not None)
        return open_items

    def _answered(self, name: str, item: Item) -> Commit | None:
        """Take out the commit that made the item, if it was one of ours."""
        if item.end is not None:  # the server ended it
            return None
        asked = [commit for commit in self._commits if commit.end is not None]
        own = next((commit for commit in asked if commit.item == name), None)
        commit = own or next((commit for commit in asked if commit.item is None), None)
        if commit is not None:
            self._commits.remove(commit)
        return commit
