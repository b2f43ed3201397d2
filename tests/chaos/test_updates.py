"""Partial patches of one variable by many callers, through one process and through four: no update is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.engine import Counting, Gateways, Slow, ask

CALLERS, PATCHES = 4, 2000
MERGE = "application/merge-patch+json"
CASES = {
    "1 worker, SQLite": ("sqlite", 1),
    "4 workers, SQLite": ("sqlite", 4),
    "1 gateway, PostgreSQL": ("postgresql", 1),
    "4 gateways, PostgreSQL": ("postgresql", 4),
}


@pytest.mark.parametrize(("database", "processes"), CASES.values(), ids=CASES)
async def test_fields_of_one_variable_are_counted_up_and_none_is_lost(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, processes: int
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").database(f"updates{processes}")
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
        configs = [started.config(processes) for _ in range(processes)]
        for config in configs:
            await started.start(config)
        ports = [config["server"]["port"] for config in configs]

        async def caller(number: int) -> None:
            for count in range(1, PATCHES // CALLERS + 1):
                body = {"doc": {f"of{number}": count}}
                status, text, _ = await ask(session, ports[number % processes], instance, body, MERGE)
                assert status == 204, text

        await asyncio.gather(*map(caller, range(CALLERS)))
    await served.stop()
    assert json.loads(counting.value(instance, "doc")) == {f"of{n}": PATCHES // CALLERS for n in range(CALLERS)}
    assert sums == list(range(1, PATCHES + 1))
