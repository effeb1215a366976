from __future__ import annotations

import pytest

from captioner.errors import EngineUnavailable
from captioner.realtime.breaker import FAILURES, FIRST_S, LAST_REFUSED_S, LAST_S, Breaker
from captioner.realtime.trouble import closed, not_let_in, unreachable


class Server:
    """A breaker, its clock, and what happens when the server is tried."""

    def __init__(self) -> None:
        self.now = 0.0
        self.breaker = Breaker(clock=lambda: self.now, jitter=lambda: 1.0)

    def fails(self, error: EngineUnavailable, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(EngineUnavailable), self.breaker.attempt():
                raise error

    def works(self) -> None:
        with self.breaker.attempt():
            pass


DOWN = unreachable("it", "connection refused")


def test_a_few_failures_are_nobodys_business() -> None:
    server = Server()
    server.fails(DOWN, FAILURES - 1)
    assert (server.breaker.wait(), server.breaker.closed) == (0.0, True)
    server.works()
    server.fails(DOWN, FAILURES - 1)
    assert server.breaker.closed, "only failures in a row count"


def test_after_more_of_them_nobody_tries_for_longer_and_longer() -> None:
    server = Server()
    server.fails(DOWN, FAILURES)
    pauses = []
    for _ in range(6):
        pauses.append(server.breaker.wait())
        server.now += pauses[-1]
        server.fails(DOWN)
    assert pauses[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert pauses[-1] == LAST_S


def test_when_the_pause_is_over_one_tries_while_the_others_wait() -> None:
    server = Server()
    server.fails(DOWN, FAILURES)
    server.now += 60
    assert server.breaker.wait() == 0.0
    with server.breaker.attempt():
        assert server.breaker.wait() > 0
    assert (server.breaker.wait(), server.breaker.closed) == (0.0, True)


def test_an_attempt_that_is_broken_off_keeps_nobody_out() -> None:
    server = Server()
    with pytest.raises(KeyboardInterrupt), server.breaker.attempt():
        raise KeyboardInterrupt
    assert server.breaker.wait() == 0.0


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    server = Server()
    server.fails(not_let_in("it", 429, 30.0))
    assert server.breaker.wait() == 30.0
    server.fails(not_let_in("it", 429, 5.0))
    assert server.breaker.wait() == 30.0, "a shorter pause takes nothing back"


@pytest.mark.parametrize(
    "error", [not_let_in("it", 401), not_let_in("it", 404), closed("it", 3000), closed("it", 4000)]
)
def test_what_only_people_can_mend_is_hardly_tried(error: EngineUnavailable) -> None:
    server = Server()
    attempts = 0
    while server.now < 24 * 3600:
        server.fails(error)
        attempts += 1
        server.now += max(server.breaker.wait(), 1.0)
    assert attempts < 24 * 3600 / LAST_REFUSED_S + 10


def test_it_remembers_what_was_wrong_until_it_works() -> None:
    server = Server()
    server.fails(DOWN)
    assert server.breaker.trouble == "it cannot be reached: connection refused"
    server.works()
    assert server.breaker.trouble == ""
