"""An engine fails in every way: its own callers get a clear error, other engines' callers notice nothing, nothing that was
acknowledged is lost, and all is well again by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.caller import Caller, calling, told_of, until_served
from tests.chaos.site import Site, site_of
from tests.chaos.troubled import MOODS

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


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    nowhere = {"vendor": "camunda7", "url": "http://nowhere.invalid/engine-rest"}
    async with site_of(tmp_path, ill=PROTECTED, more={"nowhere": nowhere}) as found:
        yield found


@pytest.mark.parametrize("mood", MOODS)
async def test_engine_that_fails_costs_its_own_callers_an_error_and_nobody_else_anything(site: Site, mood: str) -> None:
    ill, well = site.callers("ill", 8), site.callers("well", 4)
    async with calling(*ill, *well):
        await asyncio.sleep(0.3)
        await site.ill.become(mood)
        await asyncio.sleep(LASTS_S)
        await site.ill.become(None)
        await until_served(site.callers("ill", 1)[0])  # by itself, once the breaker has let a probe through
    told = sum((caller.told for caller in ill), Counter())
    assert set(told) - {"ok"} <= TOLD
    assert mood in SPARED or set(told) & TOLD
    assert told_of(well) == {"ok"}
    assert site.lost(*ill[1:], *well) == []  # the first one's variable was written again to see whether all is well


async def test_engine_whose_name_nobody_knows_is_unavailable_and_the_others_are_served(site: Site) -> None:
    well = site.callers("well", 2)
    async with calling(*well):
        lost = Caller(site.session, site.base, "nowhere:1", "v")
        for _ in range(5):
            assert await lost.reads() == "engine-unavailable"
    assert told_of(well) == {"ok"}


async def test_breaker_spares_an_engine_that_hangs(site: Site) -> None:
    await site.ill.become("hung")
    callers = site.callers("ill", 8)
    async with calling(*callers):
        await asyncio.sleep(3)
        asked, heard = sum(caller.sent for caller in callers), site.ill.heard
        await site.ill.become(None)
    assert asked > 3 * heard
