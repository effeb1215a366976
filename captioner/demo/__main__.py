"""Start a server, play it a recording at its true pace, show the captions as they come."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

HOST = "127.0.0.1"
PORT = 8000
DATA = Path("data")
RECORDING = Path(__file__).with_name("speech.opus")
CAPTIONER = (sys.executable, "-m", "captioner")
START_TIMEOUT_S = 120.0


def main() -> int:
    # Whichever way we are told to end, the server is not left behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    port, room = _port(), f"demo-{time.strftime('%H%M%S')}"
    with _server(port) as server:
        try:
            code = _show(port, room)
            if code == 0 and sys.stdout.isatty():
                click.echo("The server keeps running; Ctrl-C stops it.")
                code = server.wait()
        except KeyboardInterrupt:
            code = 0
    return code


def _show(port: int, room: str) -> int:
    address = f"http://{HOST}:{port}"
    click.echo(f"Open {address}/rooms/{room} to read along. The recording takes a minute:\n")
    playing = subprocess.run([*CAPTIONER, "send", RECORDING, "--room", room, "--url", address])
    if playing.returncode == 0:
        for transcript in sorted((DATA / "rooms" / room).glob("*.vtt")):
            click.echo(f"\nThe transcript is in {transcript}")
    return playing.returncode


@contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A ready server; at the end it finishes what was said."""
    click.echo("Starting the server; the speech models take a few seconds ...")
    command = [*CAPTIONER, "serve", "--port", str(port), "--data", str(DATA)]
    server = subprocess.Popen(
        [*command, "--log-level", "warning"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us; the server is then asked to finish
    )
    try:
        _wait_until_ready(server, port)
        yield server
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _ready(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The server did not start; what it said is above.")
        time.sleep(0.2)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _port() -> int:
    """The usual port, or another where that one is taken."""
    for port in (PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("No port is free on this machine.")


if __name__ == "__main__":
    sys.exit(main())
