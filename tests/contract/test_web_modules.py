"""The pages' modules without DOM, tested where they run: in JavaScript.

Playwright brings a Node of its own, so that no other needs to be installed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
SUITES = sorted((Path(__file__).parents[1] / "web").glob("*.test.js"))


def test_the_modules_of_the_pages_pass_their_own_tests() -> None:
    run = subprocess.run([NODE, "--test", *SUITES], capture_output=True, text=True)
    assert SUITES
    assert run.returncode == 0, run.stdout + run.stderr
