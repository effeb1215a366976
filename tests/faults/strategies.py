"""Scripts for property tests: any mix of faults from which a client can recover."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.faults.script import (
    ABORTED,
    EXPIRED,
    NO_CODE,
    After,
    Aimed,
    AtByte,
    AtSecond,
    Before,
    Death,
    Disconnect,
    Expires,
    Fails,
    Fault,
    Handshake,
    HeldBack,
    Lag,
    Lasting,
    Late,
    Missing,
    Point,
    Refused,
    Rejects,
    Script,
    Slow,
    Sprinkled,
    Stall,
    Sudden,
    Twice,
    Unconfigured,
    Unreachable,
    Within,
)

PASSING_CODES = (1000, 1001, NO_CODE, ABORTED, 1009, 1011, 1012, 1013)
"""Close codes after which the same connection may work."""
FINAL_CODES = (1008, 3000, 4000)
"""Those that say that it will not."""
PASSING_STATUSES = (429, 500, 502, 503)
FINAL_STATUSES = (400, 401, 403, 404)
OPTIONAL = ("keywords", "language", "prompt")
"""What a client can do without."""
_PASSING_ERRORS = ("rate_limit_exceeded", "slow_down", "server_error", "session_expired")
_KINDS = (
    "created",
    "updated",
    "speech_started",
    "speech_stopped",
    "committed",
    "added",
    "delta",
    "completed",
)
_BYTES_A_SECOND = 64_000
"""Of audio in base64, at 24 kHz."""


def scripts(
    length_s: float = 20.0, *, most: int = 4, final: bool = False, losing: bool = False
) -> st.SearchStrategy[Script]:
    """Scripts for a track of so many seconds, with faults in the first `most` attempts.

    `final`: also what says that a key or an option is wrong, so that a client may give up.
    `losing`: also what no client can make up for: deltas out of order, neither deltas nor a
    completion, commits that nobody hears of, confirmations of what was not asked. Left out are
    the ways of a server that a client must know of before: `OverSpeed`, `SwallowsOnUpdate`.
    """
    attempt = st.one_of(_sessions(length_s, final, losing), _handshakes(final).map(_alone))
    attempts = st.lists(attempt, max_size=most).map(tuple)
    return st.builds(Script, attempts, _always())


def _sessions(length_s: float, final: bool, losing: bool) -> st.SearchStrategy[tuple[Fault, ...]]:
    """What happens at once, some trouble with events, and perhaps something that lasts."""
    parts = (
        st.lists(_sudden(length_s, final), max_size=2),
        _any_events() if losing else _events(),
        st.lists(_lasting(length_s), max_size=1),
    )
    return st.tuples(*parts).map(lambda lists: tuple(fault for part in lists for fault in part))


def _handshakes(final: bool) -> st.SearchStrategy[Handshake]:
    statuses = PASSING_STATUSES + FINAL_STATUSES * final
    after = st.sampled_from([None, 0.0, 1.0, 30.0])
    return st.one_of(
        st.builds(Refused, st.sampled_from(statuses), after),
        st.builds(Unreachable, st.sampled_from([0.0, 0.1, 5.0])),
    )


def _sudden(length_s: float, final: bool) -> st.SearchStrategy[Sudden]:
    codes = st.sampled_from(PASSING_CODES + FINAL_CODES * final)
    reasons = st.sampled_from(["", "Bye.", EXPIRED])
    errors = st.sampled_from([None, *_PASSING_ERRORS, *["invalid_api_key"] * final])
    within = st.builds(Within, st.sampled_from(_KINDS), _nth)
    point = _points(length_s)
    return st.one_of(
        st.builds(Disconnect, point, codes, reasons, errors),
        st.builds(Disconnect, within),
        st.builds(Death, point),
        st.builds(Stall, point, _seconds(0.1, 30.0)),
    )


def _points(length_s: float) -> st.SearchStrategy[Point]:
    return st.one_of(
        st.builds(AtSecond, _seconds(0.0, length_s)),
        st.builds(AtByte, st.integers(1, round(length_s * _BYTES_A_SECOND))),
        st.builds(Before, st.sampled_from(_KINDS), _nth),
        st.builds(After, st.sampled_from(_KINDS), _nth),
    )


def _lasting(length_s: float) -> st.SearchStrategy[Lasting]:
    return st.one_of(
        st.builds(Expires, _seconds(1.0, length_s), st.booleans(), st.booleans()),
        st.builds(Slow, st.sampled_from([0.5, 1.0, 2.0, 5.0])),
        st.builds(Lag, _seconds(0.0, 3.0)),
    )


def _events() -> st.SearchStrategy[list[Aimed]]:
    """What leaves the words to be had from deltas or from completions, and from either in order.

    A delta that is missing alone, or late, is none of it: what is told for good cannot be mended.
    """
    completions = st.lists(st.one_of(_aimed_at("completed"), st.builds(Fails, _nth)), max_size=3)
    deltas = st.just([Missing("delta")])
    kinds = ("speech_started", "speech_stopped", "committed", "added", "completed")
    again = st.lists(st.builds(Twice, st.sampled_from(kinds), _nth, _soon), max_size=2)
    return st.tuples(st.one_of(completions, deltas), again).map(lambda both: [*both[0], *both[1]])


def _any_events() -> st.SearchStrategy[list[Aimed]]:
    aimed = st.sampled_from(_KINDS).flatmap(_aimed_at)
    return st.lists(st.one_of(aimed, st.builds(Fails, _nth)), max_size=4)


def _aimed_at(kind: str) -> st.SearchStrategy[Aimed]:
    return st.one_of(
        st.builds(Missing, st.just(kind), st.one_of(_nth, st.none())),
        st.builds(Late, st.just(kind), _nth, _seconds(0.0, 30.0)),
        st.builds(HeldBack, st.just(kind), _nth, st.integers(1, 8)),
        st.builds(Twice, st.just(kind), _nth, _soon),
    )


def _always() -> st.SearchStrategy[tuple[Lasting, ...]]:
    ways = st.one_of(
        st.builds(Rejects, st.sampled_from(OPTIONAL)),
        st.builds(Sprinkled, st.integers(1, 5)),
        st.just(Unconfigured()),
        st.builds(Lag, _seconds(0.0, 0.5)),
    )
    return st.lists(ways, max_size=2, unique_by=type).map(tuple)


def _seconds(least: float, most: float) -> st.SearchStrategy[float]:
    """To the hundredth, which is easier to read."""
    return st.integers(round(least * 100), round(most * 100)).map(
        lambda hundredths: hundredths / 100
    )


def _alone(fault: Handshake) -> tuple[Fault, ...]:
    return (fault,)


_nth = st.integers(1, 6)
_soon = st.sampled_from([0.0, 0.5, 5.0])
