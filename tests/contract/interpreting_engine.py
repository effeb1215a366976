"""`python -m tests.contract.interpreting_engine`: the engine, with a dictionary and a voice."""

from __future__ import annotations

import asyncio
import json
import sys

from captioner.engine.server import run_engine
from tests.contract.voices import Dictionary, Espeak


def _ready(port: int) -> None:
    sys.stdout.write(json.dumps({"ready": True, "port": port}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(
        run_engine("127.0.0.1", 0, translates=Dictionary(), speaks=Espeak(), on_ready=_ready)
    )
