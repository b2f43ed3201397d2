"""A gateway without file descriptors, without room for its store, without a reader of its log: what is lost, what goes on."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.engine import Gateways
from tests.chaos.troubled import Troubled
from tests.cli.programs import LONGEST_S, free_port, get, ready, running, wait_until

FEW = 60
"""Descriptors: more than the gateway itself needs."""


class Site:
    """A gateway process before one engine."""

    def __init__(self, session: aiohttp.ClientSession, port: int, pid: int, engine: Troubled) -> None:
        self.session, self.port, self.pid, self.engine = session, port, pid, engine
        self.instance = engine.fake.showcase()

    async def put(self, value: str, **headers: str) -> tuple[int, str | None]:
        url = f"http://127.0.0.1:{self.port}/v1/instances/hr:{self.instance}/variables/note"
        shown = {name.replace("_", "-"): text for name, text in headers.items()}
        async with self.session.put(url, json={"value": value}, headers=shown) as answer:
            content = await answer.read()
        return answer.status, json.loads(content)["code"] if content else None


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    engine = Troubled()
    await engine.start()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LONGEST_S)) as session,
        Gateways(tmp_path, engine.url, {"url": f"sqlite:///{tmp_path}/store.db", "timeout_s": 0.5}) as gateways,
    ):
        config = gateways.config()
        pid = await gateways.start(config)
        yield Site(session, config["server"]["port"], pid, engine)
    await engine.stop()


async def test_gateway_without_descriptors_serves_again_when_some_are_free(site: Site) -> None:
    assert (await site.put("before"))[0] == 204
    resource.prlimit(site.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
    held = []
    for _ in range(2 * FEW):
        connection = socket.create_connection(("127.0.0.1", site.port))
        held.append(connection)
    assert (await site.put("on a connection from before"))[0] == 204
    for connection in held:
        connection.close()
    async with asyncio.timeout(LONGEST_S):
        while True:
            try:
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as other:
                    site.session, before = other, site.session
                    status, _ = await site.put("after")
                    break
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.1)
            finally:
                site.session = before
    assert status == 204


async def test_store_without_room_refuses_what_needs_it_and_serves_the_rest(site: Site) -> None:
    assert (await site.put("keyed", Idempotency_Key="k1"))[0] == 204
    resource.prlimit(site.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # writes fail as on a full disk
    assert await site.put("keyed", Idempotency_Key="k2") == (503, "store-unavailable")
    assert (await site.put("without a key"))[0] == 204
    resource.prlimit(site.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    async with asyncio.timeout(LONGEST_S):
        while (await site.put("keyed again", Idempotency_Key="k3"))[0] != 204:
            await asyncio.sleep(0.1)
    assert await site.put("keyed", Idempotency_Key="k1") == (204, None)


@pytest.mark.parametrize("log", ["/dev/full", "closed pipe"])
def test_log_that_nobody_takes_ends_nothing(tmp_path: Path, log: str) -> None:
    port, admin = free_port(), free_port()
    path = tmp_path / "gateway.toml"
    path.write_text(
        f"[server]\nport = {port}\nadmin_port = {admin}\n[auth]\nopen = true\n"
        f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\n[engines.hr]\nvendor = "camunda7"\nurl = "http://127.0.0.1:1"\n'
    )
    with open("/dev/full", "w") as full:
        errors = full.fileno() if log == "/dev/full" else subprocess.PIPE
        with running("serve", "--config", str(path), errors=errors) as program:
            wait_until(lambda: ready(admin))
            if program.process.stderr is not None:
                program.process.stderr.close()
            for _ in range(300):
                assert get(port, "/v1/engines")[0] == 200
            assert (ready(admin), program.end()) == (True, 0)
