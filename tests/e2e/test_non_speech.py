"""Where nobody speaks, nothing is captioned."""

from __future__ import annotations

import pytest

from tests.e2e.http import create_room
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.sounds import SOUNDS
from tests.processes import Server

SECONDS = 30.0


@pytest.mark.anyio
@pytest.mark.parametrize("sound", SOUNDS)
async def test_no_caption_is_published(server: Server, sound: str) -> None:
    publisher = Publisher(server.ws_url, sound, SOUNDS[sound](SECONDS), pace=5.0)
    create_room(server.url, sound)
    async with reading(server.ws_url, sound) as reader:
        await publisher.publish()
    assert not reader.captions
    assert not reader.gaps
    assert publisher.acknowledged == pytest.approx(SECONDS, abs=0.05)
