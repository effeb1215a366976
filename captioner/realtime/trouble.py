"""What goes wrong with a Realtime server, by what there is to do about it.

Error codes, close codes and statuses as servers were seen to send them: most errors leave the
session open, a wrong key is often told only after the handshake (close 3000), a wrong option with
close 4000, the end of a session's time with 1001 or `session_expired`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from captioner.errors import EngineUnavailable


class Remedy(Enum):
    """What to do about trouble with a server."""

    IGNORE = "ignore"
    """The session goes on."""
    RENEW = "renew"
    """The session's time is over: another one, at once."""
    RETRY = "retry"
    """Connect again, a little later each time."""
    WAIT = "wait"
    """It has too much to do: connect again when it says, or much later."""
    REFUSED = "refused"
    """A key or an option is wrong: it will not get better by itself."""


class SessionEnded(EngineUnavailable):
    """A session is over, or could not begin. The message is for people.

    `retry_after`: seconds, where the server says.
    """

    def __init__(self, message: str, remedy: Remedy, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.retry_after = retry_after


class Unanswered(SessionEnded):
    """The server takes audio and says nothing of it: another session may hear it."""

    def __init__(self, server: str) -> None:
        super().__init__(f"{server} does not answer", Remedy.RETRY)


class Doubted(Unanswered):
    """What the server says was never said: another session may hear better, told less."""

    def __init__(self, server: str, what: str) -> None:
        SessionEnded.__init__(self, f"{server} made up words ({what})", Remedy.RETRY)


class BudgetSpent(SessionEnded):
    """No more may be spent: nothing is wrong with the server."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Remedy.REFUSED)


_REFUSED_CODES = {
    "invalid_api_key": "its key is not accepted",
    "insufficient_quota": "its account has no quota left",
    "credit_balance_exhausted": "its account has no credit left",
    "beta_api_shape_disabled": "it does not speak the preview dialect any more",
    "model_not_found": "it does not have that model",
    "invalid_model": "it does not have that model, or not for this",
}
_WAIT_CODES = {"rate_limit_exceeded", "slow_down", "server_is_overloaded", "session_limit_reached"}
_RETRY_CODES = {"server_error", "model_load_error", "buffer_size_exceeded"}
_EXPIRED = "session_expired"
_EXPIRED_WORDS = ("maximum duration", "timed out after")

_CREDENTIALS = 3000
_CONFIGURATION = 4000
_POLICY = 1008
_TRY_LATER = 1013
_PASSING_STATUSES = {408, 425}
"""Of those that say that the client is wrong, the ones that may get better by themselves."""
_LONGEST_WORDS = 300


def told(error: object) -> Mapping[str, Any]:
    """The detail of an error event; some servers send only a sentence."""
    return error if isinstance(error, Mapping) else {"message": str(error)}


def remedy_for(error: Mapping[str, Any]) -> Remedy:
    """What an error event in an established session calls for."""
    code = error.get("code")
    if code == _EXPIRED or _is_expiry(str(error.get("message"))):
        return Remedy.RENEW
    if code in _REFUSED_CODES:
        return Remedy.REFUSED
    if code in _WAIT_CODES:
        return Remedy.WAIT
    return Remedy.RETRY if code in _RETRY_CODES else Remedy.IGNORE


def ended_by(server: str, error: Mapping[str, Any], remedy: Remedy) -> SessionEnded:
    """The end of a session for which the server gave an error event as its reason."""
    words = _REFUSED_CODES.get(str(error.get("code")), "it said")
    return SessionEnded(f"{server}: {words}: {_short(error.get('message'))}", remedy)


def closed(server: str, code: int, reason: str = "") -> SessionEnded:
    """The server, or the network, closed the connection with a code (RFC 6455)."""
    said = f" {_short(reason)}" if reason else ""
    if code == _CREDENTIALS:
        return SessionEnded(f"{server} does not accept the key:{said}", Remedy.REFUSED)
    if code in (_CONFIGURATION, _POLICY):
        return SessionEnded(f"{server} refuses such a session:{said}", Remedy.REFUSED)
    if _is_expiry(reason):
        return SessionEnded(f"{server} ended the session:{said}", Remedy.RENEW)
    remedy = Remedy.WAIT if code == _TRY_LATER else Remedy.RETRY
    return SessionEnded(f"{server} closed the connection ({code}){said}", remedy)


def not_let_in(server: str, status: int, retry_after: float | None = None) -> SessionEnded:
    """The handshake was answered with an HTTP status other than 101."""
    if status in (401, 403):
        return SessionEnded(f"{server} does not accept the key ({status})", Remedy.REFUSED)
    if status == 402:
        return SessionEnded(f"{server}: its account has no credit left ({status})", Remedy.REFUSED)
    if status in (429, 503):
        return SessionEnded(f"{server} has too much to do ({status})", Remedy.WAIT, retry_after)
    if 300 <= status < 500 and status not in _PASSING_STATUSES:
        message = f"{server} knows no such address or model ({status}); check how it was chosen"
        return SessionEnded(message, Remedy.REFUSED)
    return SessionEnded(f"{server} does not work ({status})", Remedy.RETRY, retry_after)


def unreachable(server: str, reason: str) -> SessionEnded:
    """No connection came about."""
    return SessionEnded(f"{server} cannot be reached: {_short(reason)}", Remedy.RETRY)


def _is_expiry(words: str) -> bool:
    return any(expired in words for expired in _EXPIRED_WORDS)


def _short(words: object) -> str:
    """What a server says, in one line that is not too long for a log."""
    return " ".join(str(words or "no reason given").split())[:_LONGEST_WORDS]
