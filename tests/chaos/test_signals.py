"""SIGHUP, SIGTERM and `kill -9` of a worker under load, as operators send them: what callers of the others see."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.troubled import Troubled
from tests.cli.programs import LONGEST_S, Program, free_port, get, ready, running

CONFIG = """
[server]
port = {port}
admin_port = {admin}
grace_s = 10
[auth]
open = true
[store]
url = "sqlite:///{store}"
[engines.hr]
vendor = "camunda7"
url = "{url}"
[log]
level = "error"
"""


class Load:
    """Callers that write and read in turn, each on its own connection; ``told`` counts what they saw."""

    def __init__(self, port: int, instance: str, callers: int = 6) -> None:
        self.url = f"http://127.0.0.1:{port}/v1/instances/hr:{instance}/variables"
        self.told: Counter[str] = Counter()
        self.acknowledged: dict[str, str] = {}
        self.stopping = False
        self._tasks = [asyncio.ensure_future(self._call(f"v{number}")) for number in range(callers)]

    async def _call(self, name: str) -> None:
        timeout = aiohttp.ClientTimeout(total=LONGEST_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            count = 0
            while not self.stopping:
                count += 1
                try:
                    async with session.put(f"{self.url}/{name}", json={"value": f"{count}"}) as answer:
                        content = await answer.read()
                    self.told[str(answer.status)] += 1
                    if answer.status == 204:
                        self.acknowledged[name] = f"{count}"
                    else:
                        self.told[json.loads(content)["code"]] += 1
                    async with session.get(self.url) as answer:
                        _ = await answer.read()
                        self.told[str(answer.status)] += 1
                except aiohttp.ClientConnectorError:
                    self.told["refused"] += 1
                    await asyncio.sleep(0.02)
                except aiohttp.ClientError:
                    self.told["cut off"] += 1

    async def until_told(self, more: int) -> None:
        wanted = self.told.total() + more
        async with asyncio.timeout(LONGEST_S):
            while self.told.total() < wanted:
                await asyncio.sleep(0.01)

    async def stop(self) -> Counter[str]:
        self.stopping = True
        _ = await asyncio.gather(*self._tasks)
        return self.told


class Site:
    """A gateway as users start it, before an engine in this process."""

    def __init__(self, tmp_path: Path, engine: Troubled) -> None:
        self.engine, self.instance = engine, engine.fake.showcase()
        self.port, self.admin = free_port(), free_port()
        self.path = tmp_path / "gateway.toml"
        self.path.write_text(
            CONFIG.format(port=self.port, admin=self.admin, store=tmp_path / "store.db", url=engine.url)
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[Program]:
        with running("serve", "--config", str(self.path), *arguments) as program:
            yield program

    def knows(self, engine: str) -> bool:
        """Return whether an engine is among those of the configuration in use."""
        return engine in get(self.admin, "/readyz")[1]["engines"]

    async def until_ready(self) -> None:
        async with asyncio.timeout(LONGEST_S):
            while not await asyncio.to_thread(ready, self.admin):
                await asyncio.sleep(0.05)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    engine = Troubled()
    await engine.start()
    yield Site(tmp_path, engine)
    await engine.stop()


async def test_reloads_under_load_fail_no_request(site: Site) -> None:
    with site.serving() as program:
        await site.until_ready()
        load = Load(site.port, site.instance)
        for number in range(12):
            site.path.write_text(
                site.path.read_text() + f"[engines.more{number}]\nvendor='camunda7'\nurl='{site.engine.url}'\n"
            )
            program.process.send_signal(signal.SIGHUP)
            await load.until_told(20)
        told = await load.stop()
        assert set(told) == {"200", "204"}


async def test_two_hundred_reloads_at_once_fail_no_request_and_the_last_file_is_in_use(site: Site) -> None:
    with site.serving() as program:
        await site.until_ready()
        load = Load(site.port, site.instance)
        text = site.path.read_text()
        for number in range(200):
            site.path.write_text(f"{text}[engines.more{number}]\nvendor='camunda7'\nurl='{site.engine.url}'\n")
            program.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(LONGEST_S):
            while not await asyncio.to_thread(site.knows, "more199"):
                await asyncio.sleep(0.05)
        await load.until_told(50)
        assert set(await load.stop()) == {"200", "204"}


async def test_gateway_that_is_told_to_stop_answers_what_it_has_begun(site: Site) -> None:
    with site.serving() as program:
        await site.until_ready()
        load = Load(site.port, site.instance)
        await load.until_told(50)
        program.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(program.process.wait, LONGEST_S)
        told = await load.stop()
        assert (code, set(told) - {"200", "204", "refused"}) == (0, set())


async def test_worker_that_is_killed_costs_its_own_connections_and_no_acknowledged_write(site: Site) -> None:
    with site.serving("--workers", "2") as program:
        await site.until_ready()
        load = Load(site.port, site.instance)
        for _ in range(3):
            await load.until_told(50)
            children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGKILL)
        await load.until_told(200)
        told = await load.stop()
        assert set(told) <= {"200", "204", "refused", "cut off"}
        assert told["cut off"] <= 3 * 6
        assert {
            name
            for name, count in load.acknowledged.items()
            if int(site.engine.stored(site.instance, name)) < int(count)
        } == set()
