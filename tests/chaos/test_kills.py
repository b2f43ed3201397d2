"""`kill -9` at random points during keyed writes: nothing is applied twice, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import aiohttp

from tests.chaos.engine import Counting, Gateways, Slow, ask

KILLS, CALLERS = 300, 3
LEASE_S, SETTLE_S = 1.0, 3.0
STEPS, PAUSE_S = 8, 0.006
"""A life ends a moment after one of its first steps at the engine: on arrival, when done, between two, while answering."""
ENDS = {204, 504}


class Writer:
    """Callers that write a variable of its own with each key, and remember what they were told."""

    def __init__(self, session: aiohttp.ClientSession, port: int, instances: list[str]) -> None:
        self.session, self.port, self.instances = session, port, instances
        self.told: dict[str, list[int]] = {}
        self.stopping = False

    async def write(self, key: str) -> int | None:
        instance = self.instances[int(key[1:]) % len(self.instances)]
        body = {"modifications": {key: {"type": "string", "value": key}}}
        try:
            status, text, _ = await ask(
                self.session, self.port, instance, body, "application/json", Idempotency_Key=key
            )
        except (aiohttp.ClientError, OSError):
            return None
        assert status in {204, 409, 504}, text
        self.told[key].append(status)
        return status

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


async def test_gateway_that_is_killed_applies_no_write_twice_and_loses_none_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20_24)
    counting = Counting()
    instances = [counting.fake.showcase() for _ in range(CALLERS)]
    served = Slow(counting, 0.002)
    await served.start()
    store = {"url": f"sqlite:///{tmp_path}/store.db", "lease_s": LEASE_S, "settle_s": SETTLE_S}
    async with aiohttp.ClientSession() as session, Gateways(tmp_path, served.url, store) as started:
        config = started.config()
        writer = Writer(session, config["server"]["port"], instances)
        callers = [asyncio.ensure_future(writer.call(number)) for number in range(CALLERS)]
        for _ in range(KILLS):
            pid = await started.start(config)
            await served.after(chance.randint(1, STEPS))
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
            started.kill(pid)
        writer.stopping = True
        await asyncio.gather(*callers)
        acknowledged = {key for key, told in writer.told.items() if 204 in told}
        applied = counting.applied.copy()
        assert {key for key in acknowledged if applied[key] != 1} == set()
        await started.start(config)
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
    assert all(counting.value(instances[int(key[1:]) % CALLERS], key) == key for key in counting.applied)
    interrupted = Counter(bool(told) and told[0] == 204 for told in writer.told.values())
    assert min(interrupted[True], interrupted[False]) > KILLS / 4  # the kills did hit writes
