"""Who may talk to the server: this machine alone, until there are access tokens.

A page of another site that is open in a browser here can send requests to this machine too. It
cannot forge two headers: `Host`, which gives away a name that was made to point here (DNS
rebinding), and `Origin`, which names the page's site.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from captioner.errors import BadInput, TooLarge
from captioner.server.problems import problem, problem_of

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant by the name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_loopback(host: str) -> None:
    """Raise `BadInput` where others than this machine could connect."""
    if not is_loopback(host):
        raise BadInput(
            f"The server listens on this machine only (--host 127.0.0.1), not on {host}: "
            "there are no access tokens yet that would keep strangers out."
        )


class Gate:
    """Lets requests pass that were made for this server; answers the others itself.

    `max_body`: bytes that a request may announce.
    """

    def __init__(self, app: ASGIApp, *, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            if not is_loopback(_hostname(headers.get("host", ""))):
                answer = problem(421, "The server answers to localhost only.", "wrong_host")
            elif _changes(scope) and not _same_origin(headers):
                answer = problem(403, "Another site's page may not do this.", "wrong_origin")
            elif _announced(headers) > self._max_body:
                answer = problem_of(TooLarge(f"A body may have {self._max_body} bytes."))
        await answer(scope, receive, send)


def _changes(scope: Scope) -> bool:
    """Whether a page must be of this site: browsers let any page open a WebSocket and read it."""
    return scope["type"] == "websocket" or scope["method"] not in _SAFE


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _announced(headers: Headers) -> int:
    """The bytes of the body; what comes without a number is counted when it is read."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
