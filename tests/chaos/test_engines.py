"""An engine fails in every way: its own callers get a clear error, other engines' callers notice nothing, nothing that was
acknowledged is lost, and all is well again by itself."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.plan import VendorRequest
from tests.chaos.engine import Gateways
from tests.chaos.troubled import MOODS, Troubled
from tests.cli.programs import LONGEST_S

LASTS_S = 1.2
PROTECTED = {
    "timeout_s": 0.5, "connect_timeout_s": 0.5, "breaker": {"least_calls": 6, "open_s": 0.2, "probes": 1},
    "limits": {"concurrency": 6, "queue": 6, "queue_s": 0.2}, "retry": {"backoff_s": 0.01},
}  # fmt: skip
TOLD = {
    "engine-unavailable", "engine-timeout", "engine-misbehaved", "outcome-unknown", "overloaded", "engine-error",
    "concurrent-update",
}  # fmt: skip
"""What a caller of an engine that fails may be told."""
SPARED = {"slow", "flapping"}
"""Of these its callers may notice nothing: an answer comes in the end, at the latest when it is asked again."""


class Caller:
    """Writes a variable of its own, 1, 2, 3 …, reads it in between, and remembers what it was told."""

    def __init__(self, session: aiohttp.ClientSession, base: str, instance: str, name: str) -> None:
        self.session, self.url, self.name = session, f"{base}/v1/instances/{instance}/variables/{name}", name
        self.told: Counter[str] = Counter()
        self.sent = self.acknowledged = 0
        self.possible = {0}
        self.stopping = False

    async def call(self) -> None:
        while not self.stopping:
            self.sent += 1
            outcome, where = await self._ask("PUT", {"value": self.sent, "type": "integer", "format": "int64"})
            self.told[outcome] += 1
            if outcome == "ok":
                self.acknowledged, self.possible = self.sent, {self.sent}
            elif where != "not_applied":
                self.possible.add(self.sent)
            outcome, _ = await self._ask("GET")
            self.told[outcome] += outcome not in {"ok", "variable-not-found"}
            await asyncio.sleep(0.002)

    async def _ask(self, method: str, body: Any = None) -> tuple[str, str]:
        async with self.session.request(method, self.url, json=body) as answer:
            content = await answer.read()
        if answer.status < 300:
            return "ok", "applied"
        problem = json.loads(content)
        return problem["code"], problem["outcome"]

    async def is_served(self) -> bool:
        return (await self._ask("PUT", {"value": -1, "type": "integer", "format": "int64"}))[0] == "ok"


class Site:
    """A gateway process before two engines, and callers of both."""

    def __init__(self, session: aiohttp.ClientSession, base: str, ill: Troubled, well: Troubled) -> None:
        self.session, self.base, self.ill, self.well = session, base, ill, well
        self.instances = {"ill": ill.fake.showcase(), "well": well.fake.showcase()}

    def callers(self, engine: str, count: int) -> list[Caller]:
        instance = f"{engine}:{self.instances[engine]}"
        return [Caller(self.session, self.base, instance, f"v{number}") for number in range(count)]

    def stored(self, name: str) -> int:
        path = ("process-instance", self.instances["ill"], "variables", name)
        answer = self.ill.fake.answer(VendorRequest(method="GET", path=path, writes=False, idempotent=True))
        return json.loads(answer.content())["value"] if answer.status == 200 else 0


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    ill, well = Troubled(), Troubled()
    await ill.start()
    await well.start()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LONGEST_S)) as session,
        Gateways(tmp_path, "", {"url": f"sqlite:///{tmp_path}/store.db"}) as gateways,
    ):
        config = gateways.config() | {
            "engines": {
                "ill": {"vendor": "camunda7", "url": ill.url, **PROTECTED},
                "well": {"vendor": "camunda7", "url": well.url},
                "nowhere": {"vendor": "camunda7", "url": "http://nowhere.invalid/engine-rest"},
            }
        }
        _ = await gateways.start(config)
        yield Site(session, f"http://127.0.0.1:{config['server']['port']}", ill, well)
    await ill.stop()
    await well.stop()


@pytest.mark.parametrize("mood", MOODS)
async def test_engine_that_fails_costs_its_own_callers_an_error_and_nobody_else_anything(site: Site, mood: str) -> None:
    ill, well = site.callers("ill", 8), site.callers("well", 4)
    running = [asyncio.ensure_future(caller.call()) for caller in (*ill, *well)]
    await asyncio.sleep(0.3)
    await site.ill.become(mood)
    await asyncio.sleep(LASTS_S)
    await site.ill.become(None)
    served = site.callers("ill", 1)[0]
    async with asyncio.timeout(LONGEST_S):
        while not await served.is_served():  # by itself, once the breaker has let a probe through
            await asyncio.sleep(0.05)
    for caller in (*ill, *well):
        caller.stopping = True
    _ = await asyncio.gather(*running)
    told = sum((caller.told for caller in ill), Counter())
    assert set(told) - {"ok"} <= TOLD
    assert mood in SPARED or set(told) & TOLD
    assert {code for caller in well for code in caller.told} == {"ok"}
    for caller in ill[1:]:  # the first one's variable was written again to see whether all is well
        assert (caller.name, site.stored(caller.name) in caller.possible) == (caller.name, True)


async def test_engine_whose_name_nobody_knows_is_unavailable_and_the_others_are_served(site: Site) -> None:
    well = site.callers("well", 2)
    running = [asyncio.ensure_future(caller.call()) for caller in well]
    lost = Caller(site.session, site.base, "nowhere:1", "v")
    for _ in range(5):
        assert (await lost._ask("GET"))[0] == "engine-unavailable"
    for caller in well:
        caller.stopping = True
    _ = await asyncio.gather(*running)
    assert {code for caller in well for code in caller.told} == {"ok"}


async def test_breaker_spares_an_engine_that_hangs(site: Site) -> None:
    await site.ill.become("hung")
    callers = site.callers("ill", 8)
    running = [asyncio.ensure_future(caller.call()) for caller in callers]
    await asyncio.sleep(3)
    asked, heard = sum(caller.sent for caller in callers), site.ill.heard
    for caller in callers:
        caller.stopping = True
    await site.ill.become(None)
    _ = await asyncio.gather(*running)
    assert asked > 3 * heard
