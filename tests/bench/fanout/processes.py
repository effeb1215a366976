"""The processes of the bench: a server on one core, its readers on another."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from tests.bench.fanout.servers import PATH, PATIENCE_S, SIZE, message
from tests.processes import environment, free_port, wait_for

SERVER_CORE, CLIENT_CORE = 0, -1
NGINX = Path("/usr/sbin/nginx")
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_HERE = Path(__file__).parent


class Server(Protocol):
    """Somebody who sends events to readers."""

    port: int
    process: psutil.Process

    def lockstep(self, events: int) -> None:
        """Send each as soon as all have the last."""
        ...

    def pace(self, events: int, interval: float) -> None:
        """Send one every so many seconds."""
        ...


def build(folder: Path) -> None:
    """Compile what is in C."""
    for name in ("client", "limit"):
        subprocess.run(
            ["cc", "-O2", "-Wall", "-o", str(folder / name), str(_HERE / f"{name}.c")], check=True
        )


class Talk:
    """A process that answers each line with a line."""

    def __init__(self, command: Sequence[str], core: int, files: Sequence[int]) -> None:
        cores = sorted(os.sched_getaffinity(0))
        chosen = {cores[core]}
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            pass_fds=files,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, chosen),
        )
        self.process = psutil.Process(self._popen.pid)

    def tell(self, line: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()

    def hear(self) -> str:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._popen.args!r} has ended")
        return line

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.hear()

    def kill(self) -> None:
        self._popen.kill()
        self._popen.communicate()


class Publisher(Talk):
    """A server that publishes by itself."""

    def __init__(self, command: Sequence[str], ack: int) -> None:
        super().__init__(command, SERVER_CORE, [ack])
        self.port = int(self.hear())

    def lockstep(self, events: int) -> None:
        self.ask(f"lockstep {events}")

    def pace(self, events: int, interval: float) -> None:
        self.ask(f"pace {events} {interval}")


class Nchan:
    """nginx, which is given its events over HTTP."""

    def __init__(self, port: int, process: psutil.Process, ack: int) -> None:
        self.port = port
        self.process = process
        self._ack = ack
        self._number = 0
        self._http = http.client.HTTPConnection("127.0.0.1", port)

    def lockstep(self, events: int) -> None:
        os.set_blocking(self._ack, False)
        try:
            os.read(self._ack, 1 << 16)
        except BlockingIOError:
            pass
        os.set_blocking(self._ack, True)
        for _ in range(events):
            self._publish()
            if not select.select([self._ack], [], [], PATIENCE_S)[0]:
                raise RuntimeError("nchan: not all readers had the event")
            os.read(self._ack, 1)

    def pace(self, events: int, interval: float) -> None:
        due = time.monotonic()
        for _ in range(events):
            self._publish()
            due += interval
            time.sleep(max(0.0, due - time.monotonic()))

    def _publish(self) -> None:
        self._number += 1
        self._http.request("POST", f"/publish{PATH}", message(self._number))
        self._http.getresponse().read()


@dataclass(frozen=True, slots=True)
class Readers:
    """The client process."""

    talk: Talk

    def open(self) -> float:
        """Seconds until all are there."""
        return float(json.loads(self.talk.ask("open"))["open"])

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.talk.ask("report"))
        return report


@contextmanager
def server(kind: str, folder: Path, ack: int) -> Iterator[Server]:
    """The server, until the block ends."""
    if kind == "nchan":
        with _nchan(folder, ack) as nginx:
            yield nginx
        return
    command = [sys.executable, "-m", "tests.bench.fanout.servers", kind, str(ack)]
    if kind == "limit":
        command = [str(folder / "limit"), str(ack), str(SIZE)]
    publisher = Publisher(command, ack)
    try:
        yield publisher
    finally:
        publisher.kill()


@contextmanager
def readers(folder: Path, port: int, count: int, stalled: int, ack: int) -> Iterator[Readers]:
    command = [str(folder / "client"), *map(str, (port, PATH, count, stalled, ack))]
    talk = Talk(command, CLIENT_CORE, [ack])
    try:
        yield Readers(talk)
    finally:
        talk.kill()


@contextmanager
def _nchan(folder: Path, ack: int) -> Iterator[Nchan]:
    port = free_port()
    with tempfile.TemporaryDirectory(dir=folder) as name:
        home = Path(name)
        (home / "nginx.conf").write_text(_NGINX_CONF % {"home": home, "port": port})
        core = sorted(os.sched_getaffinity(0))[SERVER_CORE]
        nginx = subprocess.Popen(
            [str(NGINX), "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")],
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        try:
            master = psutil.Process(nginx.pid)
            wait_for(lambda: master.children() and (home / "pid").exists(), "nginx is up")
            yield Nchan(port, master.children()[0], ack)
        finally:
            nginx.terminate()
            nginx.wait()


_NGINX_CONF = f"""
load_module {NCHAN};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid %(home)s/pid;
error_log %(home)s/error.log crit;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  client_body_temp_path %(home)s/body;
  proxy_temp_path %(home)s/proxy;
  fastcgi_temp_path %(home)s/fastcgi;
  uwsgi_temp_path %(home)s/uwsgi;
  scgi_temp_path %(home)s/scgi;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:%(port)d backlog=2048;
    location /publish/ {{
      nchan_publisher;
      nchan_channel_id bench;
      nchan_message_buffer_length 100;
    }}
    location / {{
      nchan_subscriber websocket;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }}
  }}
}}
"""
