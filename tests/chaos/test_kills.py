"""`kill -9` at random points during keyed writes: nothing is applied twice, and nothing acknowledged is lost.

With several processes on the store one of them is killed at a time, and callers of the others write to the same instances.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.engine import Counting, Gateways, Slow, ask

CASES = {
    "1 worker, SQLite": ("sqlite", 1, 200),
    "4 workers, SQLite": ("sqlite", 4, 100),
    "1 gateway, PostgreSQL": ("postgresql", 1, 15),
    "4 gateways, PostgreSQL": ("postgresql", 4, 15),
}
"""Database, processes, kills."""
KILLS = int(os.environ.get("VARBRIDGE_KILLS", "0"))
"""So many in every case instead (``make kills``)."""
CALLERS, INSTANCES = 4, 2
LEASE_S, SETTLE_S = 1.0, 3.0
STEPS, PAUSE_S = 8, 0.006
"""A life ends a moment after one of its first steps at the engine: on arrival, when done, between two, while answering."""
ENDS = {204, 504}


class Writer:
    """Callers that write a variable of its own with each key, and remember what they were told."""

    def __init__(self, session: aiohttp.ClientSession, ports: list[int], instances: list[str]) -> None:
        self.session, self.ports, self.instances = session, ports, instances
        self.told: dict[str, list[int]] = {}
        self.stopping = False

    async def write(self, key: str) -> int | None:
        number = int(key[1:])
        port = self.ports[number % len(self.ports)]
        body = {"modifications": {key: {"type": "string", "value": key}}}
        try:
            status, text, _ = await ask(
                self.session, port, self.instance(key), body, "application/json", Idempotency_Key=key
            )
        except (aiohttp.ClientError, OSError):
            return None
        assert status in {204, 409, 504}, text
        self.told[key].append(status)
        return status

    def instance(self, key: str) -> str:
        return self.instances[int(key[1:]) // CALLERS % len(self.instances)]

    async def call(self, number: int) -> None:
        count = number
        while not self.stopping:
            key = f"k{count}"
            self.told[key] = []
            while await self.write(key) is None and not self.stopping:
                await asyncio.sleep(0.005)  # as a caller would that lost its connection; the gateway comes back
            count += CALLERS

    async def settle(self, key: str) -> int:
        """Asks until the key has its last word."""
        while True:
            status = await self.write(key)
            if status in ENDS:
                return status
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(("database", "processes", "kills"), CASES.values(), ids=CASES)
async def test_gateway_that_is_killed_applies_no_write_twice_and_loses_none_it_acknowledged(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, processes: int, kills: int
) -> None:
    kills = KILLS or kills
    url = f"sqlite:///{tmp_path}/store.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").database(f"kills{processes}")
    chance = random.Random(20_24)
    counting = Counting()
    instances = [counting.fake.showcase() for _ in range(INSTANCES)]
    served = Slow(counting, 0.002)
    await served.start()
    store = {"url": url, "lease_s": LEASE_S, "settle_s": SETTLE_S}
    async with aiohttp.ClientSession() as session, Gateways(tmp_path, served.url, store) as started:
        configs = [started.config(processes) for _ in range(processes)]
        others = [await started.start(config) for config in configs[1:]]
        pids = [await started.start(configs[0]), *others]
        writer = Writer(session, [config["server"]["port"] for config in configs], instances)
        callers = [asyncio.ensure_future(writer.call(number)) for number in range(CALLERS)]
        for _ in range(kills):
            victim = chance.randrange(processes)
            await served.after(chance.randint(1, STEPS))
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
            started.kill(pids[victim])
            pids[victim] = await started.start(configs[victim])
        writer.stopping = True
        await asyncio.gather(*callers)
        acknowledged = {key for key, told in writer.told.items() if 204 in told}
        applied = counting.applied.copy()
        assert {key for key in acknowledged if applied[key] != 1} == set()
        ends: dict[str, int] = {}
        left = list(writer.told)

        async def settler() -> None:
            while left:
                key = left.pop()
                ends[key] = await writer.settle(key)

        await asyncio.gather(*(settler() for _ in range(20)))
    await served.stop()
    assert [key for key, count in counting.applied.items() if count > 1] == []
    assert {key for key in acknowledged if ends[key] != 204} == set()
    assert {key: counting.applied[key] for key in ends} == {key: int(end == 204) for key, end in ends.items()}
    assert all(counting.value(writer.instance(key), key) == key for key in counting.applied)
    interrupted = Counter(bool(told) and told[0] == 204 for told in writer.told.values())
    assert min(interrupted[True], interrupted[False]) > kills / 20  # the kills did hit writes, by chance
