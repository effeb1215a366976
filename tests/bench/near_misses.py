"""Whether a room's terms take a word from anybody: `python -m tests.bench.near_misses`.

What was really said in every recording, corrected by thirty technical terms, nearly none of which
were said. Prints what changed and what a word costs; the exit code is 1 where anything did.
"""

from __future__ import annotations

import csv
import sys
import time

from rich.console import Console

from captioner.captions.near_misses import NearMisses
from tests.bench.speech import SPEECH
from tests.unit.captions.natural import TECHNICAL


def main() -> int:
    console = Console()
    with (SPEECH / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        said = [row["reference"] for row in rows]
    terms = NearMisses(TECHNICAL)
    started = time.perf_counter()
    corrected = [terms.corrected(text) for text in said]
    seconds = time.perf_counter() - started
    changed = [pair for pair in zip(said, corrected, strict=True) if pair[0] != pair[1]]
    for before, after in changed:
        console.print(f"- {before}\n+ {after}")
    words = sum(len(text.split()) for text in said)
    console.print(
        f"{len(TECHNICAL)} terms, {words} words of {len(said)} recordings: "
        f"{len(changed)} texts changed, {1e6 * seconds / words:.0f} µs a word"
    )
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
