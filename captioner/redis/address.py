"""Where Redis is and how one logs in there: the URL, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn
from urllib.parse import unquote, urlsplit

from captioner.errors import BadInput

Kind = Literal["server", "sentinel", "cluster"]

_KINDS: dict[str, Kind] = {"": "server", "sentinel": "sentinel", "cluster": "cluster"}
_PORTS: dict[Kind, int] = {"server": 6379, "sentinel": 26379, "cluster": 6379}
_RIGHT: dict[Kind, str] = {
    "server": "redis://[user:password@]host[:port][/database]",
    "sentinel": "redis+sentinel://[user:password@]host[:port],host[:port]/master",
    "cluster": "redis+cluster://[user:password@]host[:port],host[:port]",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """What is said on every new connection."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL says. `addresses` are the server's, the sentinels' or some of the cluster's."""

    kind: Kind
    addresses: tuple[Address, ...]
    login: Login
    master: str = ""
    """By which name the sentinels know the server."""


def parse(url: str) -> Place:
    """Raises `BadInput`, which says what would be right and never repeats the URL."""
    scheme, separator, rest = url.partition("://")
    protocol, _, name = scheme.partition("+")
    if not separator or protocol not in ("redis", "rediss") or name not in _KINDS:
        raise BadInput(
            "the URL of Redis must begin with redis:// or rediss://, or with redis+sentinel:// "
            "or redis+cluster://"
        )
    kind = _KINDS[name]
    authority, _, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    username, _, password = credentials.partition(":")
    login = Login(
        username=unquote(username) or None,
        password=unquote(password) or None,
        database=_database(path) if kind == "server" else 0,
        tls=protocol == "rediss",
    )
    if kind == "sentinel" and not path or kind == "cluster" and path:
        _wrong(kind)
    addresses = tuple(_address(host, kind) for host in hosts.split(","))
    if kind == "server" and len(addresses) > 1:
        _wrong(kind)
    return Place(kind, addresses, login, unquote(path) if kind == "sentinel" else "")


def _address(text: str, kind: Kind) -> Address:
    try:
        split = urlsplit(f"//{text}")
        host, port = split.hostname, split.port
    except ValueError:
        _wrong(kind)
    if not host or split.path or split.query or split.fragment:
        _wrong(kind)
    return Address(unquote(host), port or _PORTS[kind])


def _database(path: str) -> int:
    if not path:
        return 0
    if not path.isdecimal():
        _wrong("server")
    return int(path)


def _wrong(kind: Kind) -> NoReturn:
    raise BadInput(
        f"the URL of Redis must read {_RIGHT[kind]}; other signs in a password are written as "
        "%40 for @, %2F for / and so on"
    )
