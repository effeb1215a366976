"""The accounts of all rooms: what was used, what it cost, and whether more may be spent."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from captioner.accounts.budget import Budget, Budgets, BudgetState
from captioner.accounts.ledger import Ledger
from captioner.accounts.records import Interpreting, UpstreamSession, UsageRecords, Used, User
from captioner.errors import RoomNotFound, StorageFailed
from captioner.realtime.cost import Meter, Price, Tally, Usage, price_of
from captioner.realtime.token_cost import (
    TOKEN_PRICES,
    Kind,
    TokenMeter,
    TokenPrice,
    priced_tokens,
    token_price_of,
)
from captioner.realtime.tokens import Tokens
from captioner.rooms.uninterrupted import uninterrupted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spending:
    """A budget, and what of it is spent."""

    budget: Budget
    spent_usd: float

    @property
    def state(self) -> BudgetState:
        return self.budget.state(self.spent_usd)


@dataclass(frozen=True, slots=True)
class RoomUsage:
    """The account of a room as it is now; `day` is that of all rooms."""

    sessions: Mapping[UpstreamSession, Usage]
    interpreting: Mapping[Interpreting, Usage]
    room: Spending
    day: Spending


class Accounts:
    """Counts what the rooms use. `load` first; then `run`, in a task of the caller's, keeps it.

    Where several processes share rooms, budgets are held over all of them: what the others spent
    is learned with every round and whenever a session is opened. While they cannot be asked, what
    was last known of them counts.

    `clock` tells the time in UTC. `pause`: seconds between two rounds of writing, which is what a
    crash may take from the count; what a closed session used is written at once.
    """

    def __init__(
        self,
        prices: Mapping[str, Price],
        budgets: Budgets,
        records: UsageRecords,
        clock: Callable[[], datetime],
        *,
        token_prices: Mapping[str, TokenPrice] = TOKEN_PRICES,
        pause: float = 5.0,
    ) -> None:
        self.prices = prices
        self.token_prices = token_prices
        self.clock = clock
        self._began = clock()
        self.budgets = budgets
        self._records = records
        self._pause = pause
        self._rooms: dict[str, Ledger] = {}
        self._days: defaultdict[date, float] = defaultdict(float)
        """USD by day; they stay spent when a room is erased."""
        self._day_elsewhere = 0.0
        """USD that other processes spent on `_day_asked`, as far as is known."""
        self._day_asked: date | None = None
        self._closed = asyncio.Event()

    async def load(self) -> None:
        """Take in what was kept: once, before anything else."""
        for room, entries in (await self._records.used()).items():
            ledger = self._ledger(room)
            for entry in entries:
                ledger.restore(entry)
                self._days[entry.day] += entry.usage.spent_usd

    async def run(self) -> None:
        """Keep what is counted, round after round, until cancelled; then once more."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause):
                        await self._closed.wait()
                self._closed.clear()
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Keep what was counted; what cannot be kept is tried again the next time."""
        for ledger in tuple(self._rooms.values()):
            if ledger.unkept or self._records.lacks(ledger.room):
                await uninterrupted(self._keep(ledger))
        await self._exchange()

    def meter(self, room: str, track: str) -> Meter:
        """What the sessions of a track are counted by."""
        return _TrackMeter(self, self._ledger(room), track)

    @property
    def token_meter(self) -> TokenMeter:
        """What translation and speech are counted by, of all rooms."""
        return _TokenMeter(self, self._began)

    def usage(self, room: str) -> RoomUsage:
        """The account of a room; one that used nothing has an empty one."""
        ledger = self._rooms.get(room) or Ledger(room)
        day = self._day_spending(self.clock().date())
        spending = self._room_spending(ledger)
        return RoomUsage(ledger.sessions, ledger.interpreting, spending, day)

    def forget(self, room: str) -> None:
        """The room was erased: nothing more is kept of it. What it spent today stays spent."""
        self._rooms.pop(room, None)

    def count(self, ledger: Ledger, session: User, usage: Usage) -> None:
        """Something was used; tell if that brings a budget near its end, or there."""
        day = self.clock().date()
        room_before, day_before = self._room_spending(ledger), self._day_spending(day)
        ledger.add(Used(session, day, usage))
        if usage.spent_usd:
            self._days[day] += usage.spent_usd
            _tell(f"the budget of room {ledger.room}", room_before, self._room_spending(ledger))
            _tell("the budget of the day", day_before, self._day_spending(day))

    def refusal(self, ledger: Ledger, price: Price | TokenPrice | None) -> str | None:
        """Why no more of that price may be sent; None if it may. What is free always may."""
        if price is not None and price.free:
            return None
        if self._room_spending(ledger).state == "spent":
            return f"the room's budget of {self.budgets.room} is spent"
        if self._day_spending(self.clock().date()).state == "spent":
            return f"the day's budget of {self.budgets.day} is spent, until midnight UTC"
        return None

    async def opening(self, ledger: Ledger) -> None:
        """A session is about to be opened: learn what others spent."""
        await uninterrupted(self._keep(ledger))
        await self._exchange()

    def closed(self) -> None:
        """A session is over: keep soon what it used."""
        self._closed.set()

    async def _keep(self, ledger: Ledger) -> None:
        async with ledger.keeping:
            if self._rooms.get(ledger.room) is not ledger:
                return  # erased since; there may be another room of that id by now
            before = self._room_spending(ledger)
            await self._append(ledger)
            _tell(f"the budget of room {ledger.room}", before, self._room_spending(ledger))

    async def _append(self, ledger: Ledger) -> None:
        entries = ledger.take_unkept()
        try:
            ledger.elsewhere_usd = await self._records.append(ledger.room, entries)
        except RoomNotFound:
            ledger.begin_again(entries)
            await self._append(ledger)
        except StorageFailed as error:
            if entries:
                logger.warning("The usage of room %s is not kept: %s", ledger.room, error)
            ledger.give_back(entries)

    async def _exchange(self) -> None:
        """Tell the other processes what was spent here today, and learn what they spent."""
        day = self.clock().date()
        before = self._day_spending(day)
        try:
            spent = await self._records.exchange(day, self._days[day])
        except StorageFailed as error:
            logger.debug("What others spent today is not known: %s", error)
            return
        self._day_elsewhere, self._day_asked = spent, day
        _tell("the budget of the day", before, self._day_spending(day))

    def open(self, room: str) -> bool:
        """Whether something was counted of the room before, or may be from now on."""
        known = room in self._rooms
        self._ledger(room)
        return known

    def ledger(self, room: str) -> Ledger:
        """The room's; one that nobody keeps where the room was erased meanwhile."""
        return self._rooms.get(room) or Ledger(room)

    def _ledger(self, room: str) -> Ledger:
        if room not in self._rooms:
            self._rooms[room] = Ledger(room)
        return self._rooms[room]

    def _room_spending(self, ledger: Ledger) -> Spending:
        return Spending(self.budgets.room, ledger.spent_usd + ledger.elsewhere_usd)

    def _day_spending(self, day: date) -> Spending:
        elsewhere = self._day_elsewhere if day == self._day_asked else 0.0
        return Spending(self.budgets.day, self._days[day] + elsewhere)


class _TrackMeter:
    """Implements `captioner.realtime.cost.Meter` for one track."""

    def __init__(self, accounts: Accounts, ledger: Ledger, track: str) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._track = track
        self._sessions: dict[str, tuple[UpstreamSession, Tally]] = {}
        """Closed ones too: of an item that is completed late, the usage comes late."""

    async def opening(self) -> None:
        await self._accounts.opening(self._ledger)

    def opened(self, session: str, engine: str, model: str) -> None:
        price = price_of(engine, model, self._accounts.prices)
        started_at = self._accounts.clock()
        upstream = UpstreamSession(self._track, session, engine, model, price, started_at)
        self._sessions[session] = upstream, Tally(price)
        self._ledger.open(upstream)

    def sent(self, session: str, seconds: float) -> None:
        upstream, tally = self._sessions[session]
        self._accounts.count(self._ledger, upstream, tally.sent(seconds))

    def reported(self, session: str, usage: Mapping[str, object]) -> None:
        upstream, tally = self._sessions[session]
        self._accounts.count(self._ledger, upstream, tally.reported(usage))

    def closed(self, session: str) -> None:
        self._accounts.closed()

    def refusal(self, engine: str, model: str) -> str | None:
        return self._accounts.refusal(self._ledger, price_of(engine, model, self._accounts.prices))


class _TokenMeter:
    """Implements `captioner.realtime.token_cost.TokenMeter`."""

    def __init__(self, accounts: Accounts, began: datetime) -> None:
        self._accounts = accounts
        self._began = began

    async def refusal(self, room: str, engine: str, model: str) -> str | None:
        price = token_price_of(engine, model, self._accounts.token_prices)
        if room and not self._accounts.open(room) and not (price and price.free):
            await self._accounts.opening(self._accounts.ledger(room))
        return self._accounts.refusal(self._accounts.ledger(room), price)

    def reported(self, room: str, kind: Kind, engine: str, model: str, tokens: Tokens) -> None:
        price = token_price_of(engine, model, self._accounts.token_prices)
        user = Interpreting(kind, engine, model, price, self._began)
        self._accounts.count(self._accounts.ledger(room), user, priced_tokens(price, tokens))


def _tell(what: str, before: Spending, now: Spending) -> None:
    """Log that a budget is nearly spent, or spent, when it comes to be."""
    state = now.state
    if state == before.state:
        return
    if state == "warning":
        logger.warning("%s, %s, is nearly spent", what, now.budget)
    elif state == "spent":
        logger.warning("%s, %s, is spent: nothing that costs is sent", what, now.budget)
