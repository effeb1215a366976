from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.accounts.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A disk with two rooms, `demo` and `other`."""
    for room in ("demo", "other"):
        (tmp_path / "rooms" / room).mkdir(parents=True)
    return House(tmp_path)
