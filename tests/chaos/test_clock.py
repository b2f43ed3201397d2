"""The wall clock jumps while requests run: no caller notices, unless what it shows is over by then, and nothing is lost.

Deadlines, breakers, rates and locks go by clocks that only go forward; certificates and tokens by the wall clock, as they
must; what the store remembers by the database's, which on SQLite is the gateway's own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.authority import Authority
from tests.chaos.caller import calling, told_of, until_served, until_told
from tests.chaos.clock import Clock, build
from tests.chaos.engine import Counting, Gateways, Slow, ask
from tests.chaos.site import Site, site_of
from tests.chaos.troubled import Troubled

HOUR, DAY, YEAR = 3600, 86_400, 31_536_000
JUMPS = {
    "an hour ahead": (HOUR,),
    "an hour back": (-HOUR,),
    "to and fro": (HOUR, -HOUR) * 5,
    "a year ahead and back": (YEAR, 0),
    "ten years back": (-10 * YEAR,),
}
"""By how much the clock is wrong, one jump after the other."""
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def clock(library: Path, tmp_path: Path) -> Clock:
    return Clock(library, tmp_path / "offset")


@pytest.fixture
async def site(tmp_path: Path, clock: Clock) -> AsyncIterator[Site]:
    async with site_of(tmp_path, environ=clock.environ) as found:
        yield found


async def wrong_by_s(site: Site) -> float:
    """By how much the gateway's clock is ahead of the true one, as its answers are dated."""
    async with site.session.get(f"{site.base}/v1/engines") as answer:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
async def test_clock_that_jumps_is_noticed_by_no_caller_and_nothing_is_lost(
    site: Site, clock: Clock, jumps: tuple[int, ...]
) -> None:
    callers = [*site.callers("ill", 4), *site.callers("well", 4)]
    async with calling(*callers):
        await until_told(callers, 10)
        for jump in jumps:
            clock.set(jump)
            await until_told(callers, 20)
            assert abs(await wrong_by_s(site) - jump) < HOUR / 2
    assert told_of(callers) == {"ok"}
    assert site.lost(*callers) == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
async def test_key_is_remembered_over_a_jump_of_the_clock(site: Site, clock: Clock, jump: int) -> None:
    url = f"{site.base}/v1/instances/well:{site.instances['well']}/variables/note"
    for key, wrong_by in (("a", 0), ("b", 0), ("a", jump)):
        clock.set(wrong_by)
        async with site.session.put(url, json={"value": key}, headers={"Idempotency-Key": key}) as answer:
            assert answer.status == 204
    assert site.well.stored(site.instances["well"], "note") == "b"  # the third was the first one's answer again


async def test_key_whose_write_is_under_way_is_written_once_although_the_clock_jumps(
    tmp_path: Path, clock: Clock
) -> None:
    counting = Counting()
    instance, served = counting.fake.showcase(), Slow(counting, 0.3)
    await served.start()
    store = {"url": f"sqlite:///{tmp_path}/store.db", "lease_s": 1.0, "settle_s": 3.0}
    async with aiohttp.ClientSession() as session, Gateways(tmp_path, served.url, store, **clock.environ) as started:
        configs = [started.config(workers=2) for _ in range(2)]
        for config in configs:
            _ = await started.start(config)

        async def write(process: int) -> int:
            body = {"modifications": {"k": {"type": "string", "value": "v"}}}
            port = configs[process]["server"]["port"]
            return (await ask(session, port, instance, body, "application/json", Idempotency_Key="k"))[0]

        arrives = asyncio.ensure_future(served.after(1))
        await asyncio.sleep(0)
        first = asyncio.ensure_future(write(0))
        await arrives
        clock.set(HOUR)  # longer than any claim lasts
        again = [asyncio.ensure_future(write(process)) for process in (0, 1)]
        assert await first == 204
        assert set(await asyncio.gather(*again)) <= {204, 409}
        assert (await write(0), await write(1)) == (204, 204)
    await served.stop()
    assert counting.applied == {"k": 1}


async def test_gateways_whose_clocks_disagree_lose_no_update(
    library: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    counting = Counting()
    instance, served = counting.fake.showcase(), Slow(counting, 0.0)
    await served.start()
    store = {"url": request.getfixturevalue("postgres").database("clocks"), "lease_s": 1.0}
    clocks = [Clock(library, tmp_path / f"offset{number}") for number in range(2)]
    ahead, behind = (Gateways(tmp_path, served.url, store, **each.environ) for each in clocks)
    async with aiohttp.ClientSession() as session, ahead, behind:
        ports = []
        for each in (ahead, behind):
            config = each.config(workers=2)
            _ = await each.start(config)
            ports.append(config["server"]["port"])

        async def count_up(number: int) -> None:
            for count in range(1, 101):
                if number == 0 and count % 10 == 0:
                    clocks[0].set(count * HOUR)
                    clocks[1].set(-count * HOUR)
                body = {"doc": {f"of{number}": count}}
                status, text, _ = await ask(session, ports[number % 2], instance, body, MERGE)
                assert status == 204, text

        await asyncio.gather(*map(count_up, range(4)))
    await served.stop()
    assert json.loads(counting.value(instance, "doc")) == {f"of{number}": 100 for number in range(4)}


async def test_engine_whose_certificate_the_clock_lets_expire_is_unavailable_until_the_clock_is_right(
    tmp_path: Path, clock: Clock
) -> None:
    authority = Authority(tmp_path)
    ill = {"tls": {"ca": str(authority.ca)}, "breaker": {"least_calls": 6, "open_s": 0.2, "probes": 1}}
    engine = Troubled(authority.sign().server())
    async with site_of(tmp_path, engine, ill=ill, environ=clock.environ) as site:
        callers, well = site.callers("ill", 4), site.callers("well", 4)
        async with calling(*callers, *well):
            await until_told(callers, 10)
            clock.set(2 * DAY)
            engine.hang_up()  # connections that are open would live on
            await until_told(callers, 20)
            clock.set(0)
            await until_served(site.callers("ill", 1)[0])
        assert told_of(callers) <= {"ok", "engine-unavailable", "outcome-unknown"}
        assert "engine-unavailable" in told_of(callers)
        assert told_of(well) == {"ok"}
        assert site.lost(*callers[1:], *well) == []


@asynccontextmanager
async def published(key: rsa.RSAPrivateKey) -> AsyncIterator[str]:
    """The address at which an issuer of tokens publishes its key."""
    document = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": "a"}]}

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.json_response(document)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://127.0.0.1:{}/keys".format(runner.addresses[0][1])
    await runner.cleanup()


async def test_token_that_the_clock_lets_expire_is_refused_until_the_clock_is_right(
    tmp_path: Path, clock: Clock
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shown = {"iss": "https://id.example", "aud": "varbridge", "exp": int(time.time()) + 600}
    token = jwt.encode(shown, key, algorithm="RS256", headers={"kid": "a"})
    scopes = ["variables:read", "variables:write"]
    async with published(key) as url:
        issuer = {"issuer": shown["iss"], "audience": shown["aud"], "jwks_url": url}
        callers = [
            {"name": "staff", "jwt": issuer, "scopes": scopes},
            {"name": "portal", "key_sha256": hashlib.sha256(b"secret").hexdigest(), "scopes": scopes},
        ]
        async with site_of(tmp_path, changes={"auth": {"callers": callers}}, environ=clock.environ) as site:
            staff, portal = site.callers("ill", 3, bearer=token), site.callers("well", 3, bearer="secret")
            async with calling(*staff, *portal):
                await until_told(staff, 10)
                assert told_of(staff) == {"ok"}
                clock.set(HOUR)
                await until_told(staff, 10)
                assert told_of(staff) == {"ok", "unauthenticated"}
                clock.set(0)
                await until_served(site.callers("ill", 1, bearer=token)[0])
            assert told_of(portal) == {"ok"}
            assert site.lost(*staff[1:], *portal) == []
