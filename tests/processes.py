"""Real processes for tests: a server on a free port, waited for, stopped whatever happens."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT = 120.0
"""Seconds until a server must be ready: a slow machine loads two models and warms them up."""

STOP_TIMEOUT = 60.0
"""Seconds a server may take to caption what was said and stop."""

CAPTIONER = (sys.executable, "-m", "captioner")
"""The command line under test, whatever PATH says."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running `captioner serve`."""

    port: int
    data: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code once what was said is captioned."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT)

    def kill(self) -> None:
        """`kill -9`: nothing is said goodbye to."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    data: Path, *options: str, port: int | None = None, ready: bool = True
) -> Iterator[Server]:
    """A `captioner serve` on `port` (or a free one) that keeps its files in `data`.

    `ready`: wait until it can caption; otherwise until it answers.
    """
    data.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log = data / "server.log"
    command = [*CAPTIONER, "serve", "--port", str(port), "--data", str(data), *options]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment()
        )
    server = Server(port, data, log, process)
    try:
        _wait_until(server, "/readyz" if ready else "/healthz")
        yield server
    finally:
        with suppress(subprocess.TimeoutExpired):
            if process.poll() is None:
                server.interrupt()
        server.kill()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without the settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return {**kept, "PYTHONUNBUFFERED": "1", **changes}


def wait_for(condition: Callable[[], object], what: str, timeout: float = START_TIMEOUT) -> None:
    """Return once `condition` holds; fail with `what` if it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s in vain until {what}")
        time.sleep(0.05)


def _is_setting(name: str) -> bool:
    """CAPTIONER_MODEL and CAPTIONER_CACHE stay: they say where this machine keeps its models."""
    return name.startswith("CAPTIONER_") and name not in ("CAPTIONER_MODEL", "CAPTIONER_CACHE")


def _wait_until(server: Server, path: str) -> None:
    def answers() -> bool:
        if server.process.poll() is not None:
            raise AssertionError(f"the server stopped at once:\n{server.log.read_text()}")
        return _answers(server.port, path)

    wait_for(answers, f"the server answers at {path}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
