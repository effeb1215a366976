"""What holds for any course of sessions, flushes and kills."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.accounts.accounts import Accounts
from captioner.realtime.cost import Usage
from tests.unit.accounts.house import House


@dataclass(frozen=True)
class Sent:
    """A session of a room's track sends, and something is reported of it."""

    room: str
    track: str
    session: str
    model: str
    seconds: float
    reported: float


@dataclass(frozen=True)
class Flushed:
    """Everything is kept."""


@dataclass(frozen=True)
class Passed:
    """Hours go by."""

    hours: int


amounts = st.floats(0, 4_000)
sent = st.builds(
    Sent,
    st.sampled_from(["demo", "other"]),
    st.sampled_from(["ana", "ben"]),
    st.sampled_from(["s1", "s2"]),
    st.sampled_from(["cent", "something-new", "captioner-live"]),
    amounts,
    amounts,
)
courses = st.lists(
    st.one_of(sent, sent, st.just(Flushed()), st.builds(Passed, st.integers(1, 20))), max_size=20
)


@contextmanager
def new_house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        for room in ("demo", "other"):
            (Path(folder) / "rooms" / room).mkdir(parents=True)
        yield House(Path(folder))


async def follow(house: House, accounts: Accounts, course: Sequence[object]) -> None:
    """Let it happen; each session begins with the first that is sent in it."""
    meters = {(r, t): accounts.meter(r, t) for r in ("demo", "other") for t in ("ana", "ben")}
    begun: set[tuple[str, str, str]] = set()
    for event in course:
        match event:
            case Sent(room, track, session, model, seconds, reported):
                meter, key = meters[room, track], (room, track, session)
                if key not in begun:
                    begun.add(key)
                    meter.opened(session, "openai", model)
                meter.sent(session, seconds)
                meter.reported(session, {"type": "duration", "seconds": reported})
            case Flushed():
                await accounts.flush()
            case Passed(hours):
                house.now += timedelta(hours=hours)


def total(accounts: Accounts, room: str) -> Usage:
    return sum(accounts.usage(room).sessions.values(), Usage())


@settings(max_examples=50)
@given(courses)
def test_the_sums_over_sessions_are_what_was_sent_and_spent(course: list[object]) -> None:
    async def run() -> None:
        with new_house() as house:
            async with house.accounts() as accounts:
                await follow(house, accounts, course)
                for room in ("demo", "other"):
                    events = [e for e in course if isinstance(e, Sent) and e.room == room]
                    usage = total(accounts, room)
                    assert usage.sent_s == pytest.approx(sum(e.seconds for e in events))
                    assert usage.reported_s == pytest.approx(sum(e.reported for e in events))
                    assert usage.items == len(events)
                    spent = accounts.usage(room).room.spent_usd
                    assert spent == pytest.approx(usage.spent_usd)

    asyncio.run(run())


@settings(max_examples=50)
@given(courses, courses)
def test_a_kill_loses_nothing_that_was_written_and_the_day_is_known_again(
    before: list[object], after: list[object]
) -> None:
    async def run() -> None:
        with new_house() as house:
            async with house.accounts() as accounts:
                await follow(house, accounts, [*before, Flushed()])
                kept = [total(accounts, room) for room in ("demo", "other")]
                spent_today = accounts.usage("demo").day.spent_usd
                unwritten = [event for event in after if isinstance(event, Sent)]
                await follow(house, accounts, unwritten)
            for _ in range(2):  # the first brings the files to fewer lines, the second reads them
                async with house.accounts() as accounts:
                    found = [total(accounts, room) for room in ("demo", "other")]
                    for mine, theirs in zip(found, kept, strict=True):
                        assert_same(mine, theirs)
                    day = accounts.usage("demo").day
                    assert day.spent_usd == pytest.approx(spent_today)

    asyncio.run(run())


def assert_same(mine: Usage, theirs: Usage) -> None:
    assert mine.sent_s == pytest.approx(theirs.sent_s)
    assert mine.billed_s == pytest.approx(theirs.billed_s)
    assert mine.unpriced_s == pytest.approx(theirs.unpriced_s)
    assert mine.spent_usd == pytest.approx(theirs.spent_usd)
    assert mine.items == theirs.items
