"""A gateway and a worker over Redis: either knows what the other does, and says if it cannot."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.http import create_room, request
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import RATE
from tests.fleet import Fleet, running_fleet
from tests.processes import wait_for
from tests.realtime_faults import FaultServer, on_sockets, spoken
from tests.redis_servers import RedisServer, running_redis

pytestmark = pytest.mark.anyio

ROOM = "meeting"
SAMPLES = spoken(*(f"w{n}" for n in range(8)), pause_s=0.8, rate=RATE)
ROLES = {"gateway": "gateway-0", "worker": "worker-0"}


def url(fleet: Fleet, role: str) -> str:
    return f"http://127.0.0.1:{fleet.processes[ROLES[role]].port}"


def metrics(fleet: Fleet, role: str) -> dict[str, float]:
    """Those without labels."""
    _, body = request(f"{url(fleet, role)}/metrics")
    families = text_string_to_metric_families(body.decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


def asked(fleet: Fleet, path: str) -> dict[str, Any]:
    status, body = request(f"{url(fleet, 'gateway')}{path}")
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


async def test_a_gateway_tells_of_the_room_what_only_others_know(tmp_path: Path) -> None:
    with running_redis() as redis:
        async with (
            on_sockets(FaultServer()) as engine,
            running_fleet(
                tmp_path, redis.url, f"captioner+{engine}", gateways=1, workers=1
            ) as fleet,
        ):
            await asyncio.to_thread(create_room, url(fleet, "gateway"), ROOM)
            publisher = Publisher(f"ws://{fleet.workers}", ROOM, SAMPLES)
            async with (
                reading(f"ws://{fleet.gateways}", ROOM) as reader,
                asyncio.TaskGroup() as tasks,
            ):
                publishing = tasks.create_task(publisher.publish())
                await reader.until(lambda read: read.finals, "captions come")
                await asyncio.to_thread(check_recognition, fleet)
                gateway = await asyncio.to_thread(metrics, fleet, "gateway")
                assert (gateway["captioner_readers"], gateway["captioner_redis_up"]) == (1, 1)
                worker = await asyncio.to_thread(metrics, fleet, "worker")
                assert (worker["captioner_rooms_kept"], worker["captioner_redis_up"]) == (1, 1)
                await publishing
            await asyncio.to_thread(check_usage, fleet)


def check_recognition(fleet: Fleet) -> None:
    def told() -> bool:
        [listed] = asked(fleet, "/v1/rooms")["rooms"]
        read = asked(fleet, f"/v1/rooms/{ROOM}")
        return all(
            [(r["state"], r["engine"]) for r in room["recognition"]] == [("working", "captioner")]
            for room in (listed, read)
        )

    wait_for(told, "the gateway knows who recognises", 30)


def check_usage(fleet: Fleet) -> None:
    def told() -> bool:
        minutes: float = asked(fleet, f"/v1/rooms/{ROOM}/usage")["minutes_sent"]
        return 60 * minutes >= len(SAMPLES) / RATE / 2

    wait_for(told, "the gateway knows what was used", 30)


@pytest.mark.parametrize("role", ROLES)
async def test_a_process_that_cannot_reach_redis_is_not_ready_and_says_why(
    tmp_path: Path, role: str
) -> None:
    with running_redis() as redis:
        async with (
            on_sockets(FaultServer()) as engine,
            running_fleet(
                tmp_path, redis.url, f"captioner+{engine}", gateways=1, workers=1
            ) as fleet,
        ):
            await asyncio.to_thread(check_ready, fleet, role, redis)


def check_ready(fleet: Fleet, role: str, redis: RedisServer) -> None:
    ready = f"{url(fleet, role)}/readyz"
    assert request(ready)[0] == 200
    redis.freeze()
    assert why_not(ready).startswith(f"Redis at 127.0.0.1:{redis.port} is away: it d")
    assert request(f"{url(fleet, role)}/healthz")[0] == 200
    assert metrics(fleet, role)["captioner_redis_up"] == 0
    redis.thaw()
    wait_for(lambda: request(ready)[0] == 200, "it is ready again", 30)
    assert metrics(fleet, role)["captioner_redis_up"] == 1
    redis.ask("CONFIG", "SET", "maxmemory", 1)
    assert why_not(ready) == "Redis is out of memory (see its setting maxmemory)"


def why_not(ready: str) -> str:
    status, body = request(ready)
    assert status == 503
    problem: dict[str, str] = json.loads(body)
    assert problem["code"] == "redis_unavailable"
    return problem["detail"]
