"""The connection to Redis, against real servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from captioner.errors import RedisUnavailable
from captioner.redis.connection import Redis, connected
from captioner.redis.script import Script, key
from tests.processes import free_port
from tests.redis_servers import (
    RedisCluster,
    RedisServer,
    running_cluster,
    running_redis,
    running_sentinel,
)

pytestmark = pytest.mark.anyio

COUNT = Script("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])")
SERVER = Script("server", "return {ARGV[1], ARGV[2], ARGV[3]}")


class Heard:
    """What a listener heard, in order."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.resumptions = 0
        self._news = asyncio.Event()

    def hear(self, message: bytes) -> None:
        self.messages.append(message)
        self._news.set()

    def resumed(self) -> None:
        self.resumptions += 1
        self._news.set()

    async def until(self, *, messages: int = 0, resumptions: int = 0) -> None:
        while len(self.messages) < messages or self.resumptions < resumptions:
            self._news.clear()
            await self._news.wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_down(redis: Redis) -> None:
    await until(lambda: not redis.up)


async def trouble(redis: Redis) -> str:
    """Why a command fails now; empty if it does not."""
    try:
        await redis.read(("GET", "a"))
    except RedisUnavailable as error:
        return str(error)
    return ""


async def test_a_script_runs_though_the_server_has_forgotten_it() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            assert await redis.run(COUNT, ["n"], 2) == 2
            server.ask("SCRIPT", "FLUSH")
            assert await redis.run(COUNT, ["n"], 3) == 5


async def test_a_script_is_told_which_server_runs_it() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            assert await redis.run(SERVER, ["n"], "mine") == [
                b"mine",
                redis.run_id_of("n").encode(),
                b"0",
            ]


async def test_commands_are_answered_in_order() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            assert await redis.read(("SET", "a", 1), ("GET", "a"), ("GET", "b")) == [
                b"OK",
                b"1",
                None,
            ]


async def test_a_server_that_is_away_is_said_once_and_found_when_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with running_redis() as server:
        server.stop()
        async with connected(server.url) as redis:
            await until(lambda: bool(caplog.records))
            await asyncio.sleep(0.5)  # for some more attempts
            assert "is away" in await trouble(redis)
            server.start()
            await redis.wait_until_up()
            await redis.read(("GET", "a"))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "is away" in said[0]
    assert said[1].endswith("is back.")


async def test_no_password_is_ever_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"redis://me:s3cret@127.0.0.1:{free_port()}"
    async with connected(url) as redis:
        await until(lambda: bool(caplog.records))
        assert "s3cret" not in caplog.text + await trouble(redis) + repr(redis)


async def test_a_password_opens_the_server() -> None:
    with running_redis() as server:
        server.ask("CONFIG", "SET", "requirepass", "p@ss/word")
        url = f"redis://:p%40ss%2Fword@127.0.0.1:{server.port}/3"
        async with connected(url) as redis:
            await redis.wait_until_up()
            await redis.read(("SET", "a", "b"))


async def test_a_server_that_freezes_fails_its_callers_once_they_have_waited_and_then_at_once() -> (
    None
):
    with running_redis() as server:
        async with connected(server.url, patience=0.5) as redis:
            await redis.wait_until_up()
            server.freeze()
            with pytest.raises(RedisUnavailable, match="did not answer within"):
                await redis.read(("GET", "a"))
            waiting = asyncio.create_task(redis.read(("GET", "a")))
            await asyncio.sleep(0)
            assert waiting.done(), "nobody waits for a server that is away"
            with pytest.raises(RedisUnavailable):
                await waiting
            server.thaw()
            await redis.wait_until_up()
            await redis.read(("GET", "a"))


async def test_a_frozen_server_is_noticed_though_nobody_asks_it() -> None:
    with running_redis() as server:
        async with connected(server.url, patience=0.5) as redis:
            await redis.wait_until_up()
            server.freeze()
            await until_down(redis)


async def test_a_full_server_is_said_to_be_full() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            server.ask("CONFIG", "SET", "maxmemory", 1)
            with pytest.raises(RedisUnavailable, match="out of memory"):
                await redis.run(COUNT, ["n"], 1)
            assert redis.up
            server.ask("CONFIG", "SET", "maxmemory", 0)
            assert await redis.run(COUNT, ["n"], 1) == 1


async def test_a_replica_is_not_worked_with() -> None:
    with running_redis() as master, running_redis() as server:
        server.ask("REPLICAOF", "127.0.0.1", master.port)
        async with connected(server.url) as redis:
            while "replica" not in await trouble(redis):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert not redis.up
            server.ask("REPLICAOF", "NO", "ONE")
            await redis.wait_until_up()


async def test_one_server_of_a_cluster_says_which_url_is_right(
    redis_cluster: RedisCluster,
) -> None:
    async with connected(redis_cluster.servers[0].url) as redis:
        while "redis+cluster://" not in await trouble(redis):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_sentinels_need_not_know_the_password_of_the_master() -> None:
    with running_sentinel() as (sentinel, master, _):
        master.ask("ACL", "SETUSER", "me", "on", ">secret", "~*", "&*", "+@all")
        url = sentinel.url.replace("://", "://me:secret@")
        async with connected(url) as redis:
            await redis.wait_until_up()
            assert await redis.run(COUNT, ["n"], 1) == 1


async def test_every_listener_hears_every_message_over_one_subscription() -> None:
    with running_redis() as server:
        one, other = Heard(), Heard()
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            async with redis.listening("c", one.hear), redis.listening("c", other.hear):
                for number in range(3):
                    await redis.tell("c", b"%d" % number)
                await one.until(messages=3)
                assert one.messages == other.messages == [b"0", b"1", b"2"]
                assert server.ask("PUBSUB", "SHARDNUMSUB", "c") == ["c", 1]
            await redis.read(("GET", "a"))
            assert server.ask("PUBSUB", "SHARDNUMSUB", "c") == ["c", 0]


async def test_a_channel_that_is_left_and_joined_again_and_again_is_heard() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            for _ in range(20):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0), redis.listening("c", Heard().hear):
                        pass
                heard = Heard()
                async with redis.listening("c", heard.hear, heard.resumed):
                    await redis.tell("c", b"here")
                    await heard.until(messages=1)
                    assert heard.resumptions == 0


async def test_a_subscription_is_made_again_after_an_outage() -> None:
    with running_redis() as server:
        heard = Heard()
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            async with redis.listening("c", heard.hear, heard.resumed):
                server.restart()
                await heard.until(resumptions=1)
                await redis.tell("c", b"again")
                await heard.until(messages=1)


async def test_who_listens_while_the_server_is_away_is_told_when_it_hears() -> None:
    with running_redis() as server:
        server.stop()
        heard = Heard()
        async with (
            connected(server.url) as redis,
            redis.listening("c", heard.hear, heard.resumed),
        ):
            server.start()
            await heard.until(resumptions=1)
            await redis.tell("c", b"now")
            await heard.until(messages=1)


ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
EVERY_SECOND = ("--appendonly", "yes", "--appendfsync", "everysec")
SECRETIVE = (*ALWAYS, "--rename-command", "CONFIG", "")


@pytest.mark.parametrize(
    ("persistence", "durable"),
    [(ALWAYS, True), (EVERY_SECOND, False), (("--appendonly", "no"), False), (SECRETIVE, False)],
)
async def test_a_server_that_keeps_everything_is_known(
    persistence: tuple[str, ...], durable: bool
) -> None:
    with running_redis(*persistence) as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            assert redis.durable is durable


async def test_a_restarted_server_is_another_one() -> None:
    with running_redis() as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            before = redis.run_id_of("a")
            server.restart()
            await until_down(redis)
            await redis.wait_until_up()
            assert redis.run_id_of("a") != before


async def test_a_cluster_is_asked_where_the_key_is() -> None:
    rooms = [f"room-{number}" for number in range(20)]
    with running_cluster() as cluster:
        async with connected(cluster.url) as redis:
            await redis.wait_until_up()
            for room in rooms:
                assert await redis.run(COUNT, [key(room, "n")], 1) == 1
            assert await redis.read(*(("GET", key(room, "n")) for room in rooms)) == [b"1"] * 20
            assert len({redis.run_id_of(key(room, "n")) for room in rooms}) == 3


async def test_a_channel_of_a_cluster_is_heard_where_it_is() -> None:
    with running_cluster() as cluster:
        async with connected(cluster.url) as redis:
            await redis.wait_until_up()
            for room in ("a", "b", "c", "d"):
                heard = Heard()
                async with redis.listening(key(room, "c"), heard.hear):
                    await redis.tell(key(room, "c"), room.encode())
                    await heard.until(messages=1)


async def test_rooms_of_other_servers_go_on_while_one_of_the_cluster_is_away() -> None:
    with running_cluster() as cluster:
        async with connected(cluster.url, patience=0.5) as redis:
            await redis.wait_until_up()
            frozen = cluster.serving("a")
            other = next(k for k in "bcdefgh" if cluster.serving(k) is not frozen)
            frozen.freeze()
            await until_down(redis)
            with pytest.raises(RedisUnavailable):
                await redis.read(("GET", "a"))
            assert await redis.read(("GET", other)) == [None]
            frozen.thaw()
            await redis.wait_until_up()
            assert await redis.read(("GET", "a")) == [None]


def move_slot(key: str, source: RedisServer, target: RedisServer) -> None:
    """Hand an empty slot over, as an operator does."""
    slot = source.ask("CLUSTER", "KEYSLOT", key)
    owner = target.ask("CLUSTER", "MYID")
    target.ask("CLUSTER", "SETSLOT", slot, "NODE", owner)
    source.ask("CLUSTER", "SETSLOT", slot, "NODE", owner)


async def test_a_slot_that_moves_is_followed_by_scripts_and_by_listeners() -> None:
    with running_cluster() as cluster:
        heard = Heard()
        async with connected(cluster.url) as redis:
            await redis.wait_until_up()
            source = cluster.serving("a")
            target = next(server for server in cluster.servers if server is not source)
            async with redis.listening("a", heard.hear, heard.resumed):
                move_slot("a", source, target)
                assert await redis.run(COUNT, ["a"], 1) == 1
                await heard.until(resumptions=1)
                await redis.tell("a", b"moved")
                await heard.until(messages=1)


async def test_a_key_of_a_slot_that_is_moving_is_asked_for_where_it_goes() -> None:
    with running_cluster() as cluster:
        async with connected(cluster.url) as redis:
            await redis.wait_until_up()
            source = cluster.serving("a")
            target = next(server for server in cluster.servers if server is not source)
            slot = source.ask("CLUSTER", "KEYSLOT", "a")
            target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
            source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
            assert await redis.run(COUNT, ["a"], 1) == 1
            assert target.ask("CLUSTER", "COUNTKEYSINSLOT", slot) == 1


async def test_the_replica_that_the_sentinels_choose_is_gone_on_with() -> None:
    with running_sentinel() as (sentinel, master, replica):
        heard = Heard()
        async with connected(sentinel.url) as redis:
            await redis.wait_until_up()
            before = redis.run_id_of("a")
            async with redis.listening("c", heard.hear, heard.resumed):
                master.kill()
                await heard.until(resumptions=1)
                assert replica.ask("ROLE")[0] == "master"
                assert redis.run_id_of("a") != before
                assert await redis.run(COUNT, ["n"], 1) == 1


async def test_a_replica_in_a_cluster_that_takes_over_is_gone_on_with() -> None:
    with running_cluster(replica=True) as cluster:
        heard = Heard()
        first = cluster.servers[0]
        name = next(str(n) for n in range(99) if cluster.serving(str(n)) is first)
        async with connected(cluster.url) as redis:
            await redis.wait_until_up()
            before = redis.run_id_of(name)
            async with redis.listening(name, heard.hear, heard.resumed):
                first.kill()
                await heard.until(resumptions=1)
                await redis.wait_until_up()
                assert redis.run_id_of(name) != before
                assert await redis.run(COUNT, [name], 1) == 1
                await redis.tell(name, b"here")
                await heard.until(messages=1)


async def test_a_server_with_a_replica_may_be_replaced_by_one_that_lacks_something() -> None:
    with running_redis(*ALWAYS) as server:
        async with connected(server.url) as redis:
            await redis.wait_until_up()
            assert redis.durable
            with running_redis("--replicaof", f"127.0.0.1 {server.port}"):
                await until(lambda: not redis.durable)


async def test_a_cluster_that_is_away_is_said_once_and_found_when_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_cluster() as cluster:
        for server in cluster.servers:
            server.stop()
        async with connected(cluster.url) as redis:
            await until(lambda: bool(caplog.records))
            await asyncio.sleep(0.5)  # for some more attempts
            assert await trouble(redis)
            said = [record.getMessage() for record in caplog.records]
            assert len(said) == 1
            assert "is away" in said[0]
            for server in cluster.servers:
                server.start()
            await redis.wait_until_up()
            await redis.read(("GET", "a"))
