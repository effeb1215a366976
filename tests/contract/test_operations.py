"""Every line of what is lost when what dies is held by a test that is there."""

from __future__ import annotations

import re

import pytest

from tests.contract.test_promises import ROOT, functions_of

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("| dies |")[2].partition("\n\n")[0]
ROWS = [line.strip("|").split("|") for line in TABLE.splitlines()[2:]]
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


def test_each_line_says_what_is_seen_what_is_lost_and_which_test_shows_it() -> None:
    assert len(ROWS) >= 10
    for row in ROWS:
        dies, seen, lost, test = (cell.strip() for cell in row)
        assert dies and seen and lost and ("::" in test or test.startswith("the same")), row


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in functions_of(ROOT / "tests" / path)
