"""One job by two processes on one PostgreSQL: each item once, and what a process that died had begun is worked on again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.store import Settings, Store
from tests.bridge.moving import Moving, moving
from tests.bridge.pair import TARGET

ONE = {"n": {"type": "Integer", "value": 1}}


@asynccontextmanager
async def two(url: str, **more: Any) -> AsyncIterator[tuple[Moving, Moving]]:
    """Two processes, as far as the store can tell, before the same engines."""
    async with moving(store_url=url, spread=2, **more) as first:
        store = Store(Settings(url=url))
        yield first, Moving(first.pair, store, first.plan, spread=2)
        await store.close()


def writes(site: Moving) -> list[str]:
    return [
        request.path[1]
        for name, request in site.pair.heard
        if name == TARGET and request.path[-1] == "variables" and request.method == "POST"
    ]


async def lane(site: Moving, job_id: str, number: int) -> None:
    while await site.carry_out(job_id, number):
        await asyncio.sleep(0)


async def test_two_processes_share_the_items_of_a_job(postgres: Any) -> None:
    async with two(postgres.database("bridge_shared")) as (first, second):
        links = await first.pairs(40, ONE)
        job_id = await first.create(at_once=4)
        begun = asyncio.create_task(lane(first, job_id, 0))
        while (await second.shown(job_id)).state == "selecting":
            await asyncio.sleep(0)
        await asyncio.gather(begun, lane(second, job_id, 1))
        job = await second.shown(job_id)
        assert (job.state, job.outcomes) == ("completed", {"copied": 40})
        assert sorted(writes(first)) == sorted(link.target.native for link in links)
        assert first.ended + second.ended == [(job_id, "completed")]


async def test_other_process_goes_on_with_the_lane_of_one_that_died(postgres: Any) -> None:
    async with two(postgres.database("bridge_died")) as (first, second):
        links = await first.pairs(12, ONE)
        job_id = await first.create(at_once=2)
        reached = asyncio.Event()

        def stall(_request: Any) -> None:
            if len(writes(first)) == 5:
                reached.set()

        first.pair.answering[TARGET] = stall
        running = asyncio.create_task(lane(first, job_id, 0))
        await reached.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await lane(second, job_id, 1)
        assert (await second.shown(job_id)).state == "running"
        assert f"{job_id}" in await second.jobs.list_due()
        await lane(second, job_id, 0)
        job = await second.shown(job_id)
        assert (job.state, job.outcomes) == ("completed", {"copied": 12})
        assert {(await second.links.find(link.id)).state for link in links} == {"copied"}
        assert sorted(set(writes(first))) == sorted(writes(first))


async def test_two_jobs_of_two_processes_copy_the_same_links_without_harm(postgres: Any) -> None:
    async with two(postgres.database("bridge_both")) as (first, second):
        links = await first.pairs(10, ONE)
        jobs = [await first.create(at_once=4), await second.create(at_once=4)]
        await asyncio.gather(lane(first, jobs[0], 0), lane(second, jobs[1], 0))
        assert [(await first.shown(each)).outcomes for each in jobs] == [{"copied": 10}] * 2
        assert {(await first.links.find(link.id)).state for link in links} == {"copied"}
        assert sorted(writes(first)) == sorted(link.target.native for link in links)
