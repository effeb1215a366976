"""What a peer is: the server's side of one connection, without I/O."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from captioner.audio.pcm import Samples

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The handshake is answered with this status, and not with 101."""

    status: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """The server closes the connection; 1006: it is gone without a closing frame."""

    code: int
    reason: str = ""


Answer = Event | Close


class Peer(Protocol):
    """One connection: `connect` first, and once; nothing more comes after a `Close`."""

    def connect(
        self, path_and_query: str, headers: Mapping[str, str]
    ) -> list[Answer] | Refusal: ...

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        """Answer one event. `now`: seconds on any clock, for servers that look at theirs."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A handshake, as servers look at it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By their names in lower case."""

    @property
    def bearer(self) -> str | None:
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key if scheme == "Bearer" else None


def request(path_and_query: str, headers: Mapping[str, str]) -> Request:
    url = urlsplit(path_and_query)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(url.path, query, {name.lower(): value for name, value in headers.items()})


@dataclass(slots=True)
class Names:
    """Identifiers that nothing else on this connection has."""

    _given: dict[str, int] = field(default_factory=dict)

    def new(self, kind: str) -> str:
        self._given[kind] = self._given.get(kind, 0) + 1
        return f"{kind}_{self._given[kind]:021d}"


def decoded(audio: object) -> Samples | None:
    """16-bit samples out of base64, or nothing where it is no such thing."""
    try:
        return np.frombuffer(base64.b64decode(str(audio), validate=True), "<i2")
    except (binascii.Error, ValueError):
        return None


def append(samples: Samples) -> Event:
    """The client's event that brings these samples, for tests without a client."""
    audio = base64.b64encode(samples.astype("<i2").tobytes()).decode("ascii")
    return {"type": "input_audio_buffer.append", "audio": audio}
