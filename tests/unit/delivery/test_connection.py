"""Readers whose transport was handed over: grouped, written to in rounds, slow and quick ones."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.archive.store import Store, open_store
from captioner.captions.model import Gap
from captioner.delivery import connection as connections
from captioner.delivery import group
from captioner.delivery import turns as turns_of_readers
from captioner.delivery.connection import Connection
from captioner.delivery.farewell import GOING_AWAY, NORMAL
from captioner.delivery.group import CHUNK
from captioner.delivery.keepalive import sweep
from captioner.delivery.outbox import MAX_BYTES
from captioner.delivery.reader import Asked
from captioner.delivery.wire import PING
from tests.unit.delivery.house import NOW, House, house
from tests.unit.delivery.network import Network
from tests.unit.delivery.speaking import caption, final


@pytest.fixture(params=["to the socket", "to the transport"], autouse=True, scope="module")
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """How those who keep up are written to."""
    with pytest.MonkeyPatch.context() as patching:
        if request.param == "to the socket":
            patching.setattr(connections, "borrow", lambda transport: transport)
        yield


@asynccontextmanager
async def attending(at: House, network: Network, asked: Asked = NOW) -> AsyncIterator[Connection]:
    async with at.hub.attend(at.room, asked) as connection:
        network.connect(connection)
    try:
        yield connection
    finally:
        network.lose()


async def turns(count: int = 8) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def ids(network: Network) -> list[str]:
    return [event["id"] for event in network.events() if event["type"] == "caption"]


@pytest.mark.anyio
async def test_all_who_asked_for_the_same_get_the_same_bytes(store: Store) -> None:
    async with house(store) as at:
        one, other, spanish = Network(), Network(), Network()
        async with (
            attending(at, one),
            attending(at, other),
            attending(at, spanish, Asked.of(["es"])),
        ):
            await turns()
            for network in (one, other):
                network.written.clear()
            await at.room.publish(final(1))
            await turns()
            ((once,), (again,)) = one.written, other.written
            assert once is again
            assert ids(spanish) == []


@pytest.mark.anyio
async def test_what_happens_in_one_turn_is_one_write(store: Store) -> None:
    async with house(store) as at:
        network = Network()
        async with attending(at, network):
            await turns()
            network.written.clear()
            for number in range(1, 6):
                await at.bus.publish("demo", final(number))
            await turns()
            assert len(network.written) == 1
            assert ids(network) == [f"u{number}" for number in range(1, 6)]


@pytest.mark.anyio
async def test_others_have_their_turn_between_chunks_of_readers(store: Store) -> None:
    async with house(store) as at:
        networks = [Network() for _ in range(CHUNK + 1)]
        for network in networks:
            async with at.hub.attend(at.room, NOW) as connection:
                network.connect(connection)
        await turns()
        await at.bus.publish("demo", final(1))
        reached = 0
        while not reached:
            await turns(1)
            reached = sum(bool(ids(network)) for network in networks)
        assert reached == CHUNK
        await turns()
        assert all(ids(network) == ["u1"] for network in networks)
        for network in networks:
            network.lose()


@pytest.mark.anyio
async def test_a_reader_that_stalls_gets_the_newest_and_all_finals(store: Store) -> None:
    async with house(store) as at:
        slow, quick = Network(), Network()
        async with attending(at, slow), attending(at, quick):
            await turns()
            slow.stall()
            said = [caption(1, 1, "a"), caption(1, 2, "ab"), final(2), caption(1, 3, "abc")]
            for event in said:
                await at.bus.publish("demo", event)
                await turns()
            assert [(e["id"], e["rev"]) for e in quick.events()[1:]] == [
                ("u1", 1),
                ("u1", 2),
                ("u2", 9),
                ("u1", 3),
            ]
            slow.flow()
            await turns()
            # What had left for the network cannot be taken back.
            assert [(e["id"], e["rev"]) for e in slow.events()[1:]] == [
                ("u1", 1),
                ("u2", 9),
                ("u1", 3),
            ]
            await at.bus.publish("demo", final(1))
            await turns()
            assert slow.events()[-1] == quick.events()[-1]


@pytest.mark.anyio
async def test_a_reader_that_is_too_far_behind_is_told_so(store: Store) -> None:
    async with house(store) as at:
        slow, quick = Network(), Network()
        async with attending(at, slow), attending(at, quick):
            await turns()
            slow.stall()
            for number in range(1, 5):
                await at.bus.publish("demo", final(number, text=MAX_BYTES // 2 * "x"))
                await turns()
            slow.flow()
            await turns()
            assert slow.events()[-1]["code"] == "too_slow"
            assert slow.close_code() == 4408
            assert ids(quick) == ["u1", "u2", "u3", "u4"]
            assert quick.close_code() is None


@pytest.mark.anyio
async def test_the_end_of_a_room_is_sent_to_quick_and_slow(store: Store) -> None:
    async with house(store) as at:
        slow, quick = Network(), Network()
        async with attending(at, slow), attending(at, quick):
            await turns()
            slow.stall()
            await at.room.publish(final(1))
            await turns()
            await at.room.publish(final(2))
            await at.rooms.end("demo")
            await turns()
            slow.flow()
            await turns()
            for network in (slow, quick):
                assert ids(network) == ["u1", "u2"]
                assert network.events()[-1]["status"] == "ended"
                assert network.close_code() == NORMAL


@pytest.mark.anyio
async def test_a_server_that_goes_lets_everybody_read_to_the_end(store: Store) -> None:
    async with house(store) as at:
        slow, quick = Network(), Network()
        async with attending(at, slow), attending(at, quick):
            await turns()
            slow.stall()
            await at.room.publish(final(1))
            await turns()
            await at.room.publish(final(2))
            closing = asyncio.create_task(at.hub.close())
            await turns()
            assert quick.close_code() == GOING_AWAY
            assert not closing.done()
            slow.flow()
            await closing
            assert ids(slow) == ["u1", "u2"]
            assert slow.close_code() == GOING_AWAY


@pytest.mark.anyio
async def test_a_deleted_room_is_told_of(store: Store) -> None:
    async with house(store) as at:
        network = Network()
        async with attending(at, network):
            await turns()
            await at.bus.forget("demo")
            await turns()
            assert network.events()[-1]["code"] == "room_not_found"
            assert network.close_code() == 4404


@pytest.mark.anyio
async def test_of_the_pings_of_a_client_that_does_not_read_the_last_is_answered(
    store: Store,
) -> None:
    async with house(store) as at:
        network = Network()
        async with attending(at, network):
            await turns()
            network.stall()
            await at.room.publish(final(1))
            await turns()
            for word in (b"a", b"b", b"c"):
                network.hear(b"\x89\x81\0\0\0\0" + word)
            network.flow()
            assert [data for opcode, data in network.frames() if opcode == 0xA] == [b"c"]


@pytest.mark.anyio
async def test_a_client_that_answers_no_ping_is_cut_off(store: Store) -> None:
    async with house(store) as at:
        silent, alive = Network(), Network()
        async with attending(at, silent) as one, attending(at, alive) as other:
            await turns()
            for _ in range(3):
                sweep((one, other))
                alive.hear(b"\x8a\x80\0\0\0\0")
                await turns()
            assert silent.closed
            assert not alive.closed
            assert alive.taken.count(PING) == 3


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "say", "end", "come", "go", "stall", "flow", "turn"]),
              st.integers(0, 3)),
    max_size=60,
)  # fmt: skip


@given(STEPS)
@settings(deadline=None, max_examples=300)
def test_whatever_networks_do_finals_come_once_and_in_order(steps: list[Step]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(Path(folder)) as store,
        patch.object(turns_of_readers, "CHUNK", 1),
        patch.object(group, "CHUNK", 1),
    ):
        asyncio.run(_play(store, steps))


async def _play(store: Store, steps: list[Step]) -> None:
    """Four seats that readers come to and go from; each comes back where it was."""
    async with house(store) as at:
        seats = [Seat() for _ in range(4)]
        number, rev = 1, 0
        for verb, which in steps:
            seat = seats[which]
            if verb == "say":
                rev += 1
                await at.bus.publish("demo", caption(number, rev, rev * "x"))
            elif verb == "end":
                await at.bus.publish("demo", final(number, rev + 1))
                await at.bus.publish("demo", Gap("en", 0.0, 1.0, "paused"))
                number, rev = number + 1, 0
            elif verb == "turn":
                await asyncio.sleep(0)
            else:
                await seat.do(verb, at)
        for seat in seats:
            await seat.do("flow", at)
            await seat.do("come", at)
        await turns(20)
        last = (await at.bus.position("demo")).seq
        for seat in seats:
            seat.check([f"u{each}" for each in range(1, number)], last)
            await seat.do("go", at)


class Seat:
    """One who reads, with interruptions."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._read: list[dict[str, object]] = []
        self._asked = NOW
        self._begun = 0

    async def do(self, verb: str, at: House) -> None:
        if verb == "come" and self._network is None:
            async with at.hub.attend(at.room, self._asked) as connection:
                self._network = Network()
                self._network.connect(connection)
        elif self._network is None:
            return
        elif verb == "go":
            self._network.lose()
            self._take(self._network)
            self._network = None
        elif verb == "stall":
            self._network.stall()
        elif verb == "flow":
            self._network.flow()

    def _take(self, network: Network) -> None:
        hello, *events = network.events()
        self._begun = self._begun or int(str(hello["seq"]))
        self._read += events
        seq = int(str((self._read or [hello])[-1]["seq"]))
        self._asked = Asked.of(after=str(seq), epoch=str(hello["epoch"]))

    def check(self, finals: list[str], last: int) -> None:
        assert self._network is not None
        self._take(self._network)
        numbers = [int(str(event["seq"])) for event in self._read]
        assert numbers == sorted(set(numbers)), "one came twice, or late"
        got = [event["id"] for event in self._read if event.get("final")]
        assert got == finals[len(finals) - len(got) :]
        assert max(self._begun, *numbers, 0) == last
