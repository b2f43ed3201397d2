"""Partial patches of one variable by many callers, through one gateway and through two: no update is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.engine import Counting, Gateways, Slow, ask

CALLERS, PATCHES = 4, 2000
MERGE = "application/merge-patch+json"


@pytest.mark.parametrize("gateways", [1, 2])
async def test_fields_of_one_variable_are_counted_up_and_none_is_lost(
    request: pytest.FixtureRequest, tmp_path: Path, gateways: int
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    if gateways > 1:
        url = request.getfixturevalue("postgres").database("updates")
    counting = Counting()
    instance = counting.fake.showcase()
    sums: list[int] = []
    counting.after_write = lambda: sums.append(sum(json.loads(counting.value(instance, "doc")).values()))
    served = Slow(counting, 0.0)
    await served.start()
    async with (
        aiohttp.ClientSession() as session,
        Gateways(tmp_path, served.url, {"url": url, "lease_s": 5.0}) as started,
    ):
        configs = [started.config() for _ in range(gateways)]
        for config in configs:
            await started.start(config)
        ports = [config["server"]["port"] for config in configs]

        async def caller(number: int) -> None:
            for count in range(1, PATCHES // CALLERS + 1):
                body = {"doc": {f"of{number}": count}}
                status, text, _ = await ask(session, ports[number % gateways], instance, body, MERGE)
                assert status == 204, text

        await asyncio.gather(*map(caller, range(CALLERS)))
    await served.stop()
    assert json.loads(counting.value(instance, "doc")) == {f"of{n}": PATCHES // CALLERS for n in range(CALLERS)}
    assert sums == list(range(1, PATCHES + 1))
