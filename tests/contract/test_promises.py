"""Every promise about recognisers is held by a test that is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


@cache
def functions_of(path: Path) -> frozenset[str]:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_each_of_the_thirty_has_its_line() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 31))
    for row in ROWS:
        _, wrong, done, held = row
        assert wrong.strip() and done.strip() and "::" in held


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    folder = ROOT if "/" in path else ROOT / "tests" / "unit" / "realtime"
    assert name in functions_of(folder / path)
