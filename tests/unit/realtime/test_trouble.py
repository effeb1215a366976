"""Pitfalls of errors: which are fatal, which pass, and how often a server is tried again."""

from __future__ import annotations

import logging

import pytest

from captioner.errors import EngineUnavailable
from captioner.realtime.breaker import Breaker
from captioner.realtime.trouble import Remedy, SessionEnded, closed, not_let_in, remedy_for
from tests.faults.script import (
    EXPIRED,
    AtSecond,
    Before,
    Disconnect,
    Fails,
    Fault,
    Refused,
    Rejects,
    Says,
    Unreachable,
)
from tests.realtime_faults import Script
from tests.unit.realtime.crowd import HOUR_S, at_every_attempt, heard_for
from tests.unit.realtime.test_survival import DETECTING, UTTERANCES, captioned


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("input_audio_buffer_commit_empty", Remedy.IGNORE),
        ("conversation_already_has_active_response", Remedy.IGNORE),
        ("response_cancel_not_active", Remedy.IGNORE),
        ("invalid_event", Remedy.IGNORE),
        ("invalid_value", Remedy.IGNORE),
        ("unknown_parameter", Remedy.IGNORE),
        ("never_heard_of", Remedy.IGNORE),
        (None, Remedy.IGNORE),
        ("session_expired", Remedy.RENEW),
        ("rate_limit_exceeded", Remedy.WAIT),
        ("slow_down", Remedy.WAIT),
        ("server_is_overloaded", Remedy.WAIT),
        ("session_limit_reached", Remedy.WAIT),
        ("server_error", Remedy.RETRY),
        ("invalid_api_key", Remedy.REFUSED),
        ("insufficient_quota", Remedy.REFUSED),
        ("credit_balance_exhausted", Remedy.REFUSED),
        ("beta_api_shape_disabled", Remedy.REFUSED),
        ("model_not_found", Remedy.REFUSED),
        ("invalid_model", Remedy.REFUSED),
    ],
)
def test_an_error_event_is_as_bad_as_its_code_says(code: str | None, remedy: Remedy) -> None:
    assert remedy_for({"code": code, "message": "no"}) is remedy


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (1000, "", Remedy.RETRY),
        (1001, "", Remedy.RETRY),
        (1001, EXPIRED, Remedy.RENEW),
        (1000, "Conversation timed out after 900.0 seconds due to inactivity", Remedy.RENEW),
        (1005, "", Remedy.RETRY),
        (1006, "", Remedy.RETRY),
        (1009, "", Remedy.RETRY),
        (1011, "keepalive ping timeout", Remedy.RETRY),
        (1012, "", Remedy.RETRY),
        (1013, "", Remedy.WAIT),
        (1008, "", Remedy.REFUSED),
        (3000, "invalid_request_error.invalid_api_key", Remedy.REFUSED),
        (4000, "invalid_request_error.invalid_model", Remedy.REFUSED),
    ],
)
def test_a_closed_connection_is_as_bad_as_its_code_says(
    code: int, reason: str, remedy: Remedy
) -> None:
    assert closed("server", code, reason).remedy is remedy


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        *((status, Remedy.REFUSED) for status in (301, 307, 400, 401, 402, 403, 404, 405, 410)),
        *((status, Remedy.RETRY) for status in (408, 425, 500, 502, 504)),
        *((status, Remedy.WAIT) for status in (429, 503)),
    ],
)
def test_a_handshake_that_fails_is_as_bad_as_its_status_says(status: int, remedy: Remedy) -> None:
    assert not_let_in("server", status).remedy is remedy


@pytest.mark.parametrize(
    "code", ["input_audio_buffer_commit_empty", "never_heard_of", "invalid_event"]
)
def test_an_error_that_is_none_ends_no_session(code: str) -> None:
    track = captioned(Script(((Says(AtSecond(2.0), code), Fails(3)),)), DETECTING)
    assert track.words == " ".join(UTTERANCES).split()
    assert len(track.upstream) == 1


WRONG_KEY = Disconnect(Before("created"), 3000, error="invalid_api_key")


@pytest.mark.parametrize("tracks", [1, 50])
@pytest.mark.parametrize(
    "fault",
    [Refused(401), WRONG_KEY, Disconnect(Before("created"), 3000), Rejects("transcription")],
    ids=["status", "event", "close", "update"],
)
def test_a_refusal_is_told_once_and_tried_again_a_few_times_an_hour(
    fault: Fault, tracks: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    seconds = HOUR_S if tracks == 1 else HOUR_S / 4
    server, heard = heard_for(seconds, at_every_attempt(fault), DETECTING, tracks=tracks)
    assert 3 <= len(server.times) <= 12
    for track in heard:
        assert len(track.upstream) == 1, "what is wrong is said once"
        assert track.upstream[0].trouble
        assert track.captions == []
    told = [r for r in caplog.records if "No recognition" in r.message]
    assert len(told) == 1


def test_a_publisher_keeps_its_audio_while_the_key_is_wrong() -> None:
    track = captioned(Script(((Refused(401),), (WRONG_KEY,))), DETECTING)
    assert track.words == " ".join(UTTERANCES).split()
    assert track.gaps == []


@pytest.mark.parametrize("tracks", [1, 20])
def test_a_session_that_begins_and_is_then_refused_counts_as_refused(tracks: int) -> None:
    fault = Disconnect(AtSecond(0.5), 1000, error="insufficient_quota")
    server, _ = heard_for(HOUR_S / 2, at_every_attempt(fault), DETECTING, tracks=tracks)
    assert len(server.times) <= 6 * tracks


def test_a_server_that_ends_every_session_at_once_is_not_hammered() -> None:
    fault = Disconnect(AtSecond(0.5), 1001, EXPIRED)
    server, _ = heard_for(HOUR_S / 6, at_every_attempt(fault), DETECTING)
    assert len(server.times) < 200


@pytest.mark.parametrize("fault", [Refused(503), Refused(429), Unreachable(1.0)], ids=str)
def test_an_outage_is_tried_by_one_track_for_all(fault: Fault) -> None:
    one, _ = heard_for(HOUR_S / 6, at_every_attempt(fault), DETECTING)
    many, _ = heard_for(HOUR_S / 6, at_every_attempt(fault), DETECTING, tracks=30)
    assert len(many.times) < 30 + 2 * len(one.times)


def test_all_tracks_come_back_when_the_server_said_that_they_may() -> None:
    script = Script(((Refused(429, retry_after=30.0),),))
    server, heard = heard_for(120.0, script, DETECTING, tracks=20)
    assert server.times[1] >= 30.0
    assert len(server.times) == 1 + len(heard)
    assert all(track.words for track in heard)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def refused() -> SessionEnded:
    return SessionEnded("no", Remedy.REFUSED)


def test_the_same_refusal_of_many_tracks_is_one() -> None:
    clock = Clock()
    breaker = Breaker(clock, jitter=lambda: 1.0)
    for _ in range(50):
        breaker.failed(refused())
    assert breaker.wait() == 60.0


def test_pauses_grow_until_a_session_has_worked_for_as_long() -> None:
    clock = Clock()
    breaker = Breaker(clock, jitter=lambda: 1.0)
    waits = []
    for worked in (0.0, 1.0, 1.0, 1000.0, 0.0):
        with breaker.attempt():
            pass
        clock.now += worked
        breaker.failed(refused())
        waits.append(breaker.wait())
        clock.now += breaker.wait()
    assert waits == [60.0, 120.0, 240.0, 60.0, 120.0]


def test_slow_failures_make_pauses_grow_too() -> None:
    clock = Clock()
    breaker = Breaker(clock, jitter=lambda: 1.0)
    waits = []
    for _ in range(6):
        with pytest.raises(EngineUnavailable), breaker.attempt():
            clock.now += 20.0
            raise EngineUnavailable("it does not answer in time")
        waits.append(breaker.wait())
        clock.now += breaker.wait()
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0, 5.0]


def test_a_handshake_alone_is_no_success() -> None:
    server, _ = heard_for(HOUR_S / 6, at_every_attempt(WRONG_KEY), DETECTING)
    assert len(server.times) <= 5
