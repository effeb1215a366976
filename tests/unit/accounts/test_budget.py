"""How near the spending is to a budget."""

from __future__ import annotations

import pytest

from captioner.accounts.budget import Budget


@pytest.mark.parametrize(
    ("spent", "state"),
    [(0.0, "ok"), (3.99, "ok"), (4.0, "warning"), (4.99, "warning"), (5.0, "spent"), (9, "spent")],
)
def test_a_budget_warns_from_80_percent_on_and_is_spent_at_100(spent: float, state: str) -> None:
    assert Budget(5.0).state(spent) == state


def test_no_limit_is_never_reached() -> None:
    assert Budget(0.0).state(1e9) == "none"


def test_an_error_of_rounding_is_no_money() -> None:
    assert sum([0.1] * 10) < 1.0
    assert Budget(1.0).state(sum([0.1] * 10)) == "spent"
    assert Budget(1.0).state(sum([0.1] * 8)) == "warning"


@pytest.mark.parametrize(
    ("limit", "words"), [(5, "5.00 USD"), (0.5, "0.50 USD"), (0.005, "0.005 USD")]
)
def test_a_budget_is_told_in_dollars(limit: float, words: str) -> None:
    assert str(Budget(limit)) == words
