from __future__ import annotations

import pytest

from captioner.archive.store import Store
from captioner.delivery.sse import asked_after, stream
from captioner.errors import BadInput
from tests.unit.delivery.house import house
from tests.unit.delivery.speaking import final


def test_a_last_event_id_is_an_epoch_and_a_seq() -> None:
    assert asked_after("k3f9:17") == ("17", "k3f9")
    assert asked_after("") == (None, None)
    with pytest.raises(BadInput):
        asked_after("17")


@pytest.mark.anyio
async def test_a_stream_gives_a_sign_of_life_while_nothing_happens(store: Store) -> None:
    async with house(store) as at, at.read() as reader:
        events = stream(reader, quiet=0.01)
        assert (await anext(events)).startswith(b'data: {"type":"hello"')
        assert (await anext(events)).startswith(b"id: ")
        assert await anext(events) == b":\n\n"
        await at.room.publish(final(1))
        while (event := await anext(events)) == b":\n\n":
            pass
        assert b'"u1"' in event
