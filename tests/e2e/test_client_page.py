"""The examples of docs/client.md, run as they stand against a real server."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path

from tests.e2e.http import request
from tests.e2e.speech import RATE, load
from tests.processes import Server, environment, free_port

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "client.md").read_text(encoding="utf-8"), re.DOTALL
)
ROOM = "client-page"
HEARD_S = 13
"""Of the recording, up to a pause."""


def test_every_example_does_what_the_page_says(
    server: Server, demo_recording: Path, tmp_path: Path
) -> None:
    samples = load(demo_recording)[: HEARD_S * RATE].tobytes()
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(samples)

    def run(example: str) -> str:
        (tmp_path / "example.py").write_text(served_by(server, example), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", "example.py"],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT)),
            input=samples,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    file, microphone, read, resume, several = EXAMPLES
    assert f"captioned to {HEARD_S}.0 s" in run(file)
    assert run(microphone) == ""
    assert request(f"{server.url}/v1/rooms/{ROOM}/end", b"")[0] == 200
    assert "comparatively modern" in run(read)
    assert run(resume).count("comparatively modern") == 2
    assert run(resume) == ""
    assert "comparatively modern" in run(several)


def served_by(server: Server, example: str) -> str:
    """The example in a room of its own; the first of two servers is away."""
    several = "http://127.0.0.1:8001" in example
    ports = {"8000": free_port(), "8001": server.port} if several else {"8000": server.port}
    for port, ours in ports.items():
        example = example.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ours}")
    return example.replace('"demo"', f'"{ROOM}"')
