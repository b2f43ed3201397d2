"""A process is stopped (SIGSTOP) while it holds a write lock: others wait as README says, and nothing is written twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.chaos.engine import Counting, Gateways, Slow, ask

LEASE_S = 1.0
SOON_S = "0.4"
"""Less than the life of a lease."""
MERGE = "application/merge-patch+json"


class Two:
    """Two processes on one store; the first is stopped with a write of its own at the engine."""

    def __init__(self, session: aiohttp.ClientSession, ports: list[int], pid: int, started: Gateways, served: Slow):
        self.session, self.ports, self.pid, self.started, self.served = session, ports, pid, started, served
        self.counting = served.counting
        self.instance = self.counting.fake.showcase()

    async def patch(self, process: int, body: Any, **headers: str) -> tuple[int, str | None]:
        status, text, _ = await ask(self.session, self.ports[process], self.instance, body, MERGE, **headers)
        return status, json.loads(text)["code"] if text else None

    async def stopped_while_it_writes(self) -> asyncio.Future[tuple[int, str | None]]:
        arrives = asyncio.ensure_future(self.served.after(1))
        await asyncio.sleep(0)
        written = asyncio.ensure_future(self.patch(0, {"doc": {"first": 1}}))
        await arrives
        os.kill(self.pid, signal.SIGSTOP)
        return written

    def kill(self) -> None:
        self.started.kill(self.pid)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def reads(self, process: int) -> int:
        url = f"http://127.0.0.1:{self.ports[process]}/v1/instances/hr:{self.instance}/variables"
        async with self.session.get(url) as answer:
            return answer.status


@pytest.fixture
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Makes them on a database."""
    counting = Counting()
    served = Slow(counting, 0.02)
    await served.start()
    async with aiohttp.ClientSession() as session:
        ends: list[Gateways] = []

        async def make(url: str) -> Two:
            started = Gateways(tmp_path, served.url, {"url": url, "lease_s": LEASE_S})
            ends.append(await started.__aenter__())
            configs = [started.config(2) for _ in range(2)]
            pids = [await started.start(config) for config in configs]
            return Two(session, [config["server"]["port"] for config in configs], pids[0], started, served)

        yield make
        for each in ends:
            await each.__aexit__()
    await served.stop()


async def test_kernel_lock_of_a_stopped_worker_is_kept_until_it_goes_on(two, tmp_path: Path) -> None:
    both = await two(f"sqlite:///{tmp_path}/store.db")
    written = await both.stopped_while_it_writes()
    assert await both.patch(1, {"doc": {"second": 2}}, Request_Timeout=SOON_S) == (409, "concurrent-update")
    assert await both.reads(1) == 200
    waits = asyncio.ensure_future(both.patch(1, {"doc": {"second": 2}}))
    both.go_on()
    assert (await written, await waits) == ((204, None), (204, None))
    assert json.loads(both.counting.value(both.instance, "doc")) == {"first": 1, "second": 2}


async def test_kernel_lock_of_a_stopped_worker_is_free_when_that_is_killed(two, tmp_path: Path) -> None:
    both = await two(f"sqlite:///{tmp_path}/store.db")
    written = await both.stopped_while_it_writes()
    waits = asyncio.ensure_future(both.patch(1, {"doc": {"second": 2}}))
    both.kill()
    assert await waits == (204, None)
    with pytest.raises(aiohttp.ClientError):
        await written
    assert json.loads(both.counting.value(both.instance, "doc"))["second"] == 2


async def test_lease_of_a_stopped_gateway_runs_out_and_it_writes_no_more_under_it(two, postgres) -> None:
    both = await two(postgres.database("stopped"))
    written = await both.stopped_while_it_writes()
    assert await both.patch(1, {"doc": {"second": 2}}, Request_Timeout=SOON_S) == (409, "concurrent-update")
    assert await both.patch(1, {"doc": {"second": 2}}) == (204, None)
    both.go_on()
    assert await written == (409, "concurrent-update")
    assert json.loads(both.counting.value(both.instance, "doc"))["second"] == 2
