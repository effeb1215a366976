"""How much may be spent, and how near to it the spending is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BudgetState = Literal["none", "ok", "warning", "spent"]

WARNING_SHARE = 0.8
"""From this share of a budget on, it is nearly spent."""
_CENTS = 2
_MICRODOLLARS = 6
"""Decimals of a USD; what is smaller is an error of rounding."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit in USD; 0 is no limit."""

    limit_usd: float

    def __str__(self) -> str:
        exact = round(self.limit_usd, _CENTS) == self.limit_usd
        return f"{self.limit_usd:.2f} USD" if exact else f"{self.limit_usd:g} USD"

    def state(self, spent_usd: float) -> BudgetState:
        if self.limit_usd == 0:
            return "none"
        spent = round(spent_usd, _MICRODOLLARS)
        if spent >= self.limit_usd:
            return "spent"
        return "warning" if spent >= round(WARNING_SHARE * self.limit_usd, _MICRODOLLARS) else "ok"


@dataclass(frozen=True, slots=True)
class Budgets:
    """`room`: for each room, over its life. `day`: a day (UTC) over all rooms."""

    room: Budget = Budget(0.0)
    day: Budget = Budget(0.0)
