"""A certificate ends while requests run: who shows it is not trusted any more, nobody else notices, and a new one is enough."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.authority import DAY, Authority, Pair
from tests.chaos.caller import calling, told_of, until_served, until_told
from tests.chaos.site import Site, site_of
from tests.chaos.troubled import Troubled
from tests.cli.programs import LONGEST_S, free_port, get, ready, running

SHORT = timedelta(seconds=5)
"""Longer than a gateway takes to read a new file, most of the time; where it was not, another one is signed."""
BREAKER = {"least_calls": 6, "open_s": 0.2, "probes": 1}
LOST = {"engine-unavailable", "outcome-unknown"}
"""What a caller of an engine may be told whose connections break, and with which no new one can be opened."""
CONFIG = """
[server]
port = {port}
admin_port = {admin}
grace_s = 1
{tls}
[auth]
open = true
[store]
url = "sqlite:///{folder}/store.db"
[log]
level = "error"
[engines.well]
vendor = "camunda7"
url = "{well}"
[engines.ill]
vendor = "camunda7"
url = "{ill}"
breaker = {{ least_calls = 6, open_s = 0.2, probes = 1 }}
"""
TOWARDS_ENGINE = """[engines.ill.tls]
ca = "{0}/authority.pem"
certificate = "{0}/gateway.pem"
key = "{0}/gateway.key"
"""
TOWARDS_CALLERS = """[server.tls]
certificate = "{0}/server.pem"
key = "{0}/server.key"
client_ca = "{0}/authority.pem"
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def show(context: ssl.SSLContext, pair: Pair) -> None:
    """Let a server show another certificate from its next connection on."""
    context.load_cert_chain(pair.certificate, pair.key)


async def test_engine_whose_certificate_has_expired_is_unavailable_until_it_shows_a_new_one(
    tmp_path: Path, authority: Authority
) -> None:
    context = authority.sign().server()
    ill = {"tls": {"ca": str(authority.ca)}, "breaker": BREAKER}
    async with site_of(tmp_path, Troubled(context), ill=ill) as site:
        callers, well = site.callers("ill", 4), site.callers("well", 4)
        async with calling(*callers, *well):
            await until_told(callers, 10)
            show(context, authority.sign(start=-2 * DAY, end=-DAY))
            site.ill.hang_up()
            await until_told(callers, 20)
            show(context, authority.sign())
            await until_served(site.callers("ill", 1)[0])
        assert "engine-unavailable" in told_of(callers) <= LOST | {"ok"}
        assert told_of(well) == {"ok"}
        assert site.lost(*callers[1:], *well) == []


@asynccontextmanager
async def serving(
    folder: Path, ill: Troubled, *, server: str = "", engine: str = ""
) -> AsyncIterator[tuple[Site, int]]:
    """A gateway as users start it, which reads its files again when they change, and its admin port."""
    well, port, admin = Troubled(), free_port(), free_port()
    await ill.start()
    await well.start()
    path = folder / "gateway.toml"
    settings = {"port": port, "admin": admin, "folder": folder, "ill": ill.url, "well": well.url}
    path.write_text(CONFIG.format(tls=server.format(folder), **settings) + engine.format(folder))
    timeout = aiohttp.ClientTimeout(total=LONGEST_S)
    with running("serve", "--config", str(path)) as program:
        async with asyncio.timeout(LONGEST_S):
            while not await asyncio.to_thread(ready, admin):
                assert program.process.poll() is None, program.text()
                await asyncio.sleep(0.05)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Site(session, port, program.process.pid, ill, well), admin
    await ill.stop()
    await well.stop()


async def short(authority: Authority, admin: int) -> None:
    """Renew the certificate of the running gateway with one that ends soon, and wait until it has ended."""
    wanted = (await asyncio.to_thread(get, admin, "/readyz"))[1]["configuration"]["number"] + 1
    async with asyncio.timeout(LONGEST_S):
        while (await asyncio.to_thread(get, admin, "/readyz"))[1]["configuration"]["number"] < wanted:
            _ = authority.sign("CN=varbridge", "gateway", end=SHORT)
            await asyncio.sleep(SHORT.total_seconds() + 1)


async def test_certificate_of_the_gateway_that_ends_costs_one_engines_callers_an_error_until_it_is_renewed(
    tmp_path: Path, authority: Authority
) -> None:
    ill = Troubled(authority.sign().server(client_ca=authority.ca))
    _ = authority.sign("CN=varbridge", "gateway")
    async with serving(tmp_path, ill, engine=TOWARDS_ENGINE) as (site, admin):
        callers, well = site.callers("ill", 4), site.callers("well", 4)
        async with calling(*callers, *well):
            await until_told(callers, 10)
            await short(authority, admin)
            ill.hang_up()
            await until_told(callers, 20)
            assert told_of(callers) & LOST
            _ = authority.sign("CN=varbridge", "gateway")  # the file alone: the gateway sees it
            await until_served(site.callers("ill", 1)[0])
        assert told_of(callers) <= LOST | {"ok"}
        assert told_of(well) == {"ok"}
        assert site.lost(*callers[1:], *well) == []


class Client:
    """A caller that opens a connection for each read, with its own certificate."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self.url, self.context = url, context
        self.told: Counter[str] = Counter()
        self.stopping = False

    async def ask(self) -> str:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            try:
                async with session.get(self.url, ssl=self.context) as answer:
                    _ = await answer.read()
                    return str(answer.status)
            except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                return "not connected"

    async def call(self) -> None:
        while not self.stopping:
            self.told[await self.ask()] += 1
            await asyncio.sleep(0.01)


async def test_caller_whose_certificate_ends_is_not_connected_until_it_shows_a_new_one(
    tmp_path: Path, authority: Authority
) -> None:
    _ = authority.sign()
    async with serving(tmp_path, Troubled(), server=TOWARDS_CALLERS) as (site, _):
        url = f"https://127.0.0.1:{site.port}/v1/instances/well:{site.instances['well']}/variables"
        others = Client(url, authority.client(authority.sign("CN=lasting", "lasting")))
        caller = Client(url, authority.client(authority.sign("CN=ending", "ending", end=SHORT)))
        async with asyncio.timeout(LONGEST_S):
            while await caller.ask() != "200":
                caller = Client(url, authority.client(authority.sign("CN=ending", "ending", end=SHORT)))
        running_others = asyncio.ensure_future(others.call())
        await asyncio.sleep(SHORT.total_seconds() + 1)
        assert {await caller.ask() for _ in range(5)} == {"not connected"}
        assert await Client(url, authority.client(authority.sign("CN=ending", "ending"))).ask() == "200"
        others.stopping = True
        await running_others
        assert set(others.told) == {"200"}
