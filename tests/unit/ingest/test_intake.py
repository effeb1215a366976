"""What reaches the stage when connections are lost on the way."""

from __future__ import annotations

import asyncio
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.codecs import StreamDecoder
from captioner.audio.pcm import SPEECH_RATE, Samples, silence
from captioner.ingest.intake import Intake

NOISE = np.random.default_rng(3).integers(-9000, 9000, 24_000).astype("<i2")


class Stage:
    """Keeps what it is fed; `full` makes it wait."""

    def __init__(self) -> None:
        self.sample_rate = SPEECH_RATE
        self.samples = silence(0)
        self.full = False

    @property
    def received(self) -> float:
        return self.samples.size / self.sample_rate

    async def feed(self, samples: Samples) -> None:
        if self.full:
            await asyncio.Event().wait()
        self.samples = np.concatenate([self.samples, samples])


def decoder(format: str, rate: int) -> StreamDecoder:
    return StreamDecoder(format, rate, 1, to=SPEECH_RATE)


def whole(format: str, rate: int, data: bytes) -> Samples:
    one = decoder(format, rate)
    return np.concatenate([one.feed(data), one.flush()])


async def send(intake: Intake, format: str, rate: int, data: bytes, size: int) -> None:
    """Connect, and send up to `size` bytes from where the intake wants them."""
    with closing(decoder(format, rate)) as mine:
        intake.connect(mine)
        width = 2 if format == "pcm_s16le" else 1
        first = round(intake.resume_from * rate) * width
        await intake.decode(data[first : first + size])
        await intake.pass_on()


@given(
    rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
    format=st.sampled_from(["pcm_s16le", "pcmu"]),
    cuts=st.lists(st.tuples(st.integers(0, 9_000), st.booleans()), max_size=12),
)
def test_connections_that_are_lost_leave_no_trace_in_the_samples(
    rate: int, format: str, cuts: list[tuple[int, bool]]
) -> None:
    async def publish() -> Samples:
        stage, data = Stage(), NOISE.tobytes()
        intake = Intake(stage)
        for size, stage.full in cuts:
            sending = asyncio.create_task(send(intake, format, rate, data, size))
            await asyncio.wait([sending], timeout=0 if stage.full else None)
            for _ in range(3):
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        stage.full = False
        await send(intake, format, rate, data, len(data))
        await intake.flush()
        return stage.samples

    assert np.array_equal(asyncio.run(publish()), whole(format, rate, NOISE.tobytes()))


@pytest.mark.anyio
async def test_another_format_begins_where_the_stage_is() -> None:
    stage = Stage()
    intake = Intake(stage)
    await send(intake, "pcm_s16le", 48_000, NOISE.tobytes(), 20_000)
    with closing(decoder("pcm_s16le", 16_000)) as other:
        intake.connect(other)
        assert intake.resume_from == stage.received
        await intake.decode(NOISE.tobytes())
        await intake.pass_on()
    assert stage.received == pytest.approx(intake.resume_from, abs=0.05)


@pytest.mark.anyio
async def test_all_that_a_publisher_sent_before_it_left_for_good_is_passed_on() -> None:
    stage, data = Stage(), NOISE.tobytes()
    intake = Intake(stage)
    stage.full = True
    sending = asyncio.create_task(send(intake, "pcm_s16le", 48_000, data, 20_001))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    stage.full = False
    await intake.finish()
    assert np.array_equal(stage.samples, whole("pcm_s16le", 48_000, data[:20_000]))
