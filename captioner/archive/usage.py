"""What the rooms used, on disk: `<room>/usage.jsonl`, a line for each addition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, date, datetime
from pathlib import Path

import orjson

from captioner.accounts.records import Interpreting, UpstreamSession, Used, User
from captioner.archive.files import replace_file
from captioner.archive.journal import append_synced, read_lines
from captioner.errors import StorageFailed
from captioner.realtime.cost import Price, Usage, priced
from captioner.realtime.token_cost import TokenPrice, priced_tokens
from captioner.realtime.tokens import Tokens
from captioner.rooms.choices import is_room_id, room_id

logger = logging.getLogger(__name__)

_NAME = "usage.jsonl"


class UsageFiles:
    """Implements `captioner.accounts.records.UsageRecords` in the rooms' folders.

    `writer` has a single thread, the one that makes and erases the folders.
    """

    def __init__(self, rooms: Path, writer: Executor) -> None:
        self._rooms = rooms
        self._writer = writer

    async def used(self) -> Mapping[str, Sequence[Used]]:
        """All that is kept, by room; the files are brought to a line for a session and day."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._read)

    async def append(self, room: str, entries: Sequence[Used]) -> float:
        if entries:
            await self._append(room, entries)
        return 0.0

    async def exchange(self, day: date, spent_usd: float) -> float:
        return 0.0

    def lacks(self, room: str) -> bool:
        return False

    async def _append(self, room: str, entries: Sequence[Used]) -> None:
        path = self._rooms / room_id(room) / _NAME
        try:
            data = _lines(entries)
            await asyncio.get_running_loop().run_in_executor(
                self._writer, append_synced, path, data
            )
        except (OSError, orjson.JSONEncodeError) as error:
            raise StorageFailed(f"cannot write {path}: {error}") from error

    def _read(self) -> dict[str, list[Used]]:
        paths = [path for path in self._rooms.glob(f"*/{_NAME}") if is_room_id(path.parent.name)]
        return {path.parent.name: _read_compacted(path) for path in sorted(paths)}


def _read_compacted(path: Path) -> list[Used]:
    """A file that cannot be read does not keep the others from counting."""
    entries: list[Used] = []
    try:
        kept = list(read_lines(path, used_from))
        entries = merged(kept)
        if len(entries) < len(kept):
            replace_file(path, _lines(entries))
    except OSError as error:
        logger.warning("%s: %s", path, error)
    return entries


def merged(entries: Iterable[Used]) -> list[Used]:
    """The same usage with one entry for a session and day, in the order of the first of each."""
    sums: dict[tuple[User, date], Usage] = {}
    for entry in entries:
        key = entry.session, entry.day
        sums[key] = sums.get(key, Usage()) + entry.usage
    return [Used(session, day, usage) for (session, day), usage in sums.items()]


def used_line(entry: Used) -> dict[str, object]:
    """The entry as a JSON object; what it cost follows from its price."""
    session, usage = entry.session, entry.usage
    if isinstance(session, Interpreting):
        return _interpreting_line(entry.day, session, usage)
    return {
        "day": entry.day.isoformat(),
        "track": session.track,
        "session": session.name,
        "engine": session.engine,
        "model": session.model,
        "usd_a_minute": None if session.price is None else session.price.usd_a_minute,
        "started_at": session.started_at.isoformat(),
        "sent_s": usage.sent_s,
        "reported_s": usage.reported_s,
        "billed_s": usage.billed_s,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "items": usage.items,
    }


def _interpreting_line(day: date, model: Interpreting, usage: Usage) -> dict[str, object]:
    price = model.price
    return {
        "day": day.isoformat(),
        "kind": model.kind,
        "engine": model.engine,
        "model": model.model,
        "usd_a_million": price and [price.input, price.output, price.spoken],
        "started_at": model.started_at.isoformat(),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "spoken_tokens": usage.spoken_tokens,
        "items": usage.items,
    }


def used_from(line: object) -> Used:
    """The entry that the object says; raises `ValueError` where it says none."""
    match line:
        case {"kind": "translation" | "speech"}:
            return _interpreting_from(line)
        case {
            "day": str(day),
            "track": str(track),
            "session": str(name),
            "engine": str(engine),
            "model": str(model),
            "usd_a_minute": int() | float() | None as usd,
            "started_at": str(at),
            "sent_s": int() | float() as sent_s,
            "reported_s": int() | float() as reported_s,
            "billed_s": int() | float() as billed_s,
            "input_tokens": int(input_tokens),
            "output_tokens": int(output_tokens),
            "items": int(items),
        } if min(usd or 0, sent_s, reported_s, billed_s, input_tokens, output_tokens, items) >= 0:
            price = None if usd is None else Price(usd)
            started_at = datetime.fromisoformat(at).astimezone(UTC)
            return Used(
                UpstreamSession(track, name, engine, model, price, started_at),
                date.fromisoformat(day),
                priced(
                    price,
                    sent_s=sent_s,
                    reported_s=reported_s,
                    billed_s=billed_s,
                    input_tokens=input_tokens,
                    output_tokens=output_tokens,
                    items=items,
                ),
            )
    raise ValueError("no known kind of line")


def _interpreting_from(line: object) -> Used:
    match line:
        case {
            "day": str(day),
            "kind": "translation" | "speech" as kind,
            "engine": str(engine),
            "model": str(model),
            "usd_a_million": [*_] | None as usd,
            "started_at": str(at),
            "input_tokens": int(read),
            "output_tokens": int(written),
            "spoken_tokens": int(spoken),
            "items": int(items),
        } if min(read, written, spoken, items) >= 0:
            price = None if usd is None else _token_price(usd)
            started_at = datetime.fromisoformat(at).astimezone(UTC)
            return Used(
                Interpreting(kind, engine, model, price, started_at),
                date.fromisoformat(day),
                priced_tokens(price, Tokens(read, written, audio_output=spoken), responses=items),
            )
    raise ValueError("no known kind of line")


def _token_price(usd: Sequence[object]) -> TokenPrice:
    match usd:
        case [int() | float() as read, int() | float() as written, int() | float() as spoken] if (
            min(read, written, spoken) >= 0
        ):
            return TokenPrice(read, written, spoken)
    raise ValueError("no price of tokens")


def _lines(entries: Iterable[Used]) -> bytes:
    return b"".join(orjson.dumps(used_line(entry)) + b"\n" for entry in entries)
