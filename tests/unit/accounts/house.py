"""A server's accounts on a real disk, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from captioner.accounts.accounts import Accounts
from captioner.accounts.budget import Budget, Budgets
from captioner.archive.store import open_store
from captioner.realtime.cost import Meter, price_table
from captioner.realtime.token_cost import token_price_table

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class House:
    """Where the server runs: its disk and its time outlive it. `cent` is a model, at that price;

    a token that `dear` reads costs as much, one that it writes two cents."""

    data: Path
    now: datetime = NOON
    budgets: Budgets = field(default_factory=Budgets)
    cent: float = 0.01

    def limit(self, *, room: float = 0.0, day: float = 0.0) -> None:
        self.budgets = Budgets(Budget(room), Budget(day))

    def usage_file(self, room: str) -> Path:
        return self.data / "rooms" / room / "usage.jsonl"

    @asynccontextmanager
    async def accounts(self, *, pause: float = 0.0) -> AsyncIterator[Accounts]:
        """One run of the server that is killed: what was not flushed is lost."""
        prices = price_table({"cent": self.cent})
        with open_store(self.data) as store:
            accounts = Accounts(
                prices,
                self.budgets,
                store.usage,
                lambda: self.now,
                token_prices=token_price_table({"dear": (10_000.0, 20_000.0)}),
                pause=pause,
            )
            await accounts.load()
            yield accounts


def talk(meter: Meter, minutes: float, *, model: str = "cent", session: str = "s1") -> None:
    """A session with a recogniser elsewhere, from its begin to its end."""
    meter.opened(session, "openai", model)
    meter.sent(session, minutes * 60)
    meter.closed(session)
