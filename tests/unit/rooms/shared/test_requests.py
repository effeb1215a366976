"""Requests to a room's keeper on their way through Redis."""

from __future__ import annotations

import orjson
import pytest

from captioner.captions.model import Settled
from captioner.errors import BadInput, CaptionerError, RoomEnded
from captioner.rooms.corrections import Correction
from captioner.rooms.records import Published
from captioner.rooms.shared.requests import (
    Changed,
    Command,
    Corrected,
    Journalled,
    Request,
    TrackStarted,
    TrackStopped,
    answer_of,
    refusal_message,
    request_from,
    request_message,
)
from tests.unit.rooms.conftest import final

REQUESTS: list[Request] = [
    Journalled(Published(final("u1"), 2.5, Settled("mic", 1.5))),
    Journalled(Settled("mic", 7.0)),
    TrackStarted("mic", "Ana", "en"),
    TrackStarted("mic", None, "auto"),
    TrackStopped("mic"),
    Changed({"title": "Weekly", "keywords": ["Captioner"]}),
    Corrected(Correction("u1", "en", "Hello.")),
    Command("pause"),
    Command("delete"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=repr)
def test_a_request_arrives_as_it_was_sent(request_: Request) -> None:
    assert request_from(orjson.loads(orjson.dumps(request_message(request_)))) == request_


@pytest.mark.parametrize(
    "message",
    [{}, {"do": "dance"}, {"do": "journal", "line": {"type": "track"}}, {"do": "start"}],
)
def test_what_no_version_asks_for_is_refused(message: dict[str, object]) -> None:
    with pytest.raises((BadInput, ValueError)):
        request_from(message)


def test_an_error_arrives_as_it_was_raised() -> None:
    with pytest.raises(RoomEnded, match="has ended"):
        answer_of(refusal_message(RoomEnded("the room demo has ended")))
    with pytest.raises(CaptionerError, match="of a later version"):
        answer_of({"error": "Unheard", "message": "of a later version"})
