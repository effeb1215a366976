"""Journal entries and their lines."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from captioner.captions.model import Caption, Gap, RoomChange, Settled
from captioner.errors import BadInput
from captioner.rooms.lines import from_line, to_line
from captioner.rooms.records import ClockStarted, Entry, Published, TrackOpened

FINAL = Caption("u1", "en", 3, "Hello.", 6, True, 0.5, 1.25, "mic", "Ana")


@pytest.mark.parametrize(
    "entry",
    [
        ClockStarted(datetime(2026, 3, 1, 9, 30, 0, 125_000, UTC)),
        TrackOpened("mic", 12.5, "Ana", "auto"),
        TrackOpened("mic", 0.0, None, "en"),
        Settled("mic", 3.75),
        Published(FINAL, 2.0),
        Published(FINAL, 2.0, Settled("mic", 1.25)),
        Published(Gap("en", 3.0, 4.5, "paused"), 4.5),
        Published(RoomChange("live", ("en", "es")), 0.0),
    ],
)
def test_every_entry_survives_the_journey_through_its_line(entry: Entry) -> None:
    assert from_line(orjson.loads(orjson.dumps(to_line(entry)))) == entry


def test_a_line_is_the_event_of_the_contract_and_what_it_settles() -> None:
    line = to_line(Published(FINAL, 2.0, Settled("mic", 1.25)))
    assert (line["type"], line["id"], line["text"]) == ("caption", "u1", "Hello.")
    assert line["settled"] == {"stream": "mic", "until": 1.25}
    assert "seq" not in line


def test_the_time_of_the_clock_is_rfc_3339() -> None:
    line = to_line(ClockStarted(datetime(2026, 3, 1, 9, 30, tzinfo=UTC)))
    assert line["started_at"] == "2026-03-01T09:30:00+00:00"


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"type": "song"},
        {"type": "clock", "started_at": "yesterday"},
        {"type": "track", "stream": "mic", "base": "0", "speaker": None, "language": "en"},
        {"type": "settled", "stream": "mic"},
        {"type": "gap", "at": 1.0, "language": "en"},
        {"type": "room", "status": "live", "languages": []},
        {"type": "room", "status": "live", "languages": [], "at": 0, "settled": 3},
    ],
)
def test_what_is_no_entry_is_refused(line: dict[str, object]) -> None:
    with pytest.raises((ValueError, BadInput)):
        from_line(line)
