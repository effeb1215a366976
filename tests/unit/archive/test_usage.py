"""The rooms' usage on disk: what was written is there, whatever happens to the end of the file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.accounts.records import Interpreting, UpstreamSession, Used
from captioner.archive.store import open_store
from captioner.archive.usage import UsageFiles, merged, used_from, used_line
from captioner.errors import StorageFailed
from captioner.realtime.cost import Price, priced
from captioner.realtime.token_cost import Kind, TokenPrice, priced_tokens
from captioner.realtime.tokens import Tokens

STARTED = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def used(seconds: float, *, session: str = "s1", day: int = 1, usd: float | None = 0.017) -> Used:
    price = None if usd is None else Price(usd)
    upstream = UpstreamSession("mic", session, "openai", "gpt-live-transcribe", price, STARTED)
    usage = priced(price, sent_s=seconds, reported_s=1.0, billed_s=seconds, items=1)
    return Used(upstream, date(2026, 3, day), usage)


def interpreted(
    kind: Kind, tokens: tuple[int, int, int], *, usd: tuple[float, float, float] | None
) -> Used:
    price = None if usd is None else TokenPrice(*usd)
    model = Interpreting(kind, "openai", "gpt-realtime-2.1-mini", price, STARTED)
    read, written, spoken = tokens
    counted = Tokens(read, written, audio_output=spoken)
    return Used(model, date(2026, 3, 1), priced_tokens(price, counted, responses=3))


counts = st.integers(0, 2**40)
recognised = st.builds(
    used,
    st.floats(0, 4_000),
    session=st.sampled_from(["s1", "s2"]),
    day=st.integers(1, 2),
    usd=st.sampled_from([None, 0.0, 0.017]),
)
entries = recognised | st.builds(
    interpreted,
    st.sampled_from(get_args(Kind)),
    st.tuples(counts, counts, counts),
    usd=st.sampled_from([None, (0.0, 0.0, 0.0), (0.6, 2.4, 20.0)]),
)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[UsageFiles]:
    (tmp_path / "demo").mkdir()
    with ThreadPoolExecutor(1) as writer:
        yield UsageFiles(tmp_path, writer)


@given(entries)
def test_an_entry_is_read_as_it_was_written(entry: Used) -> None:
    assert used_from(orjson.loads(orjson.dumps(used_line(entry)))) == entry


@pytest.mark.anyio
async def test_rooms_are_read_apart(files: UsageFiles, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "demo.erased").mkdir()
    (tmp_path / "demo.erased" / "usage.jsonl").write_text("")
    await files.append("demo", [used(1.0), used(2.0, session="s2")])
    await files.append("other", [used(3.0)])
    assert await files.used() == {
        "demo": [used(1.0), used(2.0, session="s2")],
        "other": [used(3.0)],
    }


@pytest.mark.anyio
async def test_a_room_that_is_gone_cannot_be_added_to(files: UsageFiles, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        await files.append("gone", [used(1.0)])
    assert not (tmp_path / "gone").exists()


@pytest.mark.anyio
async def test_the_usage_is_erased_with_the_room(tmp_path: Path) -> None:
    (tmp_path / "rooms" / "demo").mkdir(parents=True)
    with open_store(tmp_path) as store:
        await store.usage.append("demo", [used(1.0)])
        await store.erase("demo")
        assert await store.usage.used() == {}


@pytest.mark.anyio
async def test_reading_leaves_a_line_for_a_session_and_day(
    files: UsageFiles, tmp_path: Path
) -> None:
    for _ in range(10):
        await files.append("demo", [used(1.0), used(2.0, day=2)])
    kept = await files.used()
    assert [entry.usage.sent_s for entry in kept["demo"]] == [10.0, 20.0]
    assert len((tmp_path / "demo" / "usage.jsonl").read_bytes().splitlines()) == 2
    assert await files.used() == kept


@pytest.mark.anyio
async def test_damaged_lines_are_reported_and_left_out(
    files: UsageFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = orjson.dumps(used_line(used(1.0)))
    negative = orjson.dumps({**used_line(used(1.0)), "billed_s": -60.0})
    dateless = orjson.dumps({**used_line(used(1.0)), "day": "yesterday"})
    lines = [b"{", b"[]", negative, dateless, good, b""]
    (tmp_path / "demo" / "usage.jsonl").write_bytes(b"\n".join(lines))
    with caplog.at_level(logging.WARNING):
        assert await files.used() == {"demo": [used(1.0)]}
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.anyio
async def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    files: UsageFiles, tmp_path: Path
) -> None:
    (tmp_path / "bad" / "usage.jsonl").mkdir(parents=True)
    await files.append("demo", [used(1.0)])
    assert await files.used() == {"bad": [], "demo": [used(1.0)]}


@settings(max_examples=50)
@given(st.lists(entries, min_size=1, max_size=8), st.data())
def test_a_kill_anywhere_in_the_file_leaves_the_lines_before_and_room_for_those_after(
    written: list[Used], data: st.DataObject
) -> None:
    lines = [orjson.dumps(used_line(entry)) + b"\n" for entry in written]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    survived = whole[:cut].count(b"\n")

    async def run(folder: Path, writer: ThreadPoolExecutor) -> None:
        (folder / "demo").mkdir()
        (folder / "demo" / "usage.jsonl").write_bytes(whole[:cut])
        files = UsageFiles(folder, writer)
        assert (await files.used())["demo"] == merged(written[:survived])
        await files.append("demo", [used(1.0, session="after")])
        after = [*written[:survived], used(1.0, session="after")]
        assert (await files.used())["demo"] == merged(after)

    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as writer:
        asyncio.run(run(Path(folder), writer))
