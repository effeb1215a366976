"""Which server has its turn, and when, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from captioner.client.connecting import Lost
from captioner.client.servers import PATIENCE_S, STEADY_S, Servers
from captioner.errors import BadInput, ServerUnreachable, StreamInUse
from tests.virtual_time import run_virtual

THREE = ("http://a", "http://b", "http://c")
FIRST_PAUSE_S = 0.125
"""The shortest there is."""


async def moves(servers: Servers, count: int) -> list[tuple[str, bool]]:
    """Where `count` failures in a row lead, and whether at once."""
    led = []
    for _ in range(count):
        before = asyncio.get_running_loop().time()
        await servers.failed(Lost("gone"))
        pause = asyncio.get_running_loop().time() - before
        assert pause == 0 or pause >= FIRST_PAUSE_S
        led.append((servers.current[-1], pause == 0))
    return led


def after_an_answer(
    urls: str | Sequence[str], count: int, *, held_s: float = 0.0
) -> list[tuple[str, bool]]:
    async def run() -> list[tuple[str, bool]]:
        servers = Servers(urls, PATIENCE_S)
        servers.answered()
        await asyncio.sleep(held_s)
        return await moves(servers, count)

    return run_virtual(run())


def test_every_other_server_is_tried_at_once_and_then_all_after_pauses() -> None:
    assert after_an_answer(THREE, 5) == [
        ("b", True),
        ("c", True),
        ("a", False),
        ("b", False),
        ("c", False),
    ]


def test_a_single_server_is_tried_after_a_pause() -> None:
    assert after_an_answer("http://a", 2) == [("a", False), ("a", False)]


def test_a_connection_that_held_is_worth_waiting_for_however_long_it_was_silent() -> None:
    led = after_an_answer("http://a", 3, held_s=10 * PATIENCE_S)
    assert led == [("a", False)] * 3


def test_servers_that_break_every_connection_are_not_tried_without_a_pause() -> None:
    async def run() -> list[tuple[str, bool]]:
        servers, led = Servers(THREE[:2], PATIENCE_S), []
        for _ in range(4):
            servers.answered()
            led += await moves(servers, 1)
        return led

    assert run_virtual(run()) == [("b", True), ("a", False), ("b", False), ("a", False)]


def test_after_a_connection_that_held_the_others_have_their_chance_at_once_again() -> None:
    async def run() -> list[tuple[str, bool]]:
        servers = Servers(THREE, PATIENCE_S)
        servers.answered()
        await moves(servers, 4)
        servers.answered()
        await asyncio.sleep(STEADY_S)
        return await moves(servers, 3)

    assert run_virtual(run()) == [("c", True), ("a", True), ("b", False)]


def test_servers_that_never_answered_are_given_up_when_each_was_tried() -> None:
    async def run() -> None:
        servers = Servers(THREE, PATIENCE_S)
        assert await moves(servers, 2) == [("b", True), ("c", True)]
        with pytest.raises(ServerUnreachable, match="None of 3 servers can be used. gone"):
            await servers.failed(Lost("gone"))

    run_virtual(run())


def test_servers_that_answered_once_are_waited_for_as_long_as_patience_lasts() -> None:
    async def run() -> float:
        servers = Servers(THREE, PATIENCE_S)
        servers.answered()
        with pytest.raises(ServerUnreachable):
            await moves(servers, 1000)
        return asyncio.get_running_loop().time()

    assert PATIENCE_S < run_virtual(run()) < PATIENCE_S + 10


def test_a_stream_in_use_is_waited_for_where_it_is() -> None:
    async def run() -> None:
        servers = Servers(THREE, PATIENCE_S)
        servers.answered()
        await servers.pause(StreamInUse("another publishes it"))
        assert servers.current == "ws://a"
        assert asyncio.get_running_loop().time() >= FIRST_PAUSE_S

    run_virtual(run())


def test_a_stream_in_use_from_the_first_is_said() -> None:
    async def run() -> None:
        with pytest.raises(StreamInUse, match="another publishes it"):
            await Servers(THREE, PATIENCE_S).pause(StreamInUse("another publishes it"))

    run_virtual(run())


def test_a_server_named_twice_has_one_turn() -> None:
    assert after_an_answer(("http://a", "http://a/", "http://b"), 2) == [("b", True), ("a", False)]


@pytest.mark.parametrize(
    "url", ["localhost:8000", "http://", "http://host:port", "http://[::1", "ftp://host", ""]
)
def test_every_address_is_checked(url: str) -> None:
    for urls in (url, ["http://127.0.0.1:8000", url]):
        with pytest.raises(BadInput, match="not the address"):
            Servers(urls, PATIENCE_S)


def test_no_address_at_all_is_said() -> None:
    with pytest.raises(BadInput, match="no server is named"):
        Servers([], PATIENCE_S)
