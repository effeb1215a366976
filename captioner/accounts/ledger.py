"""The account of one room: its sessions' sums, and what of them is not kept yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date

from captioner.accounts.records import Interpreting, UpstreamSession, Used, User
from captioner.realtime.cost import Usage


class Ledger:
    """Adds up a room's usage in this process. `room` is its id."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.keeping = asyncio.Lock()
        """Held while some of it is being kept."""
        self.used: dict[User, Usage] = {}
        """In the order in which they began."""
        self.spent_usd = 0.0
        self.elsewhere_usd = 0.0
        """What other processes spent in the room, as far as is known."""
        self._unkept: dict[tuple[User, date], Usage] = {}

    @property
    def unkept(self) -> bool:
        """Whether there is something to be kept."""
        return bool(self._unkept)

    @property
    def sessions(self) -> dict[UpstreamSession, Usage]:
        """What those with recognisers used."""
        return {user: used for user, used in self.used.items() if isinstance(user, UpstreamSession)}

    @property
    def interpreting(self) -> dict[Interpreting, Usage]:
        """What translation and speech used."""
        return {user: used for user, used in self.used.items() if isinstance(user, Interpreting)}

    def restore(self, entry: Used) -> None:
        """Take in what is kept."""
        self._add(entry.session, entry.usage)

    def open(self, session: UpstreamSession) -> None:
        """The session is there, though nothing was sent yet."""
        self._add(session, Usage())

    def add(self, entry: Used) -> None:
        """Count what a session used just now."""
        self._add(entry.session, entry.usage)
        self._leave_unkept(entry)

    def take_unkept(self) -> list[Used]:
        """What is to be kept: it counts as kept now; `give_back` what could not be."""
        taken = [Used(session, day, usage) for (session, day), usage in self._unkept.items()]
        self._unkept.clear()
        return taken

    def give_back(self, entries: Iterable[Used]) -> None:
        """These were taken and not kept."""
        for entry in entries:
            self._leave_unkept(entry)

    def begin_again(self, entries: Iterable[Used]) -> None:
        """The room is another one of that id, and these are all that was used in it."""
        self.used.clear()
        self.spent_usd = self.elsewhere_usd = 0.0
        for entry in entries:
            self.add(entry)

    def _add(self, user: User, usage: Usage) -> None:
        self.used[user] = self.used.get(user, Usage()) + usage
        self.spent_usd += usage.spent_usd

    def _leave_unkept(self, entry: Used) -> None:
        key = entry.session, entry.day
        self._unkept[key] = self._unkept.get(key, Usage()) + entry.usage
