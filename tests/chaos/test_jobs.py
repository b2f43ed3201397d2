"""`kill -9` at random points while processes share a bulk operation: every item is done once, and none is lost."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.plan import VendorRequest, VendorResponse
from tests.chaos.engine import Counting, Gateways, Slow
from tests.until import until

CASES = {
    "1 gateway, SQLite": ("sqlite", 1, 0, 15),
    "3 gateways, SQLite": ("sqlite", 3, 0, 15),
    "2 gateways, PostgreSQL": ("postgresql", 2, 0, 8),
    "1 gateway that carries nothing out and 3 workers, PostgreSQL": ("postgresql", 1, 3, 12),
}
"""Database, gateways, workers, kills."""
KILLS = int(os.environ.get("VARBRIDGE_KILLS", "0"))
"""So many in every case instead (``make kills``)."""
ITEMS_A_KILL = 60
IDLE_S = 5.0
"""An engine that is not asked for so long has nothing left to do; a dead process's locks last a second."""
LEASE_S, SETTLE_S = 1.0, 3.0
STEPS, PAUSE_S = 8, 0.006
LONGEST_S = 120.0


class ByInstance(Counting):
    """Counts how often each instance was written to."""

    def answer(self, request: VendorRequest) -> VendorResponse:
        answer = self.fake.answer(request)
        if request.method == "POST" and request.path[-1:] == ("variables",) and answer.status < 300:
            self.applied[request.path[1]] += 1
        return answer


async def start(session: aiohttp.ClientSession, port: int) -> str:
    body = {"variableName": "note", "modifications": {"note": {"value": "set"}}}
    async with session.post(f"http://127.0.0.1:{port}/v1/operations", json=body) as answer:
        assert answer.status == 202
        return str((await answer.json())["id"])


async def shown(session: aiohttp.ClientSession, port: int, operation: str) -> dict[str, Any]:
    async with session.get(f"http://127.0.0.1:{port}/v1/operations/{operation}") as answer:
        return dict(await answer.json())


@pytest.mark.parametrize(("database", "gateways", "workers", "kills"), CASES.values(), ids=CASES)
async def test_processes_that_are_killed_carry_an_operation_out_once(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, gateways: int, workers: int, kills: int
) -> None:
    kills = KILLS or kills
    url = f"sqlite:///{tmp_path}/store.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").database(f"jobs{gateways}{workers}")
    chance = random.Random(20_24)
    counting = ByInstance()
    count = kills * ITEMS_A_KILL
    instances = [counting.fake.start("more", {"note": {"type": "String", "value": "old"}}) for _ in range(count)]
    served = Slow(counting, 0.002)
    await served.start()
    store = {"url": url, "lease_s": LEASE_S, "settle_s": SETTLE_S, "jobs": "elsewhere" if workers else "here"}
    async with aiohttp.ClientSession() as session, Gateways(tmp_path, served.url, store) as started:
        configs = [started.config(gateways) for _ in range(gateways)]
        port = configs[0]["server"]["port"]
        configs += [{**started.config(), "serves": False, "store": {**store, "jobs": "here"}} for _ in range(workers)]
        pids = [await started.start(config) for config in configs]
        victims = range(gateways, gateways + workers) if workers else range(gateways)
        operation = await start(session, port)
        killed = 0
        while killed < kills and (await shown(session, port, operation))["state"] != "completed":
            victim = chance.choice(victims)
            try:
                async with asyncio.timeout(IDLE_S):
                    await served.after(chance.randint(1, STEPS))
            except TimeoutError:
                continue  # the lanes of the dead are not free yet, or nothing is left
            killed += 1
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
            started.kill(pids[victim])
            pids[victim] = await started.start(configs[victim])

        async def has_ended() -> bool:
            return (await shown(session, port, operation))["state"] == "completed"

        await until(has_ended, most_s=LONGEST_S)
        done = await shown(session, port, operation)
        async with session.get(f"http://127.0.0.1:{port}/v1/operations/{operation}/results") as answer:
            told = Counter(json.loads(line)["status"] for line in (await answer.read()).splitlines())
    await served.stop()
    assert killed > kills // 2
    assert (done["done"], done["failed"], done["total"], told) == (count, 0, count, {"done": count})
    assert counting.applied == dict.fromkeys(instances, 1)
    assert {counting.value(each, "note") for each in instances} == {"set"}
